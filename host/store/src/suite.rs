//! What everything behind the trait `Quotas` has to do, in real time; [`quotas_suite`] makes a test of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tidegate_pipeline::{Count, Quotas, Reserved, Shape, Standing, Unit, Want, Window};
use tokio::time::sleep;

use crate::MemoryQuotas;

/// Makes tests of all that stands here; `$make` is awaited and gives something to hold and an `Arc<dyn Quotas>`.
macro_rules! quotas_suite {
    ($make:expr) => {
        $crate::suite::quotas_suite!($make;
            all_is_reserved_or_nothing
            a_reservation_counts_once
            a_settlement_tells_what_counts_once
            what_was_used_beyond_counts
            what_was_not_used_is_given_back
            who_waits_as_told_is_let_in
            more_than_the_limit_is_never_granted
            the_want_that_waits_longest_is_named
            windows_are_as_long_as_they_say
            numbers_are_bounded
            nothing_is_lost_between_tasks
            it_does_what_memory_does
        );
    };
    ($make:expr; $($name:ident)+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let (_held, quotas) = $make.await;
            $crate::suite::$name(quotas).await;
        })+
    };
}
pub(crate) use quotas_suite;

type Shared = Arc<dyn Quotas>;

const DAY: Window = Window { shape: Shape::Sliding, unit: Unit::Day };

pub(crate) fn window(shape: Shape, unit: Unit) -> Window {
    Window { shape, unit }
}

pub(crate) fn want(key: &str, window: Window, limit: u64, amount: u64) -> Want {
    Want { key: key.into(), window, limit, amount }
}

pub(crate) fn standings(reserved: &Reserved) -> &[Standing] {
    let (Reserved::Granted(standings) | Reserved::Refused { standings, .. }) = reserved;
    standings
}

pub(crate) fn remaining(reserved: &Reserved) -> Vec<u64> {
    standings(reserved).iter().map(|standing| standing.remaining).collect()
}

pub(crate) fn is_granted(reserved: &Reserved) -> bool {
    matches!(reserved, Reserved::Granted(_))
}

pub(crate) async fn reserve(quotas: &Shared, id: &str, wants: &[Want]) -> Reserved {
    quotas.reserve(id, wants).await.unwrap()
}

/// What is left for a key, without using any of it.
pub(crate) async fn left(quotas: &Shared, want_of: &Want) -> u64 {
    let probe = Want { amount: 0, ..want_of.clone() };
    remaining(&reserve(quotas, &format!("probe-{:x}", fresh()), &[probe]).await)[0]
}

/// A number that no other call of this process has.
pub(crate) fn fresh() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

pub(crate) async fn all_is_reserved_or_nothing(quotas: Shared) {
    let wants = |a, b| [want("a", DAY, 10, a), want("b", DAY, 3, b)];
    assert_eq!(remaining(&reserve(&quotas, "1", &wants(4, 2)).await), [6, 1]);
    let refused = reserve(&quotas, "2", &wants(4, 2)).await;
    assert!(matches!(refused, Reserved::Refused { want: 1, again: Some(_), .. }), "{refused:?}");
    assert_eq!(remaining(&refused), [6, 1]);
    assert_eq!(remaining(&reserve(&quotas, "3", &wants(6, 1)).await), [0, 0]);
}

pub(crate) async fn a_reservation_counts_once(quotas: Shared) {
    let wants = [want("a", DAY, 10, 4)];
    for _ in 0..3 {
        assert_eq!(remaining(&reserve(&quotas, "1", &wants).await), [6]);
    }
    for _ in 0..3 {
        quotas.settle("1", &[1]).await.unwrap();
        assert_eq!(left(&quotas, &wants[0]).await, 9);
    }
    quotas.settle("never made", &[5]).await.unwrap();
    assert_eq!(left(&quotas, &wants[0]).await, 9);
}

