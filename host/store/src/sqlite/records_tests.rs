use std::collections::HashSet;
use std::path::Path;

use bytes::Bytes;
use tidegate_pipeline::{Record, Records};

use crate::killed::{self, Victim, kills, tell};
use crate::{OpenError, Problem, Sqlite, SqliteRecords};

fn waited<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn put(records: &SqliteRecords, id: &str, value: &str, if_version: Option<u64>) -> Option<u64> {
    waited(records.put("keys", id, Bytes::copy_from_slice(value.as_bytes()), if_version)).unwrap()
}

fn all(records: &SqliteRecords, table: &str) -> Vec<Record> {
    let mut all = waited(records.all(table)).unwrap();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

fn revision(records: &SqliteRecords) -> u64 {
    waited(records.revision("keys")).unwrap()
}

#[test]
fn what_is_put_is_there_in_its_table_also_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let records = Sqlite::open(&path).unwrap().records();
    let first = put(&records, "a", "1", None).unwrap();
    let second = put(&records, "b%_'\u{0}", "\u{0}", None).unwrap();
    waited(records.put("other", "a", Bytes::new(), None)).unwrap();
    let wanted = [("a", "1", first), ("b%_'\u{0}", "\u{0}", second)].map(|(id, value, version)| Record {
        id: id.to_owned(),
        value: Bytes::from_static(value.as_bytes()),
        version,
    });
    assert_eq!(all(&records, "keys"), wanted);
    drop(records);
    let records = Sqlite::open(&path).unwrap().records();
    assert_eq!(all(&records, "keys"), wanted);
    assert_eq!(all(&records, "other").len(), 1);
    assert_eq!(all(&records, "none"), []);
}

#[test]
fn a_put_with_a_version_needs_that_version() {
    let folder = tempfile::tempdir().unwrap();
    let records = Sqlite::open(&folder.path().join("state.db")).unwrap().records();
    assert_eq!(put(&records, "a", "1", Some(7)), None);
    let first = put(&records, "a", "1", Some(0)).unwrap();
    assert_eq!(put(&records, "a", "2", Some(0)), None);
    let second = put(&records, "a", "2", Some(first)).unwrap();
    assert_eq!(put(&records, "a", "3", Some(first)), None);
    assert_eq!(all(&records, "keys")[0].version, second);
    assert_eq!(all(&records, "keys")[0].value, "2");
}

#[test]
fn no_version_comes_twice_not_even_after_a_removal_and_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let mut versions = HashSet::from([0]);
    for _ in 0..3 {
        let records = Sqlite::open(&path).unwrap().records();
        for _ in 0..3 {
            assert!(versions.insert(put(&records, "a", "1", None).unwrap()));
            assert!(waited(records.remove("keys", "a")).unwrap());
            assert!(!waited(records.remove("keys", "a")).unwrap());
        }
    }
}

#[test]
fn a_revision_changes_with_its_table_alone() {
    let folder = tempfile::tempdir().unwrap();
    let records = Sqlite::open(&folder.path().join("state.db")).unwrap().records();
    let mut seen = HashSet::from([revision(&records)]);
    put(&records, "a", "1", None);
    assert!(seen.insert(revision(&records)));
    waited(records.remove("keys", "a")).unwrap();
    assert!(seen.insert(revision(&records)));
    put(&records, "a", "1", Some(99));
    waited(records.remove("keys", "a")).unwrap();
    waited(records.put("other", "a", Bytes::new(), None)).unwrap();
    assert!(!seen.insert(revision(&records)));
}

mod suite {
    use std::sync::Arc;

    crate::records::suite::records_suite!(async {
        let folder = tempfile::tempdir().unwrap();
        let store = super::Sqlite::open(&folder.path().join("state.db")).unwrap();
        let records: Arc<dyn super::Records> = store.records();
        ((store, folder), records)
    });
}

#[test]
fn one_process_alone_keeps_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let first = Sqlite::open(&path).unwrap();
    let error = Sqlite::open(&path).unwrap_err();
    assert_eq!(
        error,
        OpenError { path: path.clone(), holds: "the state of the gateway", problem: Problem::InUse }
    );
    drop(first);
    assert!(Sqlite::open(&path).is_ok());
}

#[test]
fn what_is_closed_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("state.db")).unwrap();
    store.close();
    let error = waited(store.records().put("keys", "a", Bytes::new(), None)).unwrap_err();
    assert!(error.to_string().contains("closed"), "{error}");
}

#[test]
#[ignore = "is started by the test that kills it"]
fn victim() {
    let Some(path) = killed::file() else { return };
    let records = Sqlite::open(&path).unwrap().records();
    let next = all(&records, "keys").len();
    for number in next.. {
        let version = put(&records, &format!("{number:08}"), "value", None).unwrap();
        tell(&version.to_string());
    }
}

fn killed_records(path: &Path, round: u64) -> Vec<u64> {
    let mut victim = Victim::start("sqlite::records::tests::victim", path);
    let first = victim.told().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20 + round * 7 % 50));
    let mut told = victim.kill();
    told.insert(0, first);
    told.iter().filter_map(|version| version.parse().ok()).collect()
}

#[test]
fn a_kill_takes_nothing_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let mut answered = Vec::new();
    for round in 0..kills() {
        answered.extend(killed_records(&path, round));
        let there: HashSet<_> = all(&Sqlite::open(&path).unwrap().records(), "keys")
            .iter()
            .map(|record| record.version)
            .collect();
        assert!(answered.iter().all(|version| there.contains(version)), "something is lost in round {round}");
        // The last one may be there without having been told.
        assert!(there.len() as u64 <= answered.len() as u64 + round + 1);
    }
}
