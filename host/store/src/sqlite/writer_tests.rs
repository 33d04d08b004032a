use std::sync::mpsc::channel;

use rusqlite::Connection;
use tidegate_pipeline::StoreError;

use super::Writer;
use crate::sqlite::file::{Kept, Kind};

static KIND: Kind =
    Kind { holds: "a test", id: 77, migrations: &["CREATE TABLE a (x INTEGER UNIQUE)"], kept: Kept::Process };

fn insert(x: i64) -> impl FnOnce(&Connection) -> rusqlite::Result<usize> + Send + 'static {
    move |connection| connection.execute("INSERT INTO a VALUES (?1)", [x])
}

fn count(writer: &Writer) -> i64 {
    let count =
        |connection: &Connection| connection.query_row("SELECT count(*) FROM a", [], |row| row.get(0));
    writer.change_now(Kept::Process, count).unwrap()
}

/// A writer of which the thread waits until something is sent.
fn halted(folder: &tempfile::TempDir) -> (Writer, std::sync::mpsc::Sender<()>) {
    let (writer, ()) = Writer::open(&folder.path().join("a.db"), &KIND, |_| Ok(())).unwrap();
    let (go, gone) = channel();
    let (begun, begins) = channel();
    let wait = move |_: &Connection| {
        begun.send(()).unwrap();
        gone.recv().unwrap();
        Ok(())
    };
    drop(writer.begin(Kept::Process, wait).unwrap());
    begins.recv().unwrap();
    (writer, go)
}

#[test]
fn a_change_that_fails_spoils_no_other_of_its_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, go) = halted(&folder);
    let change = |x: i64| writer.begin(Kept::Power, insert(x)).unwrap();
    let (first, twice, second) = (change(1), change(1), change(2));
    go.send(()).unwrap();
    assert_eq!(first.blocking_recv().unwrap(), Ok(1));
    let error = twice.blocking_recv().unwrap().unwrap_err().to_string();
    assert!(error.contains("a.db\" cannot keep a test"), "{error}");
    assert_eq!(second.blocking_recv().unwrap(), Ok(1));
    assert_eq!(count(&writer), 2);
}

#[test]
fn a_full_disk_fails_a_transaction_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, go) = halted(&folder);
    let bounded = |connection: &Connection| connection.pragma_update(None, "max_page_count", 4);
    let fill = |connection: &Connection| {
        (0..100_000).try_for_each(|x| connection.execute("INSERT INTO a VALUES (?1)", [x]).map(drop))
    };
    let before = writer.begin(Kept::Power, bounded).unwrap();
    let (full, behind) =
        (writer.begin(Kept::Power, fill).unwrap(), writer.begin(Kept::Power, insert(-1)).unwrap());
    go.send(()).unwrap();
    drop(before.blocking_recv());
    let error = full.blocking_recv().unwrap().unwrap_err().to_string();
    assert!(error.contains("the disk is full; free some space"), "{error}");
    let kept = behind.blocking_recv().unwrap().is_ok();
    assert_eq!(count(&writer), i64::from(kept), "what is answered is what is there");
    assert_eq!(writer.change_now(Kept::Power, insert(-2)), Ok(1));
}

#[test]
fn more_than_can_wait_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, go) = halted(&folder);
    let answers: Vec<_> =
        (0..super::WAITING as i64).map(|x| writer.begin(Kept::Process, insert(x)).unwrap()).collect();
    let refused = writer.begin(Kept::Process, insert(-1)).unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(text) if text.contains("wait for the disk")));
    go.send(()).unwrap();
    assert!(answers.into_iter().all(|answer| answer.blocking_recv().unwrap() == Ok(1)));
    writer.close();
    assert!(writer.begin(Kept::Process, insert(-1)).is_err());
}

#[test]
fn a_transaction_is_flushed_to_the_disk_where_one_of_its_changes_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, go) = halted(&folder);
    let mode = |connection: &Connection| {
        connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))
    };
    let together = [Kept::Process, Kept::Power].map(|kept| writer.begin(kept, mode).unwrap());
    go.send(()).unwrap();
    // 2 is FULL, 1 is NORMAL.
    assert_eq!(together.map(|answer| answer.blocking_recv().unwrap()), [Ok(2), Ok(2)]);
    assert_eq!(writer.change_now(Kept::Process, mode), Ok(1));
    assert_eq!(writer.change_now(Kept::Power, mode), Ok(2));
}