pub(crate) async fn a_settlement_tells_what_counts_once(quotas: Shared) {
    let used = |counts: &[Count]| counts.iter().map(|count| count.used).collect::<Vec<_>>();
    for shape in [Shape::Sliding, Shape::Fixed, Shape::Calendar] {
        // In another order than that of their keys, and in several slots of a cluster.
        let wants =
            ["c", "a", "b"].map(|key| want(&format!("{key}{shape:?}"), window(shape, Unit::Month), 100, 60));
        let ids = [(); 2].map(|()| fresh().to_string());
        let reserved = reserve(&quotas, &ids[0], &wants).await;
        let told = quotas.settle_and_tell(&ids[0], &[15, 250, 60]).await.unwrap();
        assert_eq!(used(&told), [15, 250, 60], "{shape:?}: also what exceeds the limit");
        for (count, standing) in told.iter().zip(standings(&reserved)) {
            // A part of a sliding window may have begun meanwhile.
            let distance = count.reset.abs_diff(standing.reset);
            assert!(distance <= Unit::Month.length() / 60, "{shape:?}: {distance:?}");
        }
        assert_eq!(quotas.settle_and_tell(&ids[0], &[70; 3]).await, Ok(vec![]), "{shape:?}");
        assert_eq!(quotas.settle_and_tell("never made", &[70; 3]).await, Ok(vec![]), "{shape:?}");
        reserve(&quotas, &ids[1], &[want("nothing", window(shape, Unit::Month), 100, 5)]).await;
        assert_eq!(quotas.settle_and_tell(&ids[1], &[0]).await, Ok(vec![Count::default()]), "{shape:?}");
    }
}

pub(crate) async fn what_was_used_beyond_counts(quotas: Shared) {
    for shape in [Shape::Sliding, Shape::Fixed, Shape::Calendar] {
        let want = want(&format!("{shape:?}"), window(shape, Unit::Month), 100, 10);
        let ids = [fresh().to_string(), fresh().to_string()];
        reserve(&quotas, &ids[0], std::slice::from_ref(&want)).await;
        quotas.settle(&ids[0], &[70]).await.unwrap();
        assert_eq!(left(&quotas, &want).await, 30, "{shape:?}");
        reserve(&quotas, &ids[1], std::slice::from_ref(&want)).await;
        quotas.settle(&ids[1], &[500]).await.unwrap();
        assert_eq!(left(&quotas, &want).await, 0, "{shape:?}");
    }
}

pub(crate) async fn what_was_not_used_is_given_back(quotas: Shared) {
    for shape in [Shape::Sliding, Shape::Fixed, Shape::Calendar] {
        let wants =
            ["a", "b"].map(|key| want(&format!("{key}{shape:?}"), window(shape, Unit::Month), 100, 60));
        let id = fresh().to_string();
        reserve(&quotas, &id, &wants).await;
        let more = reserve(&quotas, &fresh().to_string(), &wants).await;
        assert!(!is_granted(&more), "{shape:?}: {more:?}");
        // Of the second nothing is told, so that it stays as it was reserved.
        quotas.settle(&id, &[15]).await.unwrap();
        assert_eq!(left(&quotas, &wants[0]).await, 85, "{shape:?}");
        assert_eq!(left(&quotas, &wants[1]).await, 40, "{shape:?}");
    }
}

pub(crate) async fn who_waits_as_told_is_let_in(quotas: Shared) {
    for shape in [Shape::Sliding, Shape::Fixed, Shape::Calendar] {
        let want = [want(&format!("{shape:?}"), window(shape, Unit::Second), 10, 6)];
        for _ in 0..3 {
            let mut last = reserve(&quotas, &fresh().to_string(), &want).await;
            // Two may lie on both sides of the end of a second, three cannot.
            for _ in 0..2 {
                if is_granted(&last) {
                    last = reserve(&quotas, &fresh().to_string(), &want).await;
                }
            }
            let Reserved::Refused { again: Some(again), .. } = last else {
                panic!("{shape:?} lets in too much: {last:?}");
            };
            assert!(again <= Duration::from_millis(1020), "{shape:?}: {again:?}");
            // A millisecond, since no timer is exact.
            sleep(again + Duration::from_millis(1)).await;
            let after = reserve(&quotas, &fresh().to_string(), &want).await;
            assert!(is_granted(&after), "{shape:?}: {after:?}");
        }
    }
}

