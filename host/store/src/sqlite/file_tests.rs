use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;

use super::{Kept, Kind, open};
use crate::open_error::Problem;

const KIND: Kind = Kind {
    holds: "a test",
    id: 77,
    migrations: &["CREATE TABLE a (x INTEGER)", "ALTER TABLE a ADD COLUMN y INTEGER"],
    kept: Kept::Process,
};

const OLDER: Kind = Kind { migrations: &["CREATE TABLE a (x INTEGER)"], ..KIND };

fn problem(path: &Path, kind: &Kind) -> Problem {
    let error = open(path, kind).unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    error.problem
}

#[test]
fn nobody_else_may_read_what_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let connection = open(&folder.path().join("a.db"), &KIND).unwrap();
    connection.execute("INSERT INTO a VALUES (1, 2)", []).unwrap();
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn tables_are_brought_to_the_newest_version_and_keep_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    open(&path, &OLDER).unwrap().execute("INSERT INTO a VALUES (1)", []).unwrap();
    let connection = open(&path, &KIND).unwrap();
    let row = connection.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(row, (1, None::<i64>));
}

#[test]
fn tables_of_a_newer_version_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    open(&path, &KIND).unwrap();
    assert_eq!(problem(&path, &OLDER), Problem::Newer { found: 2, known: 1 });
    assert!(open(&path, &KIND).is_ok());
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    open(&path, &OLDER).unwrap();
    let failing = Kind { migrations: &["", "CREATE TABLE b (x INTEGER); CREATE nonsense"], ..KIND };
    assert!(matches!(problem(&path, &failing), Problem::Failed(_)));
    assert!(open(&path, &KIND).is_ok());
}

#[test]
fn what_is_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(
        &text,
        "Nobody should write a database over this text, which is long enough for a head.".repeat(4),
    )
    .unwrap();
    assert_eq!(problem(&text, &KIND), Problem::NoDatabase);
    assert!(fs::read_to_string(&text).unwrap().starts_with("Nobody"));
    assert_eq!(problem(folder.path(), &KIND), Problem::NoDatabase);
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE b (x INTEGER)").unwrap();
    assert_eq!(problem(&other, &KIND), Problem::Foreign);
    let sibling = folder.path().join("sibling.db");
    open(&sibling, &Kind { id: 78, ..KIND }).unwrap();
    assert_eq!(problem(&sibling, &KIND), Problem::Foreign);
}

#[test]
fn a_missing_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(problem(&folder.path().join("none/a.db"), &KIND), Problem::NoFolder);
    fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(problem(&folder.path().join("file/a.db"), &KIND), Problem::NoFolder);
}

#[test]
fn what_the_system_refuses_has_a_remedy() {
    let problem = |kind: io::ErrorKind| Problem::from(io::Error::from(kind));
    assert_eq!(problem(io::ErrorKind::PermissionDenied), Problem::Denied);
    assert_eq!(problem(io::ErrorKind::ReadOnlyFilesystem), Problem::Denied);
    assert_eq!(problem(io::ErrorKind::StorageFull), Problem::Full);
}

#[test]
fn a_full_disk_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let connection = open(&folder.path().join("a.db"), &KIND).unwrap();
    // SQLite tells the same of its own limit as of a disk's.
    connection.pragma_update(None, "max_page_count", 3).unwrap();
    let fill =
        || (0..100_000).try_for_each(|x| connection.execute("INSERT INTO a VALUES (?1, 0)", [x]).map(drop));
    assert_eq!(Problem::from(fill().unwrap_err()), Problem::Full);
}
