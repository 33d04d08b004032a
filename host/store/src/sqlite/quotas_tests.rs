use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tidegate_pipeline::{Quotas, Reserved, Shape, Unit, Want, Window};

use crate::killed::{self, LOSS, Victim, kills, now, tell};
use crate::quotas::tests::measure;
use crate::{DurableQuotas, Sqlite};

const LIMIT: u64 = 1 << 40;

fn wants(amount: u64) -> [Want; 3] {
    let want = |(key, shape, unit): (&str, Shape, Unit)| Want {
        key: key.into(),
        window: Window { shape, unit },
        limit: LIMIT,
        amount,
    };
    [
        want(("sliding", Shape::Sliding, Unit::Month)),
        want(("fixed", Shape::Fixed, Unit::Month)),
        want(("calendar", Shape::Calendar, Unit::Month)),
    ]
}

fn reserve(quotas: &DurableQuotas, id: &str, amount: u64) -> Reserved {
    quotas.reserve(id, &wants(amount)).now_or_never().unwrap().unwrap()
}

fn settle(quotas: &DurableQuotas, id: &str, actual: u64) {
    quotas.settle(id, &[actual; 3]).now_or_never().unwrap().unwrap();
}

/// What counts at the moment, by each limit.
fn used(quotas: &DurableQuotas) -> [u64; 3] {
    let Reserved::Granted(standings) = reserve(quotas, "probe", 0) else { panic!("no probe is refused") };
    settle(quotas, "probe", 0);
    [0, 1, 2].map(|index: usize| LIMIT - standings[index].remaining)
}

fn open(path: &Path) -> (Arc<Sqlite>, Arc<DurableQuotas>) {
    let store = Sqlite::open(path).unwrap();
    let quotas = store.quotas();
    (store, quotas)
}

#[test]
fn what_was_used_counts_after_a_restart_and_what_was_open_can_be_settled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    {
        let (_store, quotas) = open(&path);
        reserve(&quotas, "settled", 10);
        settle(&quotas, "settled", 4);
        reserve(&quotas, "open", 100);
        reserve(&quotas, "forgotten", 1000);
    }
    {
        let (store, quotas) = open(&path);
        assert_eq!(used(&quotas), [1104; 3]);
        settle(&quotas, "open", 20);
        settle(&quotas, "settled", 0);
        assert_eq!(used(&quotas), [1024; 3]);
        store.close();
        reserve(&quotas, "too late", 1);
    }
    let (_store, quotas) = open(&path);
    assert_eq!(used(&quotas), [1024; 3]);
    assert!(matches!(reserve(&quotas, "forgotten", 1000), Reserved::Granted(_)));
    assert_eq!(used(&quotas), [1024; 3], "an id that is open counts once");
}

mod suite {
    use std::sync::Arc;

    crate::suite::quotas_suite!(async {
        let folder = tempfile::tempdir().unwrap();
        let (store, quotas) = super::open(&folder.path().join("state.db"));
        ((store, folder), quotas as Arc<dyn tidegate_pipeline::Quotas>)
    });
}

/// Uses 2 of 3 that it reserves each time, and leaves every tenth reservation open.
#[test]
#[ignore = "is started by the test that kills it"]
fn victim() {
    let Some(path) = killed::file() else { return };
    let (_store, quotas) = open(&path);
    let run = now();
    for number in 1_u64.. {
        let id = format!("{run}-{number}");
        reserve(&quotas, &id, 3);
        if number % 10 != 0 {
            settle(&quotas, &id, 2);
        }
        tell(&format!("{number} {} {id}", now()));
        std::thread::sleep(Duration::from_micros(300));
    }
}

/// What so many rounds of the victim use.
fn used_by(rounds: u64) -> u64 {
    2 * rounds + rounds / 10
}

#[test]
fn a_kill_takes_what_was_counted_in_the_last_interval_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let mut before = 0;
    for round in 0..kills() {
        let mut victim = Victim::start("sqlite::quotas::tests::victim", &path);
        victim.told().unwrap();
        killed::wait(round);
        let told = victim.kill();
        let told: Vec<(u64, u64, &str)> = told.iter().filter_map(|line| parsed(line)).collect();
        let (last, ended, _) = *told.last().unwrap();
        let is_certain = |(_, time, _): &&(u64, u64, &str)| Duration::from_millis(ended - time) > LOSS;
        let certain = told.iter().rev().find(is_certain).map_or(0, |(number, ..)| *number);
        assert!(certain > 0);
        let (_store, quotas) = open(&path);
        for used in used(&quotas).map(|used| used - before) {
            assert!(used_by(certain) <= used, "{used} of {} in round {round}", used_by(last));
            // A further one may have been reserved, and one that was settled be known as reserved.
            assert!(used <= used_by(last + 2) + 2, "{used} of {} in round {round}", used_by(last));
        }
        if let Some((_, _, id)) = told.iter().find(|(number, ..)| number % 10 == 0 && *number <= certain) {
            let reserved = used(&quotas);
            settle(&quotas, id, 0);
            assert_eq!(used(&quotas), reserved.map(|used| used - 3), "an open reservation was lost");
        }
        before = used(&quotas)[0];
        assert_eq!(used(&quotas), [before; 3]);
    }
    assert!(before > 0);
}

fn parsed(line: &str) -> Option<(u64, u64, &str)> {
    let mut words = line.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?))
}

/// Not a test of speed: it prints what a request costs while a thread writes behind it.
#[test]
#[ignore = "prints a figure"]
fn pace() {
    for wanted in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let (_store, quotas) = open(&folder.path().join("state.db"));
        measure(&*quotas, wanted);
    }
}
