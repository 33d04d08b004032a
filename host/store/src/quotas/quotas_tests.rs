use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use proptest::prelude::*;
use tidegate_pipeline::{Quotas, Reserved, Shape, Unit, Want, Window};

use super::calendar::around;
use super::clock::{Clock, Now, microseconds};
use super::counter::PARTS;
use super::{MOST, MemoryQuotas};

/// 29 February 2024, noon.
pub(super) const NOON: u64 = 1_709_208_000_000_000;

/// A clock that goes where a test wants it.
#[derive(Default)]
pub(super) struct Hands {
    steady: AtomicU64,
    /// How far the wall clock was set ahead.
    ahead: AtomicU64,
}

impl Hands {
    pub(super) fn now(&self) -> Now {
        let steady = self.steady.load(Ordering::Relaxed);
        Now { steady, wall: NOON + steady + self.ahead.load(Ordering::Relaxed) }
    }

    pub(super) fn pass(&self, time: Duration) {
        self.steady.fetch_add(microseconds(time), Ordering::Relaxed);
    }

    /// Sets the wall clock ahead.
    pub(super) fn set(&self, ahead: u64) {
        self.ahead.store(ahead, Ordering::Relaxed);
    }
}

pub(super) fn quotas(most: usize) -> (MemoryQuotas, Arc<Hands>) {
    let hands = Arc::new(Hands::default());
    let told = Arc::clone(&hands);
    (MemoryQuotas::with_clock(most, Clock::telling(move || told.now())), hands)
}

pub(super) fn window(shape: Shape, unit: Unit) -> Window {
    Window { shape, unit }
}

pub(super) fn want(key: &str, window: Window, limit: u64, amount: u64) -> Want {
    Want { key: key.into(), window, limit, amount }
}

const SLIDING: Window = Window { shape: Shape::Sliding, unit: Unit::Minute };

pub(super) fn reserve(quotas: &MemoryQuotas, id: &str, wants: &[Want]) -> Reserved {
    quotas.reserve(id, wants).now_or_never().unwrap().unwrap()
}

pub(super) fn settle(quotas: &MemoryQuotas, id: &str, actual: &[u64]) {
    quotas.settle(id, actual).now_or_never().unwrap().unwrap();
}

fn remaining(reserved: &Reserved) -> Vec<u64> {
    let (Reserved::Granted(standings) | Reserved::Refused { standings, .. }) = reserved;
    standings.iter().map(|standing| standing.remaining).collect()
}

pub(super) fn is_granted(reserved: &Reserved) -> bool {
    matches!(reserved, Reserved::Granted(_))
}

/// What is left for a key, without using any of it.
pub(super) fn left(quotas: &MemoryQuotas, key: &str, limit: u64) -> u64 {
    remaining(&reserve(quotas, "probe", &[want(key, SLIDING, limit, 0)]))[0]
}

#[test]
fn all_is_reserved_or_nothing() {
    let (quotas, _) = quotas(MOST);
    let wants = |a, b| [want("a", SLIDING, 10, a), want("b", SLIDING, 3, b)];
    assert_eq!(remaining(&reserve(&quotas, "1", &wants(4, 2))), [6, 1]);
    let refused = reserve(&quotas, "2", &wants(4, 2));
    assert!(matches!(refused, Reserved::Refused { want: 1, again: Some(_), .. }), "{refused:?}");
    assert_eq!(remaining(&refused), [6, 1]);
    assert_eq!(remaining(&reserve(&quotas, "3", &wants(6, 1))), [0, 0]);
}

#[test]
fn a_reservation_counts_once_however_often_it_is_made_and_settled() {
    let (quotas, _) = quotas(MOST);
    let wants = [want("a", SLIDING, 10, 4)];
    for _ in 0..3 {
        assert_eq!(remaining(&reserve(&quotas, "1", &wants)), [6]);
    }
    for _ in 0..3 {
        settle(&quotas, "1", &[1]);
        assert_eq!(left(&quotas, "a", 10), 9);
    }
    settle(&quotas, "never made", &[5]);
    assert_eq!(left(&quotas, "a", 10), 9);
}

