use futures_util::FutureExt;

use super::*;

fn now<T>(future: impl Future<Output = Result<T, StoreError>>) -> T {
    future.now_or_never().expect("memory waits for nothing").unwrap()
}

#[test]
fn a_record_is_changed_by_whoever_knows_its_version() {
    let records = MemoryRecords::default();
    let value = |text: &'static str| Bytes::from_static(text.as_bytes());
    let first = now(records.put("t", "a", value("1"), Some(0))).unwrap();
    assert_eq!(now(records.put("t", "a", value("2"), Some(0))), None);
    let second = now(records.put("t", "a", value("2"), Some(first))).unwrap();
    assert!(now(records.put("t", "a", value("3"), Some(first))).is_none());
    assert_eq!(now(records.all("t")), [Record { id: "a".into(), value: value("2"), version: second }]);
    assert!(now(records.all("other")).is_empty());
}

#[test]
fn every_change_makes_another_revision_and_no_version_comes_back() {
    let records = MemoryRecords::default();
    let mut revisions = vec![now(records.revision("t"))];
    let first = now(records.put("t", "a", Bytes::new(), None)).unwrap();
    revisions.push(now(records.revision("t")));
    assert!(now(records.remove("t", "a")));
    revisions.push(now(records.revision("t")));
    assert!(!now(records.remove("t", "a")));
    assert_ne!(now(records.put("t", "a", Bytes::new(), None)), Some(first));
    revisions.push(now(records.revision("t")));
    let mut distinct = revisions.clone();
    distinct.dedup();
    assert_eq!(distinct.len(), 4, "{revisions:?}");
    assert_eq!(now(records.revision("other")), 0);
}
