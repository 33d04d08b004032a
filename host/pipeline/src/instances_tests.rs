use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Instances;
use crate::plugin::HookError;

fn counted(most: usize, once: bool) -> (Arc<Instances<u32>>, Arc<AtomicU32>) {
    let made = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&made);
    let make = move || {
        let number = count.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(Ok(number))) as futures_util::future::BoxFuture<'static, _>
    };
    (Instances::new(most, once, None, Box::new(make)), made)
}

#[tokio::test]
async fn what_is_given_back_is_used_again() {
    let (instances, made) = counted(4, false);
    for _ in 0..10 {
        instances.lease().await.unwrap().give_back();
    }
    assert_eq!((made.load(Ordering::SeqCst), instances.idle_count()), (1, 1));
}

#[tokio::test]
async fn what_is_dropped_is_thrown_away() {
    let (instances, made) = counted(4, false);
    drop(instances.lease().await.unwrap());
    drop(instances.lease().await.unwrap());
    assert_eq!((made.load(Ordering::SeqCst), instances.idle_count()), (2, 0));
}

#[tokio::test]
async fn once_means_once() {
    let (instances, made) = counted(4, true);
    instances.lease().await.unwrap().give_back();
    instances.lease().await.unwrap().give_back();
    assert_eq!((made.load(Ordering::SeqCst), instances.idle_count()), (2, 0));
}

#[tokio::test]
async fn there_are_never_more_than_allowed_and_the_queue_is_bounded() {
    let (instances, made) = counted(1, false);
    let held = instances.lease().await.unwrap();
    let waiting: Vec<_> = (0..super::QUEUE)
        .map(|_| {
            let instances = Arc::clone(&instances);
            tokio::spawn(async move { instances.lease().await.map(super::Leased::give_back) })
        })
        .collect();
    while instances.queue.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(instances.lease().await.err(), Some(HookError::Busy(1))));
    held.give_back();
    for call in waiting {
        call.await.unwrap().unwrap();
    }
    assert_eq!(made.load(Ordering::SeqCst), 1);
}