#[test]
fn what_was_used_beyond_the_reservation_counts_from_when_it_is_known() {
    let (quotas, hands) = quotas(MOST);
    reserve(&quotas, "1", &[want("a", SLIDING, 100, 10)]);
    hands.pass(Duration::from_secs(90));
    settle(&quotas, "1", &[70]);
    assert_eq!(left(&quotas, "a", 100), 40);
    reserve(&quotas, "2", &[want("a", SLIDING, 100, 10)]);
    settle(&quotas, "2", &[500]);
    assert_eq!(left(&quotas, "a", 100), 0);
}

#[test]
fn who_waits_as_long_as_told_is_let_in_and_not_much_earlier() {
    for shape in [Shape::Sliding, Shape::Fixed, Shape::Calendar] {
        let (quotas, hands) = quotas(MOST);
        let want = [want("a", window(shape, Unit::Minute), 10, 6)];
        hands.pass(Duration::from_secs(7));
        assert!(is_granted(&reserve(&quotas, "1", &want)));
        hands.pass(Duration::from_secs(11));
        let Reserved::Refused { again: Some(again), standings, .. } = reserve(&quotas, "2", &want) else {
            panic!("{shape:?} lets in too much");
        };
        assert_eq!(standings[0].reset, again);
        let wanted = if shape == Shape::Calendar { 42 } else { 49 };
        assert!((wanted..=wanted + 1).contains(&again.as_secs()), "{shape:?}: {again:?}");
        hands.pass(again - Duration::from_micros(1));
        assert!(!is_granted(&reserve(&quotas, "3", &want)), "{shape:?}");
        hands.pass(Duration::from_micros(1));
        assert!(is_granted(&reserve(&quotas, "4", &want)), "{shape:?}");
    }
}

#[test]
fn more_than_the_limit_is_never_granted() {
    let (quotas, _) = quotas(MOST);
    let wants = [want("a", SLIDING, 1, 1), want("b", SLIDING, 10, 11)];
    assert!(matches!(reserve(&quotas, "1", &wants), Reserved::Refused { want: 1, again: None, .. }));
}

#[test]
fn a_month_of_the_calendar_is_as_long_as_it_is() {
    let (quotas, hands) = quotas(MOST);
    let want = [want("a", window(Shape::Calendar, Unit::Month), 1, 1)];
    let Reserved::Granted(standings) = reserve(&quotas, "1", &want) else { panic!() };
    assert_eq!(standings[0].reset, Duration::from_secs(12 * 60 * 60));
    hands.pass(standings[0].reset);
    assert!(is_granted(&reserve(&quotas, "2", &want)));
}

#[test]
fn a_wall_clock_that_is_set_back_ends_no_window_early() {
    let (quotas, hands) = quotas(MOST);
    let want = [want("a", window(Shape::Calendar, Unit::Minute), 1, 1)];
    hands.ahead.store(61_000_000, Ordering::Relaxed);
    assert!(is_granted(&reserve(&quotas, "1", &want)));
    hands.ahead.store(30_000_000, Ordering::Relaxed);
    assert!(!is_granted(&reserve(&quotas, "2", &want)));
    // Three years are no correction of the clock but one of a mistake.
    hands.ahead.store(100_000_000_000_000, Ordering::Relaxed);
    assert!(is_granted(&reserve(&quotas, "3", &want)));
    hands.ahead.store(0, Ordering::Relaxed);
    assert!(is_granted(&reserve(&quotas, "4", &want)));
}

#[test]
fn what_counts_no_more_leaves() {
    let (quotas, hands) = quotas(MOST);
    for index in 0..2000 {
        let id = format!("r{index}");
        reserve(&quotas, &id, &[want(&format!("k{index}"), SLIDING, 10, 5)]);
        settle(&quotas, &id, &[2]);
    }
    let full = quotas.held();
    assert!(full > 2000 * 192);
    hands.pass(Duration::from_secs(120));
    for index in 0..4000 {
        reserve(&quotas, "probe", &[want(&format!("n{}", index % 500), SLIDING, 10, 0)]);
    }
    assert!(quotas.held() < full / 3, "{} of {full}", quotas.held());
}