pub(crate) async fn more_than_the_limit_is_never_granted(quotas: Shared) {
    let wants = [want("a", DAY, 1, 1), want("b", DAY, 10, 11)];
    let refused = reserve(&quotas, "1", &wants).await;
    assert!(matches!(refused, Reserved::Refused { want: 1, again: None, .. }), "{refused:?}");
    assert_eq!(remaining(&refused), [1, 10]);
}

pub(crate) async fn the_want_that_waits_longest_is_named(quotas: Shared) {
    let wants = |amount| {
        [(Unit::Hour, "h"), (Unit::Month, "m"), (Unit::Day, "d")]
            .map(|(unit, key)| want(key, window(Shape::Fixed, unit), 10, amount))
    };
    assert!(is_granted(&reserve(&quotas, "1", &wants(8)).await));
    let refused = reserve(&quotas, "2", &wants(8)).await;
    let Reserved::Refused { want: 1, again: Some(again), .. } = refused else { panic!("{refused:?}") };
    let month = Unit::Month.length();
    assert!(again <= month && again > month - Duration::from_secs(60), "{again:?}");
}

pub(crate) async fn windows_are_as_long_as_they_say(quotas: Shared) {
    let minute = Duration::from_secs(60);
    for unit in [Unit::Minute, Unit::Hour, Unit::Day, Unit::Month] {
        let length = unit.length();
        for shape in [Shape::Sliding, Shape::Fixed, Shape::Calendar] {
            let want = want(&format!("{shape:?}{unit:?}"), window(shape, unit), 10, 1);
            let reserved = reserve(&quotas, &fresh().to_string(), &[want]).await;
            let reset = standings(&reserved)[0].reset;
            let wanted = match shape {
                Shape::Sliding => length..=length + length / 60,
                Shape::Fixed => length.saturating_sub(minute)..=length,
                Shape::Calendar => Duration::ZERO..=length + length / 30,
            };
            assert!(wanted.contains(&reset), "{shape:?} {unit:?}: {reset:?}");
        }
    }
}

pub(crate) async fn numbers_are_bounded(quotas: Shared) {
    const MOST: u64 = (1 << 53) - 1;
    let want = |amount| [want("a", DAY, MOST, amount)];
    assert_eq!(remaining(&reserve(&quotas, "1", &want(MOST - 1)).await), [1]);
    assert_eq!(remaining(&reserve(&quotas, "2", &want(1)).await), [0]);
    quotas.settle("1", &[u64::MAX]).await.unwrap();
    assert_eq!(remaining(&reserve(&quotas, "3", &want(0)).await), [0]);
    assert!(!is_granted(&reserve(&quotas, "4", &want(1)).await));
}

