use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate_pipeline::{KeyValue, Quotas, Shape, StoreError, Unit, Want, Window};

use super::log::{lines_of, listen};
use super::server::{Server, ask, wait_until};
use crate::redis::courier::{Bag, MOST};
use crate::redis::quotas::Settlement;
use crate::suite::{is_granted, left, remaining, reserve, want};
use crate::{Redis, RedisSettings};

const DAY: Window = Window { shape: Shape::Sliding, unit: Unit::Day };

fn wants(amount: u64) -> [Want; 1] {
    [want("a", DAY, 100, amount)]
}

/// As a gateway has it.
fn client(server: &Server) -> Arc<Redis> {
    Redis::new(RedisSettings { timeout: Duration::from_millis(50), ..server.settings() }).unwrap()
}

/// How long it takes from now until a call succeeds.
async fn until_success(quotas: &Arc<Redis>) -> Duration {
    let began = Instant::now();
    wait_until("an answer", async || quotas.get("k").await.is_ok()).await;
    began.elapsed()
}

async fn until_delivered(quotas: &Arc<Redis>) {
    wait_until("the delivery", async || quotas.waiting() == 0).await;
}

#[tokio::test]
async fn what_was_granted_outlives_a_server_that_writes_it_down() {
    let mut server = Server::durable();
    let redis = client(&server);
    let quotas: Arc<dyn Quotas> = Arc::<Redis>::clone(&redis);
    until_success(&redis).await;
    for index in 0..10 {
        assert!(is_granted(&reserve(&quotas, &index.to_string(), &wants(4)).await));
    }
    server.kill();
    assert!(quotas.reserve("while it is down", &wants(4)).await.is_err());
    // Nobody gets an error of this: it is delivered later, as is the end of a reservation that may have been made.
    quotas.settle("0", &[1]).await.unwrap();
    quotas.settle("1", &[14]).await.unwrap();
    assert!((2..=3).contains(&redis.waiting()), "{}", redis.waiting());
    server.start_again();
    let after = until_success(&redis).await;
    assert!(after < Duration::from_secs(1), "{after:?}");
    until_delivered(&redis).await;
    assert_eq!(left(&quotas, &wants(0)[0]).await, 100 - 40 + 3 - 10);
    for id in ["0", "1"] {
        quotas.settle(id, &[0]).await.unwrap();
    }
    assert_eq!(left(&quotas, &wants(0)[0]).await, 53, "settled once");
}

#[tokio::test]
async fn counters_start_anew_where_the_server_forgets() {
    let mut server = Server::new(&[]);
    let redis = client(&server);
    let quotas: Arc<dyn Quotas> = Arc::<Redis>::clone(&redis);
    until_success(&redis).await;
    reserve(&quotas, "1", &wants(60)).await;
    server.kill();
    quotas.settle("1", &[80]).await.unwrap();
    server.start_again();
    let after = until_success(&redis).await;
    assert!(after < Duration::from_secs(1), "{after:?}");
    until_delivered(&redis).await;
    assert_eq!(left(&quotas, &wants(0)[0]).await, 100, "of what is forgotten nothing can be settled");
    assert_eq!(remaining(&reserve(&quotas, "2", &wants(60)).await), [40]);
}

/// Tasks reserve and settle while the server is killed and started again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_granted_is_forgotten_when_the_server_is_killed_at_work() {
    let mut server = Server::durable();
    let redis = client(&server);
    until_success(&redis).await;
    let tasks: Vec<_> = (0..20)
        .map(|task| {
            let quotas: Arc<dyn Quotas> = Arc::<Redis>::clone(&redis);
            tokio::spawn(async move {
                let (mut used, mut failed, began) = (0, 0, Instant::now());
                for index in 0.. {
                    let id = format!("{task}-{index}");
                    match quotas.reserve(&id, &[want("a", DAY, 1 << 40, 5)]).await {
                        Ok(reserved) => {
                            assert!(is_granted(&reserved));
                            quotas.settle(&id, &[3]).await.unwrap();
                            used += 3;
                        }
                        Err(_) => failed += 1,
                    }
                    if began.elapsed() > Duration::from_secs(2) {
                        break;
                    }
                }
                (used, failed)
            })
        })
        .collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill();
        server.start_again();
    }
    let (mut used, mut failed) = (0, 0);
    for task in tasks {
        let (more_used, more_failed) = task.await.unwrap();
        used += more_used;
        failed += more_failed;
    }
    until_success(&redis).await;
    until_delivered(&redis).await;
    let quotas: Arc<dyn Quotas> = server.client();
    let counted = (1 << 40) - left(&quotas, &want("a", DAY, 1 << 40, 0)).await;
    // Reservations whose answer never came may be counted, as they were reserved.
    let range = used..=used + 5 * failed;
    assert!(used > 0 && failed > 0 && range.contains(&counted), "{counted} counted of {range:?}");
}