#[test]
fn memory_is_bounded_and_known_keys_go_on() {
    let (quotas, hands) = quotas(100_000);
    let asked = |index: usize| {
        let id = format!("r{index}");
        let asked = quotas.reserve(&id, &[want(&format!("k{index}"), SLIDING, 10, 1)]).now_or_never();
        settle(&quotas, &id, &[1]);
        asked.unwrap()
    };
    let fitting = (0..10_000).take_while(|index| asked(*index).is_ok()).count();
    assert!((100..500).contains(&fitting), "{fitting}");
    assert!(quotas.held() <= 100_000);
    let error = asked(9_999).unwrap_err().to_string();
    assert!(error.contains("counters of limits hold"), "{error}");
    hands.pass(Duration::from_secs(62));
    assert!(asked(9_999).is_ok());
}

#[test]
fn nothing_is_lost_between_threads() {
    let quotas = MemoryQuotas::default();
    let granted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (quotas, granted) = (&quotas, &granted);
            scope.spawn(move || {
                let hour = window(Shape::Sliding, Unit::Hour);
                for index in 0..2000 {
                    let id = format!("{thread}-{index}");
                    // In both orders, which must not lock each other out.
                    let mut wants = [want("x", hour, 1500, 1), want("y", hour, 1700, 1)];
                    wants.rotate_left(index % 2);
                    if is_granted(&reserve(quotas, &id, &wants)) {
                        granted.fetch_add(1, Ordering::Relaxed);
                        settle(quotas, &id, &[1, 1]);
                    }
                }
            });
        }
    });
    assert_eq!(granted.load(Ordering::Relaxed), 1500);
}

/// What a test does to a limit.
#[derive(Debug, Clone)]
enum Step {
    Reserve(u64),
    /// Settles the reservation that many before the last.
    Settle(usize, u64),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u64..12).prop_map(Step::Reserve),
        2 => (0_usize..6, 0_u64..20).prop_map(|(back, actual)| Step::Settle(back, actual)),
        3 => (0_u64..8_000_000).prop_map(Step::Pass),
        1 => (0_u64..90_000_000).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..120)
}

/// A log of all use, which is looked through at each question.
#[derive(Default)]
struct Naive {
    used: Vec<(u64, u64)>,
    /// When something was used or reserved, given back or not.
    touched: Vec<u64>,
    open: Vec<Option<(usize, u64)>>,
}

impl Naive {
    fn since(&self, from: u64) -> u64 {
        self.used.iter().filter(|(at, _)| *at >= from).map(|(_, amount)| amount).sum()
    }

    fn reserve(&mut self, now: u64, amount: u64) {
        self.open.push(Some((self.used.len(), amount)));
        self.count(now, amount);
    }

    fn settle(&mut self, index: usize, now: u64, actual: u64) {
        let Some((place, reserved)) = self.open[index].take() else { return };
        self.used[place].1 = actual.min(reserved);
        self.count(now, actual.saturating_sub(reserved));
    }

    fn count(&mut self, now: u64, amount: u64) {
        self.used.push((now, amount));
        self.touched.extend((amount > 0).then_some(now));
    }
}

const LIMIT: u64 = 30;

/// Plays steps on both; `judge` is given the log, the time, an amount, and whether it was granted.
fn play(
    shape: Shape,
    steps: Vec<Step>,
    judge: impl Fn(&Naive, Now, u64, bool) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let (quotas, hands) = quotas(MOST);
    let mut naive = Naive::default();
    for step in steps {
        let now = hands.now();
        match step {
            Step::Pass(time) => hands.pass(Duration::from_micros(time)),
            Step::Reserve(amount) => {
                let id = naive.open.len().to_string();
                let wants = [want("k", window(shape, Unit::Minute), LIMIT, amount)];
                let granted = is_granted(&reserve(&quotas, &id, &wants));
                judge(&naive, now, amount, granted)?;
                if granted {
                    naive.reserve(now.steady, amount);
                }
            }
            Step::Settle(back, actual) => {
                let Some(index) = naive.open.len().checked_sub(back + 1) else { continue };
                settle(&quotas, &index.to_string(), &[actual]);
                naive.settle(index, now.steady, actual);
            }
        }
    }
    Ok(())
}

