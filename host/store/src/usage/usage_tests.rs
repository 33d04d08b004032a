use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tidegate_pipeline::{Dimension, UsageGroup, UsageLog, UsageQuery, UsageRecord, UsageReport};

use super::queue::MOST;
use crate::Account;
use crate::killed::{self, LOSS, Victim, kills, now, tell};

/// What a future gives.
pub(super) fn waited<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A query for everything, in one group.
pub(super) fn all() -> UsageQuery {
    UsageQuery { from: 0, to: u64::MAX, limit: 10, ..UsageQuery::default() }
}

/// How many exchanges there are in all.
pub(super) fn requests(log: &impl UsageLog) -> u64 {
    waited(log.report(&all())).unwrap().groups.first().map_or(0, |group| group.requests)
}

/// Moments, and what they are called (`date -u -d @1709251199 +%FT%H`).
const TIMES: [(u64, &str); 5] = [
    (1_709_251_199_000, "2024-02-29T23"),
    (1_709_251_200_000, "2024-03-01T00"),
    (1_709_254_799_999, "2024-03-01T00"),
    (1_735_689_600_000, "2025-01-01T00"),
    (1_735_693_200_001, "2025-01-01T01"),
];

const TEXTS: [&str; 6] = ["", "a", "b", "it's", "50%", "é\"\\\n"];
const TAGS: [&str; 5] = ["team", "a.b", "$[0]", "quote\"", "_%"];

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(&TEXTS[..]).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0_u64..1000, 1 => Just(u64::MAX), 1 => Just(i64::MAX as u64 - 5)]
}

fn record() -> impl Strategy<Value = UsageRecord> {
    let names = prop::array::uniform7(prop::option::of(text()));
    let tags =
        prop::collection::btree_map(prop::sample::select(&TAGS[..]).prop_map(str::to_owned), text(), 0..3);
    let numbers = (prop::array::uniform6(number()), prop::option::of(number()));
    let (time, status) =
        (prop::sample::select(&TIMES[..]), prop::sample::select(&[200_u16, 399, 400, 503][..]));
    (names, tags, numbers, time, status, text()).prop_map(
        |(names, tags, (numbers, cost_micro_usd), (time, _), status, operation)| {
            let [principal, tenant, service, route, cluster, provider, model] = names;
            let [input, output, cached_input, cache_write, reasoning, duration_ms] = numbers;
            UsageRecord {
                time,
                principal,
                tenant,
                service,
                route,
                cluster,
                provider,
                model,
                operation,
                status,
                input,
                output,
                cached_input,
                cache_write,
                reasoning,
                duration_ms,
                cost_micro_usd,
                tags,
                ..UsageRecord::default()
            }
        },
    )
}

fn dimension() -> impl Strategy<Value = Dimension> {
    let named = prop::sample::select(&Dimension::NAMED[..]).prop_map(|(_, dimension)| dimension);
    let tag = prop::sample::select(&TAGS[..]).prop_map(|tag| Dimension::Tag(tag.to_owned()));
    prop_oneof![3 => named, 1 => tag]
}

fn query() -> impl Strategy<Value = UsageQuery> {
    let only =
        (dimension(), prop_oneof![3 => text(), 1 => Just("200".to_owned()), 1 => Just("2024-03".to_owned())]);
    let time = || prop_oneof![2 => Just(0), 1 => prop::sample::select(&TIMES[..]).prop_map(|(time, _)| time)];
    let (groups, only) = (prop::collection::vec(dimension(), 0..3), prop::collection::vec(only, 0..2));
    (time(), time(), groups, only, prop_oneof![1 => 0_usize..5, 2 => Just(usize::MAX)]).prop_map(
        |(from, to, group_by, only, limit)| {
            let to = if to == 0 { u64::MAX } else { to };
            UsageQuery { from, to, group_by, only, limit }
        },
    )
}

fn value(record: &UsageRecord, dimension: &Dimension) -> Option<String> {
    let time = || TIMES.iter().find(|(time, _)| *time == record.time).map(|(_, name)| (*name).to_owned());
    let cut = |length: usize| time().map(|time| time[..length].to_owned());
    match dimension {
        Dimension::Principal => record.principal.clone(),
        Dimension::Tenant => record.tenant.clone(),
        Dimension::Service => record.service.clone(),
        Dimension::Route => record.route.clone(),
        Dimension::Cluster => record.cluster.clone(),
        Dimension::Provider => record.provider.clone(),
        Dimension::Model => record.model.clone(),
        Dimension::Operation => Some(record.operation.clone()),
        Dimension::Status => Some(record.status.to_string()),
        Dimension::Hour => time(),
        Dimension::Day => cut(10),
        Dimension::Month => cut(7),
        Dimension::Tag(name) => record.tags.get(name).cloned(),
    }
}