pub(crate) async fn nothing_is_lost_between_tasks(quotas: Shared) {
    let granted = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..20)
        .map(|task| {
            let (quotas, granted) = (Arc::clone(&quotas), Arc::clone(&granted));
            tokio::spawn(async move {
                for index in 0..100 {
                    // In both orders, which must not lock each other out.
                    let mut wants = [want("x", DAY, 700, 1), want("y", DAY, 900, 1)];
                    wants.rotate_left(index % 2);
                    let id = format!("{task}-{index}");
                    if is_granted(&reserve(&quotas, &id, &wants).await) {
                        granted.fetch_add(1, Ordering::Relaxed);
                        quotas.settle(&id, &[1, 1]).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(granted.load(Ordering::Relaxed), 700);
    assert_eq!(left(&quotas, &want("y", DAY, 900, 0)).await, 200);
}

/// What is done to limits.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Reserve(u64, u64),
    /// Settles the reservation that many before the last.
    Settle(usize, u64, u64),
    Repeat(usize, u64, u64),
    Pass(u64),
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u64..12, 0_u64..12).prop_map(|(a, b)| Step::Reserve(a, b)),
        2 => (0_usize..6, 0_u64..20, 0_u64..20).prop_map(|(back, a, b)| Step::Settle(back, a, b)),
        1 => (0_usize..6, 0_u64..12, 0_u64..12).prop_map(|(back, a, b)| Step::Repeat(back, a, b)),
        3 => (0_u64..8_000_000).prop_map(Step::Pass),
        1 => (0_u64..90_000_000).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..60)
}

pub(crate) fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![Just(Shape::Sliding), Just(Shape::Fixed), Just(Shape::Calendar)]
}

/// The reservations that are open on both sides, the last one last.
#[derive(Default)]
pub(crate) struct Open(Vec<String>);

impl Open {
    pub(crate) fn add(&mut self, id: String) {
        self.0.push(id);
    }

    pub(crate) fn back(&self, back: usize) -> Option<String> {
        self.0.iter().rev().nth(back).cloned()
    }

    /// Whether it was among them.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|open| open != id);
        self.0.len() < before
    }
}

/// Amounts and grants are those of memory, in windows that do not end meanwhile.
pub(crate) async fn it_does_what_memory_does(quotas: Shared) {
    let handle = tokio::runtime::Handle::current();
    let checked = tokio::task::spawn_blocking(move || {
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(48)
        });
        let cases = (steps(), shape(), shape());
        runner.run(&cases, |(steps, a, b)| handle.block_on(same_as_memory(&quotas, steps, [a, b])))
    });
    checked.await.unwrap().unwrap();
}

async fn same_as_memory(quotas: &Shared, steps: Vec<Step>, shapes: [Shape; 2]) -> Result<(), TestCaseError> {
    let memory: Shared = Arc::new(MemoryQuotas::default());
    let case = fresh();
    let wants = |amounts: [u64; 2]| {
        let want = |index: usize| {
            let window = window(shapes[index], Unit::Month);
            want(&format!("case{case}\u{1f}{index}\u{1f}k"), window, 30 + 5 * index as u64, amounts[index])
        };
        [want(0), want(1)]
    };
    let mut open = Open::default();
    for step in steps {
        let (id, amounts) = match step {
            Step::Pass(_) => continue,
            Step::Reserve(a, b) => (format!("{case}-{}", fresh()), [a, b]),
            Step::Repeat(back, a, b) => match open.back(back) {
                Some(id) => (id, [a, b]),
                None => continue,
            },
            Step::Settle(back, a, b) => {
                let Some(id) = open.back(back) else { continue };
                let one = memory.settle_and_tell(&id, &[a, b]).await.unwrap();
                let other = quotas.settle_and_tell(&id, &[a, b]).await.unwrap();
                let used = |counts: Vec<Count>| counts.iter().map(|count| count.used).collect::<Vec<_>>();
                prop_assert_eq!(used(one), used(other));
                open.remove(&id);
                continue;
            }
        };
        let (one, other) =
            (reserve(&memory, &id, &wants(amounts)).await, reserve(quotas, &id, &wants(amounts)).await);
        prop_assert_eq!(remaining(&one), remaining(&other));
        prop_assert_eq!(is_granted(&one), is_granted(&other));
        if is_granted(&one) && open.back(0).is_none_or(|last| last != id) {
            open.remove(&id);
            open.add(id);
        }
    }
    Ok(())
}

mod memory {
    use std::sync::Arc;

    use crate::MemoryQuotas;

    super::quotas_suite!(async {
        ((), Arc::new(MemoryQuotas::default()) as Arc<dyn tidegate_pipeline::Quotas>)
    });
}
