use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, advance, sleep, timeout};

use super::{Cached, Lease, renewal, wait};
use crate::CredentialsError;

/// A server whose n-th answer holds the number n, after a second.
#[derive(Clone, Default)]
struct Server {
    asked: Arc<AtomicUsize>,
    /// Answers that fail, by their numbers.
    broken: Arc<Vec<usize>>,
}

impl Server {
    fn broken(numbers: impl IntoIterator<Item = usize>) -> Self {
        Self { asked: Arc::default(), broken: Arc::new(numbers.into_iter().collect()) }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn cached(&self, life: Option<u64>) -> Cached<usize> {
        let server = self.clone();
        Cached::new("test", move || {
            let server = server.clone();
            async move {
                let number = server.asked.fetch_add(1, Ordering::SeqCst) + 1;
                sleep(Duration::from_secs(1)).await;
                if server.broken.contains(&number) {
                    return Err(CredentialsError::unreachable(format!("failure {number}")));
                }
                Ok(Lease { value: number, life: life.map(Duration::from_secs) })
            }
        })
    }
}

async fn value(cached: &Cached<usize>) -> usize {
    *cached.get().await.unwrap()
}

/// Lets time pass in steps, so that tasks of every moment have their turn.
async fn pass(seconds: u64) {
    for _ in 0..seconds {
        sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_cause_one_fetch() {
    let server = Server::default();
    let cached = server.cached(Some(3600));
    let values = join_all((0..100).map(|_| value(&cached))).await;
    assert_eq!(values, vec![1; 100]);
    assert_eq!(server.asked(), 1);
    assert_eq!(value(&cached).await, 1, "it is held");
}

#[tokio::test(start_paused = true)]
async fn who_leaves_does_not_stop_the_fetch_for_the_others() {
    let server = Server::default();
    let cached = server.cached(None);
    assert!(timeout(Duration::from_millis(300), cached.get()).await.is_err(), "the first leaves");
    let before = Instant::now();
    assert_eq!(value(&cached).await, 1);
    assert_eq!(
        before.elapsed(),
        Duration::from_millis(700),
        "the second waits for the rest of the same fetch"
    );
}

#[tokio::test(start_paused = true)]
async fn a_used_value_is_renewed_before_its_end_and_nobody_waits() {
    let server = Server::default();
    let cached = server.cached(Some(3600));
    assert_eq!(value(&cached).await, 1);
    assert_eq!(value(&cached).await, 1);
    pass(3600 - 300 - 5).await;
    assert_eq!(server.asked(), 1);
    pass(6).await;
    assert_eq!(server.asked(), 2, "five minutes before the end");
    let before = Instant::now();
    assert_eq!(value(&cached).await, 2);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_old_value_serves_while_it_is_renewed() {
    let server = Server::default();
    let cached = server.cached(Some(100));
    assert_eq!(value(&cached).await, 1);
    assert_eq!(value(&cached).await, 1);
    sleep(Duration::from_millis(79_500)).await;
    assert_eq!(server.asked(), 2);
    assert_eq!(value(&cached).await, 1, "the second is on its way");
    pass(1).await;
    assert_eq!(value(&cached).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_nobody_uses_is_let_go() {
    let server = Server::default();
    let cached = server.cached(Some(100));
    assert_eq!(value(&cached).await, 1);
    pass(500).await;
    assert_eq!(server.asked(), 1);
    assert_eq!(value(&cached).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_used_again_after_its_renewal_was_due_is_renewed_then() {
    let server = Server::default();
    let cached = server.cached(Some(100));
    assert_eq!(value(&cached).await, 1);
    pass(95).await;
    assert_eq!(server.asked(), 1);
    assert_eq!(value(&cached).await, 1, "it still holds");
    pass(2).await;
    assert_eq!((server.asked(), value(&cached).await), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_value_serves_to_its_end_where_renewals_fail_and_they_go_on() {
    let server = Server::broken(2..100);
    let cached = server.cached(Some(1000));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(999) {
        assert_eq!(value(&cached).await, 1);
        pass(1).await;
    }
    let tries = server.asked();
    assert!((4..12).contains(&tries), "{tries} tries, each later than the one before");
    pass(2).await;
    let error = cached.get().await.unwrap_err();
    assert!(error.to_string().starts_with("failure "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_renewal_is_made_good_by_the_next() {
    let server = Server::broken([2, 3]);
    let cached = server.cached(Some(100));
    assert_eq!((value(&cached).await, value(&cached).await), (1, 1));
    // Asks at 80, at 82 after the first failure, at 85 after the second.
    pass(83).await;
    assert_eq!((value(&cached).await, server.asked()), (1, 3));
    pass(3).await;
    assert_eq!((value(&cached).await, server.asked()), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_are_told_the_error_and_the_server_is_not_flooded() {
    let server = Server::broken([1]);
    let cached = server.cached(Some(100));
    let errors = join_all((0..50).map(|_| cached.get())).await;
    assert!(errors.into_iter().all(|result| result.unwrap_err().to_string() == "failure 1"));
    assert_eq!(cached.get().await.unwrap_err().to_string(), "failure 1", "within the wait, nobody is asked");
    assert_eq!(server.asked(), 1);
    advance(Duration::from_secs(1)).await;
    assert_eq!(value(&cached).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_long_failure_ends_within_seconds_of_the_server_being_back() {
    let server = Server::broken(1..40);
    let cached = server.cached(Some(100));
    for _ in 0..200 {
        if cached.get().await.is_ok() {
            return;
        }
        pass(1).await;
    }
    panic!("it was asked {} times only", server.asked());
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_panics_is_an_error_and_the_next_is_tried() {
    let asked = Arc::new(AtomicUsize::new(0));
    let cached = Cached::new("test", move || {
        let number = asked.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::task::yield_now().await;
            assert!(number > 0, "the first fails in a way that nobody foresaw");
            Ok(Lease { value: 7, life: None })
        }
    });
    assert!(cached.get().await.unwrap_err().to_string().contains("without a result"));
    assert_eq!(*cached.get().await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_hangs_is_an_error_and_the_next_is_tried() {
    let asked = Arc::new(AtomicUsize::new(0));
    let cached = Cached::new("test", move || {
        let number = asked.fetch_add(1, Ordering::SeqCst);
        async move {
            if number == 0 {
                std::future::pending::<()>().await;
            }
            Ok(Lease { value: 7, life: None })
        }
    });
    assert!(cached.get().await.unwrap_err().to_string().contains("longer than a minute"));
    pass(1).await;
    assert_eq!(*cached.get().await.unwrap(), 7);
}

async fn held(cached: &Cached<usize>) -> Arc<usize> {
    cached.get().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_value_that_was_refused_is_fetched_anew_for_the_next_who_asks() {
    let server = Server::default();
    let cached = server.cached(Some(3600));
    let first = held(&cached).await;
    cached.forget(&first);
    assert_eq!(server.asked(), 1, "nobody has asked for another one yet");
    let values = join_all((0..50).map(|_| value(&cached))).await;
    assert_eq!((values, server.asked()), (vec![2; 50], 2), "one fetch for all who ask");
}

#[tokio::test(start_paused = true)]
async fn a_value_without_an_end_is_fetched_anew_where_it_was_refused() {
    let server = Server::default();
    let cached = server.cached(None);
    let first = held(&cached).await;
    cached.forget(&first);
    assert_eq!(value(&cached).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_was_refused_late_does_not_take_the_next_one_with_it() {
    let server = Server::default();
    let cached = server.cached(Some(100));
    let first = held(&cached).await;
    cached.forget(&first);
    assert_eq!(value(&cached).await, 2);
    pass(30).await;
    cached.forget(&first);
    assert_eq!((value(&cached).await, server.asked()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_all_values_costs_one_fetch_in_ten_seconds() {
    let server = Server::default();
    let cached = server.cached(Some(3600));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        let shown = held(&cached).await;
        cached.forget(&shown);
        sleep(Duration::from_millis(100)).await;
    }
    assert!((6..=8).contains(&server.asked()), "{} fetches in a minute", server.asked());
}

#[tokio::test(start_paused = true)]
async fn a_value_that_was_refused_serves_on_where_no_other_is_to_be_had() {
    let server = Server::broken([2]);
    let cached = server.cached(Some(100));
    let first = held(&cached).await;
    cached.forget(&first);
    let values = join_all((0..50).map(|_| value(&cached))).await;
    assert_eq!((values, server.asked()), (vec![1; 50], 2), "all who wait get the old one");
    pass(3).await;
    assert_eq!((value(&cached).await, server.asked()), (3, 3), "the next try is planned");
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_refused_while_renewals_fail_serves_to_its_end() {
    let server = Server::broken(2..100);
    let cached = server.cached(Some(100));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(98) {
        let shown = held(&cached).await;
        assert_eq!(*shown, 1);
        cached.forget(&shown);
        pass(1).await;
    }
    pass(3).await;
    assert!(cached.get().await.is_err(), "it is over");
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_refused_during_its_renewal_waits_for_that() {
    let server = Server::default();
    let cached = server.cached(Some(100));
    let first = held(&cached).await;
    assert_eq!(value(&cached).await, 1);
    sleep(Duration::from_millis(79_500)).await;
    cached.forget(&first);
    assert_eq!((value(&cached).await, server.asked()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_is_renewed_no_more() {
    let server = Server::default();
    let cached = server.cached(Some(100));
    assert_eq!((value(&cached).await, value(&cached).await), (1, 1));
    drop(cached);
    pass(200).await;
    assert_eq!(server.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_value_without_an_end_is_fetched_once() {
    let server = Server::default();
    let cached = server.cached(None);
    value(&cached).await;
    pass(10_000).await;
    assert_eq!((value(&cached).await, server.asked()), (1, 1));
}

#[test]
fn a_renewal_is_late_in_life_and_never_at_once() {
    let at = |life| renewal(Duration::from_secs(life)).as_secs();
    assert_eq!(at(3600), 3300, "five minutes before");
    assert_eq!(at(86_400), 86_100);
    assert_eq!(at(600), 480, "at four fifths");
    assert_eq!(at(40), 30, "ten seconds before");
    assert_eq!(at(12), 6, "half of it");
    assert_eq!(renewal(Duration::from_secs(1)), Duration::from_millis(500));
}

#[test]
fn waits_grow_and_end() {
    let waits: Vec<u64> = (0..9).map(|times| wait(times).as_secs()).collect();
    assert_eq!(waits, [1, 1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(wait(u32::MAX).as_secs(), 60);
}
