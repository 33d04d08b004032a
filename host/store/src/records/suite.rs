//! What everything behind the trait `Records` has to tell of changes; [`records_suite`] makes a test of each.

use std::sync::Arc;

use bytes::Bytes;
use tidegate_pipeline::{Changes, Record, Records};

use crate::MemoryRecords;
use crate::records::KEPT;

/// Makes tests of all that stands here; `$make` is awaited and gives something to hold and an `Arc<dyn Records>`.
macro_rules! records_suite {
    ($make:expr) => {
        $crate::records::suite::records_suite!($make;
            what_was_changed_since_is_told
            a_record_that_was_changed_often_is_told_once
            what_was_removed_is_told_as_it_is_now
            of_tables_each_has_changes_of_its_own
            what_is_too_long_ago_is_not_known
        );
    };
    ($make:expr; $($name:ident)+) => {
        $(#[tokio::test]
        async fn $name() {
            let (_held, records) = $make.await;
            $crate::records::suite::$name(records).await;
        })+
    };
}
pub(crate) use records_suite;

type Shared = Arc<dyn Records>;

const TABLE: &str = "api_keys";

async fn put(records: &Shared, id: &str, value: &'static str) -> Record {
    let value = Bytes::from(value);
    let version = records.put(TABLE, id, value.clone(), None).await.unwrap().unwrap();
    Record { id: id.to_owned(), value, version }
}

pub(crate) async fn revision(records: &Shared) -> u64 {
    records.revision(TABLE).await.unwrap()
}

/// What became of the table, in the order of the names; `None` where that is not known.
pub(crate) async fn changes(records: &Shared, since: u64) -> Option<Changes> {
    let mut changes = records.changes(TABLE, since).await.unwrap()?;
    changes.put.sort_by(|a, b| a.id.cmp(&b.id));
    changes.removed.sort();
    assert_eq!(changes.revision, revision(records).await);
    Some(changes)
}

async fn told(records: &Shared, since: u64) -> (Vec<Record>, Vec<String>) {
    let Changes { put, removed, .. } = changes(records, since).await.unwrap();
    (put, removed)
}

pub(crate) async fn what_was_changed_since_is_told(records: Shared) {
    let start = revision(&records).await;
    assert_eq!(told(&records, start).await, (vec![], vec![]));
    let first = put(&records, "a \n1", "1\u{0}:\u{ff}").await;
    let middle = revision(&records).await;
    let second = put(&records, "b", "").await;
    assert_eq!(told(&records, start).await, (vec![first, second.clone()], vec![]));
    assert_eq!(told(&records, middle).await, (vec![second], vec![]));
    assert_eq!(told(&records, revision(&records).await).await, (vec![], vec![]));
}

pub(crate) async fn a_record_that_was_changed_often_is_told_once(records: Shared) {
    let start = revision(&records).await;
    let other = put(&records, "b", "1").await;
    for value in ["1", "2", "3"] {
        put(&records, "a", value).await;
    }
    let last = put(&records, "a", "4").await;
    assert_eq!(told(&records, start).await, (vec![last, other], vec![]));
}

pub(crate) async fn what_was_removed_is_told_as_it_is_now(records: Shared) {
    let start = revision(&records).await;
    let ids = ["a", "b", "c"];
    for id in ids {
        put(&records, id, "1").await;
    }
    let there = revision(&records).await;
    for id in ids {
        assert!(records.remove(TABLE, id).await.unwrap());
    }
    let again = put(&records, "b", "2").await;
    let wanted = (vec![again], vec!["a".to_owned(), "c".to_owned()]);
    assert_eq!(told(&records, there).await, wanted);
    assert_eq!(told(&records, start).await, wanted, "also who never was told of them");
    let before = revision(&records).await;
    assert!(!records.remove(TABLE, "a").await.unwrap());
    assert_eq!(records.put(TABLE, "b", Bytes::new(), Some(1 << 40)).await, Ok(None));
    assert_eq!(told(&records, before).await, (vec![], vec![]), "what changed nothing is no change");
}

pub(crate) async fn of_tables_each_has_changes_of_its_own(records: Shared) {
    let start = revision(&records).await;
    records.put("other", "a", Bytes::new(), None).await.unwrap();
    assert_eq!(told(&records, start).await, (vec![], vec![]));
    let record = put(&records, "a", "1").await;
    records.remove("other", "a").await.unwrap();
    assert_eq!(told(&records, start).await, (vec![record], vec![]));
}

pub(crate) async fn what_is_too_long_ago_is_not_known(records: Shared) {
    let start = revision(&records).await;
    put(&records, "a", "1").await;
    let first = revision(&records).await;
    for _ in 1..KEPT {
        put(&records, "b", "1").await;
    }
    assert_eq!(told(&records, start).await.0.len(), 2);
    let last = put(&records, "b", "2").await;
    assert_eq!(changes(&records, start).await, None);
    assert_eq!(told(&records, first).await, (vec![last], vec![]));
    let unheard_of = revision(&records).await + 1;
    assert_eq!(changes(&records, unheard_of).await, None);
}

mod memory {
    use super::*;

    records_suite!(async { ((), Arc::new(MemoryRecords::default()) as Shared) });
}
