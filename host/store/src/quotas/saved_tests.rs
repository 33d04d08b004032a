use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tidegate_pipeline::{Reserved, Shape, Unit, Want};

use super::{Drift, SavedCounter, SavedOpen};
use crate::quotas::clock::{Clock, Now};
use crate::quotas::tests::{Hands, NOON, is_granted, left, reserve, settle, want, window};
use crate::quotas::{MOST, MemoryQuotas};

/// Counters of a process that took the wall clock for the steady one, as the machine's clock does.
fn going_by(hands: &Arc<Hands>) -> MemoryQuotas {
    let hands = Arc::clone(hands);
    let now = move || Now { steady: NOON + hands.now().steady, wall: hands.now().wall };
    MemoryQuotas::with_clock(MOST, Clock::telling(now))
}

fn quotas() -> (MemoryQuotas, Arc<Hands>) {
    let hands = Arc::new(Hands::default());
    (going_by(&hands), hands)
}

/// What a database holds: the changes of one process after the other.
#[derive(Default)]
struct Rows {
    counters: BTreeMap<Arc<str>, SavedCounter>,
    open: BTreeMap<Arc<str>, SavedOpen>,
}

impl Rows {
    fn write(&mut self, quotas: &MemoryQuotas, drift: &mut Drift) {
        let changes = quotas.changes(drift);
        changes.counters_gone.iter().for_each(|key| drop(self.counters.remove(key)));
        changes.open_gone.iter().for_each(|id| drop(self.open.remove(id)));
        self.counters.extend(changes.counters.into_iter().map(|counter| (Arc::clone(&counter.key), counter)));
        self.open.extend(changes.open.into_iter().map(|open| (Arc::clone(&open.id), open)));
    }

    fn restore(&self, hands: &Arc<Hands>) -> MemoryQuotas {
        let quotas = going_by(hands);
        let counters: Vec<_> = self.counters.values().cloned().collect();
        quotas.restore(&counters, self.open.values().cloned().collect());
        quotas
    }
}

#[derive(Debug, Clone)]
enum Step {
    Reserve(usize, u64),
    Settle(usize, u64),
    Pass(u64),
    Write,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (0_usize..6, 0_u64..12).prop_map(|(key, amount)| Step::Reserve(key, amount)),
        3 => (0_usize..6, 0_u64..20).prop_map(|(back, actual)| Step::Settle(back, actual)),
        3 => (0_u64..20_000_000).prop_map(Step::Pass),
        1 => (0_u64..200_000_000).prop_map(Step::Pass),
        1 => Just(Step::Write),
        2 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..120)
}

const LIMIT: u64 = 30;

fn wanted(key: usize, amount: u64) -> Want {
    let shape = [Shape::Sliding, Shape::Fixed, Shape::Calendar][key % 3];
    want(&format!("key {key}"), window(shape, Unit::Minute), LIMIT, amount)
}

proptest! {
    /// One that goes on and one that is written and restored again and again give the same answers.
    #[test]
    fn a_restart_changes_nothing(steps in steps()) {
        let (steady, hands) = quotas();
        let (mut rows, mut drift) = (Rows::default(), Drift::default());
        let mut restarted = rows.restore(&hands);
        let mut made = 0_usize;
        for step in steps {
            match step {
                Step::Pass(time) => hands.pass(Duration::from_micros(time)),
                Step::Reserve(key, amount) => {
                    let id = made.to_string();
                    made += 1;
                    let wants = [wanted(key, amount), wanted(key + 1, 1)];
                    prop_assert_eq!(reserve(&restarted, &id, &wants), reserve(&steady, &id, &wants));
                }
                Step::Settle(back, actual) => {
                    let Some(index) = made.checked_sub(back + 1) else { continue };
                    settle(&restarted, &index.to_string(), &[actual, 1]);
                    settle(&steady, &index.to_string(), &[actual, 1]);
                }
                Step::Write => rows.write(&restarted, &mut drift),
                Step::Restart => {
                    rows.write(&restarted, &mut drift);
                    prop_assert!(restarted.changes(&mut drift).is_empty());
                    restarted = rows.restore(&hands);
                }
            }
        }
        prop_assert_eq!(restarted.held() > 0, steady.held() > 0);
    }
}

