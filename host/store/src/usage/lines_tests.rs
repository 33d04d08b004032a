use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use tidegate_pipeline::{UsageLog, UsageRecord};

use crate::Account;
use crate::open_error::Problem;
use crate::usage::tests::{all, requests, waited};

fn record(id: &str) -> UsageRecord {
    UsageRecord { request_id: id.to_owned(), time: 1, ..UsageRecord::default() }
}

#[test]
fn a_record_is_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usage.jsonl");
    let log = Account::in_lines(&path).unwrap();
    log.append(UsageRecord { tags: [("team".to_owned(), "a\nb".to_owned())].into(), ..record("1") });
    log.append(record("2"));
    log.close();
    let text = fs::read_to_string(&path).unwrap();
    let ids: Vec<_> =
        text.lines().map(|line| serde_json::from_str::<UsageRecord>(line).unwrap().request_id).collect();
    assert_eq!(ids, ["1", "2"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_line_that_was_cut_off_is_passed_over_and_spoils_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usage.jsonl");
    let first = Account::in_lines(&path).unwrap();
    first.append(record("1"));
    first.close();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"time\":1,\"request_id\":\"cut o").unwrap();
    let second = Account::in_lines(&path).unwrap();
    second.append(record("2"));
    assert_eq!(requests(&second), 2);
    file.write_all(b"{\"time\":1").unwrap();
    assert_eq!(requests(&second), 2);
}

#[test]
fn the_file_may_be_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usage.jsonl");
    let log = Account::in_lines(&path).unwrap();
    log.append(record("1"));
    assert_eq!(requests(&log), 1);
    fs::rename(&path, folder.path().join("usage.jsonl.1")).unwrap();
    assert_eq!(requests(&log), 0);
    log.append(record("2"));
    log.append(record("3"));
    assert_eq!(requests(&log), 2);
    fs::remove_file(&path).unwrap();
    log.append(record("4"));
    assert_eq!(requests(&log), 1);
    let old = fs::read_to_string(folder.path().join("usage.jsonl.1")).unwrap();
    assert_eq!(old.lines().count(), 1);
}

#[test]
fn a_batch_that_cannot_be_written_waits_and_is_lost_only_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inner/usage.jsonl");
    fs::create_dir(path.parent().unwrap()).unwrap();
    let log = Account::in_lines(&path).unwrap();
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    log.append(record("1"));
    let error = waited(log.report(&all())).unwrap_err().to_string();
    assert!(
        error.contains("usage.jsonl\" cannot keep the account of usage: its folder is missing"),
        "{error}"
    );
    assert_eq!(log.lost(), 0);
    fs::create_dir(path.parent().unwrap()).unwrap();
    assert_eq!(requests(&log), 1);
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    log.append(record("2"));
    log.close();
    assert_eq!(log.lost(), 1);
}

#[test]
fn a_missing_folder_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let error = Account::in_lines(&folder.path().join("none/usage.jsonl")).unwrap_err();
    assert_eq!(error.problem, Problem::NoFolder);
}
