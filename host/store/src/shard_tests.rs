use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Shard, Slot, cost};

fn slot(version: u64, due: Option<Instant>) -> Slot {
    Slot { value: Bytes::from_static(b"v"), version, due: due.map(|at| (at, version)) }
}

#[test]
fn a_key_that_is_written_again_leaves_one_time_of_expiry() {
    let now = Instant::now();
    let mut shard = Shard::default();
    for version in 1..=1000 {
        shard.put("k", slot(version, Some(now + Duration::from_secs(version))));
    }
    assert_eq!((shard.slots.len(), shard.due.len()), (1, 1));
    shard.put("k", slot(1001, None));
    assert_eq!((shard.slots.len(), shard.due.len()), (1, 0));
}

#[test]
fn a_sweep_takes_what_is_due_and_no_more_than_it_may() {
    let now = Instant::now();
    let mut shard = Shard::default();
    for version in 1..=10 {
        shard.put(&format!("k{version}"), slot(version, Some(now + Duration::from_secs(version))));
    }
    let later = now + Duration::from_secs(5);
    assert_eq!(shard.expire(later, 3), (3, 3 * cost("k1", b"v")));
    assert_eq!(shard.expire(later, 100).0, 2);
    assert_eq!(shard.expire(later, 100), (0, 0));
    assert_eq!((shard.slots.len(), shard.due.len()), (5, 5));
    assert!(shard.remove("k10").is_some());
    assert_eq!(shard.due.len(), 4);
}
