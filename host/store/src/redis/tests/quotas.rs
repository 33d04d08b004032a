use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tidegate_pipeline::{Quotas, Shape, Unit, Want, Window};

use super::server::{Server, wait_until};
use crate::suite::{is_granted, left, quotas_suite, remaining, reserve, want, window};
use crate::{Redis, RedisSettings};

const DAY: Window = Window { shape: Shape::Sliding, unit: Unit::Day };

quotas_suite!(async {
    let server = Server::new(&[]);
    let quotas: Arc<dyn Quotas> = server.client();
    (server, quotas)
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_gateways_share_a_limit_exactly() {
    let server = Server::new(&[]);
    let asked = asked_by_three(&server.settings(), || {}).await;
    assert_eq!((asked.granted, asked.failed), (3000, 0));
}

/// The server stands still again and again for longer than any call may take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_lets_through_no_more_and_counts_nothing_twice() {
    let server = Server::new(&[]);
    let settings = RedisSettings { timeout: Duration::from_millis(50), ..server.settings() };
    let mut control = server.connection();
    let stands_still = move || {
        super::server::ask::<()>(&mut control, "CLIENT PAUSE 150 ALL");
    };
    let asked = asked_by_three(&settings, stands_still).await;
    assert!(asked.failed > 100, "only {} calls took too long", asked.failed);
    // What nobody had an answer to holds its place until it is taken back.
    assert!((2000..=3000).contains(&asked.granted), "{}", asked.granted);
    let quotas: Arc<dyn Quotas> = server.client();
    assert_eq!(
        left(&quotas, &want("shared", DAY, 4000, 0)).await,
        4000 - asked.granted,
        "what is counted is what was granted"
    );
}

/// How calls went.
struct Asked {
    granted: u64,
    failed: u64,
}

/// 10,000 reservations from 200 tasks over three clients, each repeated until it has an answer.
async fn asked_by_three(settings: &RedisSettings, mut now_and_then: impl FnMut()) -> Asked {
    let clients: Vec<Arc<Redis>> = (0..3).map(|_| Redis::new(settings.clone()).unwrap()).collect();
    let [granted, failed, answered] = [(); 3].map(|()| Arc::new(AtomicU64::new(0)));
    let task = |task: usize| {
        let quotas: Arc<dyn Quotas> = Arc::<Redis>::clone(&clients[task % 3]);
        let [granted, failed, answered] = [&granted, &failed, &answered].map(Arc::clone);
        tokio::spawn(async move {
            for index in 0..50 {
                let wants = [want("shared", DAY, 3000, 1)];
                let mut tries = 0..;
                let reserved = loop {
                    let id = format!("{task}-{index}-{}", tries.next().unwrap_or_default());
                    match quotas.reserve(&id, &wants).await {
                        Ok(reserved) => break reserved,
                        Err(_) => failed.fetch_add(1, Ordering::Relaxed),
                    };
                };
                answered.fetch_add(1, Ordering::Relaxed);
                granted.fetch_add(u64::from(is_granted(&reserved)), Ordering::Relaxed);
            }
        })
    };
    let tasks: Vec<_> = (0..200).map(task).collect();
    for moment in 1..4 {
        wait_until("the next part", async || answered.load(Ordering::Relaxed) >= moment * 600).await;
        now_and_then();
    }
    for task in tasks {
        task.await.unwrap();
    }
    for client in clients {
        client.close(Duration::from_secs(10)).await;
    }
    let [granted, failed] = [granted, failed].map(|number| number.load(Ordering::Relaxed));
    Asked { granted, failed }
}

#[tokio::test]
async fn an_id_is_one_reservation_whoever_makes_and_settles_it() {
    let server = Server::new(&[]);
    let [one, other]: [Arc<dyn Quotas>; 2] = [server.client(), server.client()];
    let wants = [want("a", DAY, 10, 4)];
    assert_eq!(remaining(&reserve(&one, "1", &wants).await), [6]);
    assert_eq!(remaining(&reserve(&other, "1", &wants).await), [6]);
    other.settle("1", &[1]).await.unwrap();
    one.settle("1", &[9]).await.unwrap();
    assert_eq!(left(&one, &wants[0]).await, 9);
    // The network held a repetition back until all was over.
    assert_eq!(remaining(&reserve(&other, "1", &wants).await), [9]);
}

#[tokio::test]
async fn nothing_stays_for_ever() {
    let server = Server::new(&[]);
    let quotas: Arc<dyn Quotas> = server.client();
    for shape in [Shape::Sliding, Shape::Fixed, Shape::Calendar] {
        for unit in Unit::ALL {
            let id = format!("{shape:?}{unit:?}");
            reserve(&quotas, &id, &[want(&id, window(shape, unit), 10, 4)]).await;
            quotas.settle(&id, &[if shape == Shape::Fixed { 7 } else { 2 }]).await.unwrap();
        }
    }
    reserve(&quotas, "open", &[want("open", DAY, 10, 4)]).await;
    let mut control = server.connection();
    let keys: Vec<String> = super::server::ask(&mut control, "KEYS *");
    assert!(keys.len() >= 16, "{keys:?}");
    for key in &keys {
        let time: i64 = redis::cmd("PTTL").arg(key).query(&mut control).unwrap();
        let most = Duration::from_secs(32 * 24 * 3600).as_millis();
        assert!(time != -1 && i128::from(time) < most as i128, "{key:?} stays for {time} ms");
    }
    let open: i64 = super::server::ask(&mut control, "TTL tidegate:r:open");
    assert!((86_390..=86_400).contains(&open), "{open}");
}

#[tokio::test]
async fn a_server_that_forgot_its_scripts_is_told_them_again() {
    let server = Server::new(&[]);
    let quotas: Arc<dyn Quotas> = server.client();
    let wants: [Want; 1] = [want("a", DAY, 10, 1)];
    for round in 0..3 {
        assert_eq!(remaining(&reserve(&quotas, &round.to_string(), &wants).await), [9 - round]);
        server.ask::<()>("SCRIPT FLUSH");
    }
}
