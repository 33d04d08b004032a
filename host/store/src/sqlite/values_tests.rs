use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tidegate_pipeline::KeyValue;

use crate::killed::{self, LOSS, Victim, kills, now, tell};
use crate::{Bounds, MemoryStore, Sqlite, SqliteStore};

const A: &str = "plugin\u{1f}p\u{1f}a";
const B: &str = "plugin\u{1f}p\u{1f}b";
const OTHER: &str = "plugin\u{1f}q\u{1f}a";

fn open(path: &Path) -> (Arc<Sqlite>, Arc<SqliteStore>) {
    let store = Sqlite::open(path).unwrap();
    let values = store.key_values();
    (store, values)
}

fn set(store: &impl KeyValue, key: &str, value: &str, ttl: Option<Duration>) -> u64 {
    let value = Bytes::copy_from_slice(value.as_bytes());
    store.set(key, value, ttl, None).now_or_never().unwrap().unwrap().unwrap()
}

fn get(store: &impl KeyValue, key: &str) -> Option<(Bytes, u64)> {
    store.get(key).now_or_never().unwrap().unwrap().map(|entry| (entry.value, entry.version))
}

fn add(store: &impl KeyValue, key: &str, by: i64) -> i64 {
    store.increment(key, by, None).now_or_never().unwrap().unwrap()
}

fn delete(store: &impl KeyValue, key: &str) -> bool {
    store.delete(key).now_or_never().unwrap().unwrap()
}

fn rows(path: &Path) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row("SELECT count(*) FROM key_values", [], |row| row.get(0)).unwrap()
}

#[test]
fn values_are_there_after_a_restart_and_versions_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let last = {
        let (_store, values) = open(&path);
        set(&*values, A, "1", None);
        add(&*values, B, 5);
        set(&*values, OTHER, "x", Some(Duration::from_secs(60)))
    };
    let (store, values) = open(&path);
    assert_eq!(get(&*values, A).unwrap().0, "1");
    assert_eq!(add(&*values, B, 2), 7);
    assert_eq!(get(&*values, OTHER), Some((Bytes::from_static(b"x"), last)));
    assert!(set(&*values, A, "2", None) > last);
    assert!(delete(&*values, OTHER));
    store.close();
    assert_eq!(rows(&path), 2);
    drop((store, values));
    let (_store, values) = open(&path);
    assert_eq!((get(&*values, A).unwrap().0, get(&*values, B).unwrap().0), ("2".into(), "7".into()));
    assert_eq!(get(&*values, OTHER), None);
}

#[test]
fn time_to_live_goes_on_while_no_process_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    {
        let (_store, values) = open(&path);
        set(&*values, A, "1", Some(Duration::from_secs(3600)));
        set(&*values, B, "1", Some(Duration::from_secs(7200)));
    }
    let connection = rusqlite::Connection::open(&path).unwrap();
    // As if an hour had passed.
    connection.execute("UPDATE key_values SET due = due - 3600000000", []).unwrap();
    drop(connection);
    let (store, values) = open(&path);
    assert_eq!(get(&*values, A), None);
    assert!(get(&*values, B).is_some());
    add(&*values, A, 1);
    store.close();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let due = |key: &str| {
        connection
            .query_row("SELECT due FROM key_values WHERE key = ?1", [key], |row| row.get::<_, Option<u32>>(0))
    };
    assert_eq!(due(A).unwrap(), None);
}

#[test]
fn what_exceeds_a_share_is_not_taken_over() {
    let store = MemoryStore::default();
    for index in 0..10 {
        set(&store, &format!("{A}{index}"), "value", None);
    }
    let saved = store.changes().came;
    assert_eq!(saved.len(), 10);
    assert!(store.changes().came.is_empty());
    let smaller = MemoryStore::new(Bounds { owner_keys: 4, ..Bounds::default() });
    assert_eq!(smaller.restore(saved.clone()).len(), 6);
    let same = MemoryStore::default();
    assert_eq!(same.restore(saved), Vec::<String>::new());
    assert_eq!(same.held(), store.held());
    assert!(same.changes().came.is_empty());
}

/// Adds to two numbers in turn until somebody kills it.
#[test]
#[ignore = "is started by the test that kills it"]
fn victim() {
    let Some(path) = killed::file() else { return };
    let (_store, values) = open(&path);
    loop {
        let sum = add(&*values, A, 1);
        add(&*values, B, 1);
        tell(&format!("{sum} {}", now()));
        std::thread::sleep(Duration::from_micros(300));
    }
}

#[test]
fn a_kill_takes_the_last_interval_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    for round in 0..kills() {
        let mut victim = Victim::start("sqlite::values::tests::victim", &path);
        victim.told().unwrap();
        killed::wait(round);
        let told: Vec<(i64, u64)> = victim.kill().iter().filter_map(|line| parsed(line)).collect();
        let (last, ended) = *told.last().unwrap();
        let is_certain = |(_, time): &&(i64, u64)| Duration::from_millis(ended - time) > LOSS;
        let certain = told.iter().rev().find(is_certain).map_or(0, |(sum, _)| *sum);
        assert!(certain > 0);
        let (_store, values) = open(&path);
        for key in [A, B] {
            let sum = add(&*values, key, 0);
            assert!(certain <= sum && sum <= last + 1, "{sum} of {certain} to {last} in round {round}");
        }
    }
}

fn parsed(line: &str) -> Option<(i64, u64)> {
    let (sum, time) = line.split_once(' ')?;
    Some((sum.parse().ok()?, time.parse().ok()?))
}
