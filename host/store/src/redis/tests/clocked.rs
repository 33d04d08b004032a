//! The scripts at any time: the clock is a key of the test's own, and memory is shown the same time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use proptest::prelude::*;
use redis::{Connection, Value};
use tidegate_pipeline::{Count, Quotas, Reserved, Shape, Unit, Want, Window};

use super::server::Server;
use crate::MemoryQuotas;
use crate::redis::quotas::{counts, named, part};
use crate::redis::request;
use crate::suite::{Open, Step, fresh, shape, steps, want};

/// A server that is told the time.
struct Clocked {
    connection: Connection,
    memory: MemoryQuotas,
    time: Arc<AtomicU64>,
}

impl Clocked {
    fn new(server: &Server, moment: u64) -> Self {
        let time = Arc::new(AtomicU64::new(moment));
        let told = Arc::clone(&time);
        let memory = MemoryQuotas::at(move || told.load(Ordering::Relaxed));
        Self { connection: server.connection(), memory, time }
    }

    fn pass(&self, microseconds: u64) {
        self.time.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// Runs a script at the time of the test. Nothing expires: the server's own clock knows nothing of it.
    fn run(&mut self, text: &str, keys: &[String], arguments: &[String]) -> Value {
        let time = self.time.load(Ordering::Relaxed);
        let clock = format!("{{ {}, {} }}", time / 1_000_000, time % 1_000_000);
        let text =
            text.replace("redis.call('TIME')", &clock).replace("redis.call('PEXPIREAT', ", "tostring(");
        redis::cmd("EVAL")
            .arg(text)
            .arg(keys.len())
            .arg(keys)
            .arg(arguments)
            .query(&mut self.connection)
            .unwrap()
    }

    fn reserve(&mut self, id: &str, wants: &[Want]) -> Reserved {
        let mut keys = vec![format!("record:{id}")];
        let mut arguments = vec!["take".to_owned(), "86400000".to_owned()];
        for Want { key, window, limit, amount } in wants {
            keys.push(format!("counter:{key}"));
            let unit = window.unit.length().as_micros();
            arguments.extend([named(*window), unit.to_string(), limit.to_string(), amount.to_string()]);
        }
        let places: Vec<usize> = (0..wants.len()).collect();
        let part = part(&places, self.run(request::RESERVE.text(), &keys, &arguments)).unwrap();
        match part.refused {
            None => Reserved::Granted(part.standings),
            Some((want, again)) => Reserved::Refused { want, again, standings: part.standings },
        }
    }

    /// What both say.
    fn settle(&mut self, id: &str, actual: [u64; 2]) -> [Vec<Count>; 2] {
        let mut arguments = vec!["60000".to_owned(), "tell".to_owned()];
        arguments.extend(actual.map(|amount| amount.to_string()));
        let answer = self.run(request::SETTLE.text(), &[format!("record:{id}")], &arguments);
        let there = self.memory.settle_and_tell(id, &actual).now_or_never().unwrap().unwrap();
        [counts(answer).unwrap(), there]
    }

    /// What both say.
    fn both(&mut self, id: &str, wants: &[Want]) -> [Reserved; 2] {
        [self.reserve(id, wants), self.memory.reserve(id, wants).now_or_never().unwrap().unwrap()]
    }
}

fn unit() -> impl Strategy<Value = Unit> {
    prop::sample::select(&Unit::ALL[..])
}

fn window() -> impl Strategy<Value = Window> {
    (shape(), unit()).prop_map(|(shape, unit)| Window { shape, unit })
}

fn play(
    server: &Server,
    windows: [Window; 2],
    begin: u64,
    pace: u64,
    steps: Vec<Step>,
) -> Result<(), TestCaseError> {
    let mut clocked = Clocked::new(server, begin);
    let (case, mut open, mut made) = (fresh(), Open::default(), HashMap::<String, u64>::new());
    let wants = |amounts: [u64; 2]| {
        [0, 1].map(|index| {
            want(&format!("{case}-{index}"), windows[index], 30 + 5 * index as u64, amounts[index])
        })
    };
    for step in steps {
        // What is used beyond the limits shows only by larger ones.
        let larger = wants([0, 0]).map(|want| Want { limit: 1 << 40, ..want });
        let [here, there] = clocked.both(&format!("probe-{}", fresh()), &larger);
        prop_assert_eq!(here, there);
        let (id, amounts) = match step {
            Step::Pass(time) => {
                clocked.pass(time * pace);
                // Whether a reservation of a day ago is still known depends on how often memory looks for such.
                let now = clocked.time.load(Ordering::Relaxed);
                made.retain(|id, at| now - *at < 24 * 60 * 60 * 1_000_000 || !open.remove(id));
                continue;
            }
            Step::Reserve(a, b) => (format!("{case}-{}", fresh()), [a, b]),
            Step::Repeat(back, a, b) => match open.back(back) {
                Some(id) => (id, [a, b]),
                None => continue,
            },
            Step::Settle(back, a, b) => {
                let Some(id) = open.back(back) else { continue };
                let [here, there] = clocked.settle(&id, [a, b]);
                prop_assert_eq!(here, there);
                open.remove(&id);
                continue;
            }
        };
        let [here, there] = clocked.both(&id, &wants(amounts));
        prop_assert_eq!(&here, &there);
        if matches!(here, Reserved::Granted(_)) {
            if !open.remove(&id) {
                made.insert(id.clone(), clocked.time.load(Ordering::Relaxed));
            }
            open.add(id);
        }
    }
    Ok(())
}

/// Grants, amounts and all times are those of memory, to the microsecond, in all windows.
#[test]
fn the_scripts_do_what_memory_does() {
    let server = Server::new(&[]);
    // From 2000 to 2099.
    let begin = 946_684_800_000_000_u64..4_102_444_799_000_000;
    // A step of the shortest windows, up to one of months.
    let pace = prop::sample::select(vec![1_u64, 7, 60, 2000, 40_000]);
    let cases = (window(), window(), begin, pace, steps());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(250)
    });
    runner.run(&cases, |(a, b, begin, pace, steps)| play(&server, [a, b], begin, pace, steps)).unwrap();
}

/// 29 February 2024, noon.
const NOON: u64 = 1_709_208_000_000_000;

#[test]
fn a_clock_that_is_set_back_ends_no_window_early() {
    let server = Server::new(&[]);
    for shape in [Shape::Sliding, Shape::Fixed, Shape::Calendar] {
        let mut clocked = Clocked::new(&server, NOON);
        let want = [want(&format!("{shape:?}"), Window { shape, unit: Unit::Minute }, 2, 1)];
        let mut is_granted = |at: u64| {
            clocked.time.store(at, Ordering::Relaxed);
            matches!(clocked.reserve(&fresh().to_string(), &want), Reserved::Granted(_))
        };
        assert!(is_granted(NOON + 30_000_000), "{shape:?}");
        assert!(is_granted(NOON + 10_000_000), "{shape:?}");
        assert!(!is_granted(NOON + 11_000_000), "{shape:?}");
        // A year is no correction of the clock but one of a mistake.
        assert!(is_granted(NOON - 31_000_000_000_000), "{shape:?}");
    }
}