#[test]
fn rows_of_what_counts_no_more_go() {
    let (quotas, hands) = quotas();
    let (mut rows, mut drift) = (Rows::default(), Drift::default());
    for index in 0..1000 {
        let key = format!("k{index}");
        reserve(&quotas, &key, &[want(&key, window(Shape::Sliding, Unit::Minute), 10, 5)]);
    }
    rows.write(&quotas, &mut drift);
    assert_eq!((rows.counters.len(), rows.open.len()), (1000, 1000));
    (0..1000).for_each(|index| settle(&quotas, &format!("k{index}"), &[2]));
    hands.pass(Duration::from_secs(120));
    rows.write(&quotas, &mut drift);
    assert_eq!((rows.counters.len(), rows.open.len()), (1000, 0));
    let restored = rows.restore(&hands);
    for index in 0..4000 {
        let key = format!("n{index}");
        reserve(&restored, "probe", &[want(&key, window(Shape::Fixed, Unit::Day), 1, 0)]);
    }
    rows.write(&restored, &mut drift);
    assert_eq!(rows.counters.len(), 0);
}

#[test]
fn what_was_reserved_and_settled_between_two_writes_is_no_row() {
    let (quotas, _) = quotas();
    let mut drift = Drift::default();
    reserve(&quotas, "1", &[wanted(0, 5)]);
    settle(&quotas, "1", &[2]);
    let changes = quotas.changes(&mut drift);
    assert_eq!((changes.open.len(), changes.open_gone.len(), changes.counters.len()), (0, 0, 1));
    reserve(&quotas, "2", &[wanted(0, 0)]);
    assert_eq!(quotas.changes(&mut drift).counters.len(), 0);
}

#[test]
fn what_is_restored_is_bounded_like_what_is_counted() {
    let (quotas, hands) = quotas();
    let (mut rows, mut drift) = (Rows::default(), Drift::default());
    let keys: HashSet<_> = (0..100).map(|index| format!("k{index}")).collect();
    keys.iter()
        .for_each(|key| drop(reserve(&quotas, key, &[want(key, window(Shape::Fixed, Unit::Minute), 10, 5)])));
    rows.write(&quotas, &mut drift);
    assert_eq!(rows.restore(&hands).held(), quotas.held());
}

/// The clock of the machine was wrong when it started, and is set by an hour or a year.
#[test]
fn a_clock_that_is_set_lets_nobody_use_more() {
    for (ahead, after) in [(3_600_000_000_u64, 0_u64), (0, 3_600_000_000), (31_536_000_000_000, 0)] {
        let (quotas, hands) = quotas();
        let (mut rows, mut drift) = (Rows::default(), Drift::default());
        hands.set(ahead);
        reserve(&quotas, "1", &[want("a", window(Shape::Sliding, Unit::Minute), 10, 10)]);
        reserve(&quotas, "2", &[want("b", window(Shape::Fixed, Unit::Minute), 10, 10)]);
        hands.set(after);
        rows.write(&quotas, &mut drift);
        // The next process takes the wall clock for the steady one.
        let next = Arc::new(Hands::default());
        next.pass(Duration::from_micros(hands.now().wall - NOON));
        let restored = rows.restore(&next);
        let is_let_in = |shape, key: &str| {
            let id = format!("{key} {}", next.now().steady);
            is_granted(&reserve(&restored, &id, &[want(key, window(shape, Unit::Minute), 10, 1)]))
        };
        assert!(!is_let_in(Shape::Sliding, "a") && !is_let_in(Shape::Fixed, "b"));
        next.pass(Duration::from_secs(58));
        assert!(!is_let_in(Shape::Sliding, "a") && !is_let_in(Shape::Fixed, "b"));
        next.pass(Duration::from_secs(5));
        assert!(is_let_in(Shape::Sliding, "a") && is_let_in(Shape::Fixed, "b"));
    }
}

#[test]
fn an_open_reservation_is_settled_by_the_next_process() {
    let (quotas, hands) = quotas();
    let (mut rows, mut drift) = (Rows::default(), Drift::default());
    let sliding = window(Shape::Sliding, Unit::Minute);
    assert!(matches!(reserve(&quotas, "1", &[want("a", sliding, 100, 60)]), Reserved::Granted(_)));
    rows.write(&quotas, &mut drift);
    let restored = rows.restore(&hands);
    assert_eq!(left(&restored, "a", 100), 40);
    settle(&restored, "1", &[10]);
    assert_eq!(left(&restored, "a", 100), 90);
    settle(&restored, "1", &[0]);
    assert_eq!(left(&restored, "a", 100), 90);
}
