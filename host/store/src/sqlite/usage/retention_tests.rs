use std::time::Duration;

use tidegate_pipeline::{UsageLog, UsageQuery, UsageRecord};

use crate::Account;
use crate::killed::now;

#[test]
fn what_is_too_old_is_forgotten_bit_by_bit_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usage.db");
    let log = Account::in_database(&path, None).unwrap();
    let hours = |hours: u64| now() - hours * 60 * 60 * 1000;
    let record = |time: u64| UsageRecord { time, ..UsageRecord::default() };
    (0..3500).for_each(|index| log.append(record(hours(25) + index)));
    (0..10).for_each(|index| log.append(record(hours(23) + index)));
    drop(log);
    let log = Account::in_database(&path, Some(Duration::from_secs(24 * 60 * 60))).unwrap();
    let query = UsageQuery { to: u64::MAX, limit: 1, ..UsageQuery::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut counts = std::iter::from_fn(|| {
        // Each report waits for the batch with its record, and a few rows are forgotten before the next one.
        log.append(record(now()));
        Some(runtime.block_on(log.report(&query)).unwrap().groups[0].requests)
    });
    assert!(counts.by_ref().take(1000).any(|count| count < 1000));
    let more = counts.next().unwrap();
    assert_eq!(counts.next(), Some(more + 1));
}