/// The sums of all records of a group, added up without a bound.
fn sums(values: Vec<Option<String>>, records: &[&UsageRecord]) -> UsageGroup {
    let sum = |of: &dyn Fn(&UsageRecord) -> u64| {
        let sum: u128 = records.iter().map(|record| u128::from(of(record))).sum();
        u64::try_from(sum.min(i64::MAX as u128)).unwrap()
    };
    UsageGroup {
        values,
        requests: records.len() as u64,
        errors: sum(&|record| u64::from(record.status >= 400)),
        input: sum(&|record| record.input),
        output: sum(&|record| record.output),
        cached_input: sum(&|record| record.cached_input),
        cache_write: sum(&|record| record.cache_write),
        reasoning: sum(&|record| record.reasoning),
        cost_micro_usd: sum(&|record| record.cost_micro_usd.unwrap_or(0)),
        unpriced: sum(&|record| {
            u64::from(record.cost_micro_usd.is_none() && (record.input, record.output) != (0, 0))
        }),
        duration_ms: sum(&|record| record.duration_ms),
    }
}

fn naive(records: &[UsageRecord], query: &UsageQuery) -> UsageReport {
    let mut by_values: BTreeMap<Vec<Option<String>>, Vec<&UsageRecord>> = BTreeMap::new();
    for record in records {
        let is_wanted = query.only.iter().all(|(of, wanted)| value(record, of).as_ref() == Some(wanted));
        if is_wanted && query.from <= record.time && record.time < query.to {
            let values = query.group_by.iter().map(|of| value(record, of)).collect();
            by_values.entry(values).or_default().push(record);
        }
    }
    let mut groups: Vec<_> = by_values.into_iter().map(|(values, records)| sums(values, &records)).collect();
    // A sort that keeps the order of equals, which is that of their values.
    groups.sort_by_key(|group| {
        std::cmp::Reverse((group.cost_micro_usd, u128::from(group.input) + u128::from(group.output)))
    });
    let truncated = groups.len() > query.limit;
    groups.truncate(query.limit);
    UsageReport { groups, truncated }
}

fn cases() -> ProptestConfig {
    // Set by `make proof`; each case makes two files.
    let cases =
        std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).map_or(100, |n: u32| n / 100);
    ProptestConfig::with_cases(cases)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_account_gives_the_sums_of_its_records(
        records in prop::collection::vec(record(), 0..40),
        queries in prop::collection::vec(query(), 1..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = Account::in_database(&folder.path().join("usage.db"), None).unwrap();
        let lines = Account::in_lines(&folder.path().join("usage.jsonl")).unwrap();
        for record in &records {
            sqlite.append(record.clone());
            lines.append(record.clone());
        }
        for query in queries {
            let wanted = naive(&records, &query);
            prop_assert_eq!(&waited(sqlite.report(&query)).unwrap(), &wanted, "SQLite, {:?}", query);
            prop_assert_eq!(&waited(lines.report(&query)).unwrap(), &wanted, "lines, {:?}", query);
        }
    }
}

#[test]
fn reports_have_a_most_of_groups() {
    let folder = tempfile::tempdir().unwrap();
    let log = Account::in_database(&folder.path().join("usage.db"), None).unwrap();
    for index in 0..10_001 {
        log.append(UsageRecord { model: Some(index.to_string()), input: index, ..UsageRecord::default() });
    }
    let query = UsageQuery { group_by: vec![Dimension::Model], limit: usize::MAX, ..all() };
    let report = waited(log.report(&query)).unwrap();
    assert!(report.truncated);
    assert_eq!(report.groups.len(), 10_000);
    assert_eq!(report.groups[0].values, [Some("10000".to_owned())]);
}

#[test]
fn what_no_writer_takes_is_counted_as_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usage.db");
    let log = Account::in_database(&path, None).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    // Nobody else writes as long as this is held.
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    (0..MOST + 10).for_each(|_| log.append(UsageRecord::default()));
    assert_eq!(log.lost(), 10);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(requests(&log), MOST);
    log.close();
    log.append(UsageRecord::default());
    assert_eq!(log.lost(), 11);
    assert!(waited(log.report(&all())).unwrap_err().to_string().contains("closed"));
}

#[test]
fn what_was_appended_is_there_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usage.db");
    let log = Account::in_database(&path, None).unwrap();
    (0..10).for_each(|_| log.append(UsageRecord::default()));
    drop(log);
    assert_eq!(requests(&Account::in_database(&path, None).unwrap()), 10);
}