#[tokio::test]
async fn a_gateway_starts_before_its_server() {
    let mut server = Server::new(&[]);
    server.kill();
    let redis = client(&server);
    let Err(StoreError::Unavailable(told)) = redis.get("k").await else { panic!("nobody answers") };
    assert!(told.contains(&server.address()), "{told}");
    server.start_again();
    let after = until_success(&redis).await;
    assert!(after < Duration::from_secs(1), "{after:?}");
}

#[tokio::test]
async fn a_server_that_stands_still_costs_each_call_its_time_and_settlements_wait() {
    let server = Server::new(&[]);
    let redis = client(&server);
    let quotas: Arc<dyn Quotas> = Arc::<Redis>::clone(&redis);
    until_success(&redis).await;
    reserve(&quotas, "1", &wants(10)).await;
    let mut control = server.connection();
    let sleeper = std::thread::spawn(move || ask::<()>(&mut control, "DEBUG SLEEP 0.7"));
    wait_until("the sleep", async || redis.get("k").await.is_err()).await;
    let began = Instant::now();
    let Err(StoreError::Unavailable(told)) = quotas.reserve("2", &wants(10)).await else {
        panic!("it sleeps")
    };
    assert!((45..200).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert!(told.contains("no answer within 50ms"), "{told}");
    quotas.settle("1", &[2]).await.unwrap();
    sleeper.join().unwrap();
    until_success(&redis).await;
    until_delivered(&redis).await;
    // The reservation without an answer is taken back; the one that is settled is settled once.
    assert_eq!(left(&quotas, &wants(0)[0]).await, 98);
}

#[tokio::test]
async fn the_log_tells_once_that_the_server_is_lost_and_once_that_it_is_back() {
    listen();
    let mut server = Server::new(&[]);
    let address = server.address();
    let redis = client(&server);
    until_success(&redis).await;
    assert_eq!(lines_of(&address), [""; 0]);
    server.kill();
    for _ in 0..20 {
        assert!(redis.get("k").await.is_err());
    }
    let lines = lines_of(&address);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN") && lines[0].contains(&server.address()), "{lines:?}");
    assert!(lines[0].contains("is lost") && lines[0].contains("cause="), "{lines:?}");
    server.start_again();
    until_success(&redis).await;
    let lines = lines_of(&address);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].starts_with("INFO") && lines[1].contains("after_seconds="), "{lines:?}");
}

#[tokio::test]
async fn the_loss_of_a_server_is_known_before_the_next_call() {
    listen();
    let mut server = Server::new(&[]);
    let redis = client(&server);
    until_success(&redis).await;
    server.kill();
    let address = server.address();
    wait_until("the line", async || lines_of(&address).len() == 1).await;
    server.start_again();
    wait_until("the other line", async || lines_of(&address).len() == 2).await;
    // It may not be sent twice, and need not be: the connection is there already.
    assert_eq!(redis.increment("n", 1, None).await, Ok(1));
}

#[tokio::test]
async fn a_server_that_is_full_refuses_and_settlements_wait() {
    let server = Server::new(&[]);
    let redis = client(&server);
    let quotas: Arc<dyn Quotas> = Arc::<Redis>::clone(&redis);
    until_success(&redis).await;
    reserve(&quotas, "1", &wants(10)).await;
    server.ask::<()>("CONFIG SET maxmemory 1");
    let Err(StoreError::Unavailable(told)) = quotas.reserve("2", &wants(10)).await else {
        panic!("it is full")
    };
    assert!(told.contains("OOM") && told.contains("maxmemory"), "{told}");
    quotas.settle("1", &[2]).await.unwrap();
    server.ask::<()>("CONFIG SET maxmemory 0");
    until_delivered(&redis).await;
    assert_eq!(left(&quotas, &wants(0)[0]).await, 98);
}

#[tokio::test]
async fn of_settlements_that_wait_the_oldest_are_dropped() {
    let mut bag = Bag::default();
    let put = |bag: &mut Bag, id: usize| {
        bag.put((
            tokio::time::Instant::now(),
            Settlement { id: id.to_string(), tag: None, actual: vec![], remembered: 0, tells: false },
        ))
    };
    assert!(!(0..MOST).any(|id| put(&mut bag, id)));
    assert!(put(&mut bag, MOST), "the first is told");
    assert!(!put(&mut bag, MOST + 1));
    assert_eq!(bag.take()[0].1.id, "2");
}
