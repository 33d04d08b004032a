use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Overdue;

#[test]
fn two_threads_that_are_lost_keep_the_plugin_from_being_called_until_one_ends() {
    let overdue = Arc::new(Overdue::default());
    let past = Instant::now().checked_sub(Duration::from_millis(1)).unwrap();
    let (first, thread) = overdue.begin(past);
    drop(first);
    overdue.check().unwrap();
    let (second, _other) = overdue.begin(past);
    overdue.check().unwrap();
    drop(second);
    assert!(overdue.check().unwrap_err().to_string().contains("2 calls of the plugin never ended"));
    drop(thread);
    overdue.check().unwrap();
}

#[test]
fn calls_that_were_left_before_their_time_are_not_lost_yet() {
    let overdue = Arc::new(Overdue::default());
    let later = Instant::now() + Duration::from_secs(60);
    let _threads: Vec<_> = (0..4).map(|_| overdue.begin(later).1).collect();
    overdue.check().unwrap();
}

#[test]
fn a_call_that_ended_leaves_nothing() {
    let overdue = Arc::new(Overdue::default());
    let (here, there) = overdue.begin(Instant::now());
    drop(there);
    drop(here);
    assert!(overdue.calls().running.is_empty());
}