#[test]
fn two_processes_may_write_to_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usage.db");
    let logs = [Account::in_database(&path, None).unwrap(), Account::in_database(&path, None).unwrap()];
    for index in 0..1000 {
        logs[index % 2].append(UsageRecord::default());
    }
    logs[0].close();
    assert_eq!(requests(&logs[1]), 1000);
}

/// Appends numbered records as fast as a busy gateway until somebody kills it.
fn append_for_ever(log: &impl UsageLog) {
    for number in 0.. {
        let time = now();
        log.append(UsageRecord { time, input: number, output: 1, ..UsageRecord::default() });
        tell(&format!("{number} {time}"));
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
#[ignore = "is started by the test that kills it"]
fn victim_with_a_database() {
    if let Some(path) = killed::file() {
        append_for_ever(&Account::in_database(&path, None).unwrap());
    }
}

#[test]
#[ignore = "is started by the test that kills it"]
fn victim_with_lines() {
    if let Some(path) = killed::file() {
        append_for_ever(&Account::in_lines(&path).unwrap());
    }
}

/// Kills again and again a process that appends, and compares what it appended with what is there.
fn kill<L: UsageLog>(victim: &str, open: impl Fn(&Path) -> L) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usage");
    let mut before = 0;
    for round in 0..kills() {
        let mut victim = Victim::start(&format!("usage::tests::{victim}"), &path);
        victim.told().unwrap();
        killed::wait(round);
        let appended = victim.kill();
        let log = open(&path);
        let there = requests(&log) - before;
        let rest = &appended[usize::try_from(there).unwrap().saturating_sub(1).min(appended.len())..];
        let time = |line: &String| line.split_once(' ').unwrap().1.parse::<u64>().unwrap();
        let lost = rest.last().map_or(0, time) - rest.first().map_or(0, time);
        assert!(Duration::from_millis(lost) <= LOSS, "{lost} ms are lost in round {round}");
        before += there;
    }
    assert!(before > 0);
}

#[test]
fn a_kill_takes_the_last_interval_at_most_from_a_database() {
    kill("victim_with_a_database", |path| Account::in_database(path, None).unwrap());
}

#[test]
fn a_kill_takes_the_last_interval_at_most_from_lines() {
    kill("victim_with_lines", |path| Account::in_lines(path).unwrap());
}

/// Not a test of speed: it prints what a million exchanges take.
#[test]
#[ignore = "prints a figure"]
fn pace() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Account::in_database(&folder.path().join("usage.db"), None).unwrap();
    measure("SQLite", &sqlite);
    measure("lines", &Account::in_lines(&folder.path().join("usage.jsonl")).unwrap());
}

fn measure(name: &str, log: &impl UsageLog) {
    let record = |index: u64| UsageRecord {
        time: 1_735_689_600_000 + index * 60,
        request_id: format!("a1b2c3d4-{index:x}"),
        principal: Some(format!("key-{}", index % 1000)),
        tenant: Some(format!("tenant-{}", index % 50)),
        service: Some("public".to_owned()),
        route: Some("chat".to_owned()),
        cluster: Some("openai".to_owned()),
        provider: Some("openai".to_owned()),
        original_model: Some("gpt".to_owned()),
        model: Some(format!("gpt-{}", index % 7)),
        operation: "chat".to_owned(),
        status: 200,
        input: 1000,
        output: index % 900,
        cost_micro_usd: Some(index % 5000),
        duration_ms: 1234,
        attempts: 1,
        tags: [("team".to_owned(), format!("team-{}", index % 20))].into(),
        ..UsageRecord::default()
    };
    let mut appending = Duration::ZERO;
    for index in 0..1_000_000 {
        let record = record(index);
        let appended = Instant::now();
        log.append(record);
        appending += appended.elapsed();
        if index % 30_000 == 0 {
            requests_of_none(log);
        }
    }
    requests_of_none(log);
    println!("{name}: appended in {:?} each, {} lost", appending / 1_000_000, log.lost());
    let team = Dimension::Tag("team".to_owned());
    for group_by in [
        vec![],
        vec![Dimension::Tenant, Dimension::Model],
        vec![Dimension::Day, Dimension::Model],
        vec![team],
    ] {
        let query = UsageQuery { group_by, limit: 100, ..all() };
        let began = Instant::now();
        let report = waited(log.report(&query)).unwrap();
        let names: Vec<_> = query.group_by.iter().map(Dimension::name).collect();
        println!("{name}: by {names:?}: {} groups in {:?}", report.groups.len(), began.elapsed());
    }
}

/// Waits until everything is written.
fn requests_of_none(log: &impl UsageLog) {
    waited(log.report(&UsageQuery::default())).unwrap();
}