proptest! {
    /// Never more than the limit within any window, and no refusal but where a window longer by a sixtieth holds too much.
    #[test]
    fn a_sliding_window_errs_by_a_part_and_on_the_safe_side(steps in steps()) {
        let length = microseconds(Unit::Minute.length());
        play(Shape::Sliding, steps, |naive, now, amount, granted| {
            let exact = naive.since((now.steady + 1).saturating_sub(length)) + amount;
            let longer = naive.since(now.steady.saturating_sub(length + length / PARTS)) + amount;
            prop_assert!(!granted || exact <= LIMIT, "granted {exact} of {LIMIT}");
            prop_assert!(granted || longer > LIMIT, "refused at {longer} of {LIMIT}");
            Ok(())
        })?;
    }

    #[test]
    fn a_window_of_the_calendar_is_exact(steps in steps()) {
        play(Shape::Calendar, steps, |naive, now, amount, granted| {
            let (begins, _) = around(Unit::Minute, now.wall);
            let used = naive.since(begins.saturating_sub(NOON));
            prop_assert_eq!(granted, used + amount <= LIMIT, "with {} used", used);
            Ok(())
        })?;
    }

    #[test]
    fn a_fixed_window_is_exact(steps in steps()) {
        let length = microseconds(Unit::Minute.length());
        play(Shape::Fixed, steps, |naive, now, amount, granted| {
            let next = |begins: Option<u64>, at: &u64| begins.filter(|it| *at < it + length).or(Some(*at));
            let begins = naive.touched.iter().fold(None, next);
            let running = begins.filter(|begins| now.steady < begins + length);
            let used = running.map_or(0, |begins| naive.since(begins));
            prop_assert_eq!(granted, used + amount <= LIMIT, "with {} used", used);
            Ok(())
        })?;
    }
}

/// Not a test of speed: it prints what a request costs, with 100,000 keys that all count already.
#[test]
#[ignore = "prints a figure"]
fn pace() {
    for wanted in [1, 2] {
        let quotas = MemoryQuotas::default();
        measure(&quotas, wanted);
        println!("{} bytes", quotas.held());
    }
}

/// Prints what a request with so many wants costs.
pub(crate) fn measure(quotas: &impl Quotas, wanted: usize) {
    let hour = window(Shape::Sliding, Unit::Hour);
    let keys: Vec<Arc<str>> = (0..100_000).map(|key| format!("limit{key:>40}").into()).collect();
    let ids: Vec<String> = (0..400_000).map(|id| format!("a1b2c3d4-{id:x}")).collect();
    let wants = |index: usize| -> Vec<Want> {
        let key = |offset| Arc::clone(&keys[(index * 7919 + offset) % keys.len()]);
        let want = |offset| Want { key: key(offset), window: hour, limit: 1 << 40, amount: 3 };
        (0..wanted).map(want).collect()
    };
    let (mut reserving, mut settling) = (Vec::new(), Vec::new());
    for (index, id) in ids.iter().enumerate() {
        let wants = wants(index);
        let began = Instant::now();
        quotas.reserve(id, &wants).now_or_never().unwrap().unwrap();
        let reserved = Instant::now();
        quotas.settle(id, &[2, 2][..wanted]).now_or_never().unwrap().unwrap();
        if index >= keys.len() {
            settling.push(reserved.elapsed());
            reserving.push(reserved - began);
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (reserving, settling) = (median(&mut reserving), median(&mut settling));
    println!("{wanted} wants: reserved in {reserving:?}, settled in {settling:?} (medians)");
}
