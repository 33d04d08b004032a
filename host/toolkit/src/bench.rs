//! `plugin bench`: what each hook costs, by the package's own cases.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate_contract::Hook;
use tidegate_pipeline::{Package, Process, Runtime, runtime_of};
use tidegate_testkit::{Mismatch, cases, configured, rounds};

use crate::problem::Problem;

/// How long a case is repeated.
const WINDOW: Duration = Duration::from_millis(400);
/// Calls that find caches cold and code not yet in memory.
const WARM_UP: usize = 20;
/// Calls between two looks at the clock.
const ROUNDS: usize = 10;

/// Of one hook.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Calls that were timed.
    pub calls: usize,
    /// The first call of an instance.
    pub first: Duration,
    /// The middle one.
    pub median: Duration,
    /// Of a hundred, one takes longer.
    pub p99: Duration,
}

/// Of one package.
#[derive(Debug)]
pub struct Bench {
    /// What loading took: from the cache where it was compiled before.
    pub loaded: Duration,
    /// What the first configuration took.
    pub configured: Duration,
    /// Memory of this process that came with the plugin, by the kernel's count; processes of the plugin's own are not in it.
    pub memory: Option<u64>,
    /// Memory that came while hooks were timed: what a plugin does not give back.
    pub grown: Option<i64>,
    /// Calls that gave no verdict; their times are in no figure.
    pub failed: usize,
    /// By hook.
    pub hooks: BTreeMap<Hook, Cost>,
}

/// Times every hook that a case asks for: each case for a while, or for so many calls.
///
/// # Errors
/// Where the package cannot be loaded or configured, or a case has a mistake.
pub async fn bench(
    folder: &Path,
    from: &Path,
    (runtimes, process): (&[Arc<dyn Runtime>], &Process),
    calls: Option<usize>,
) -> Result<Bench, Problem> {
    let package = Package::read(folder)?;
    let cases = cases(from)?;
    let before = resident();
    let started = Instant::now();
    let code = runtime_of(runtimes, &package.manifest.runtime)?.load(&package).await?;
    let loaded = started.elapsed();
    let mut taken: BTreeMap<Hook, Vec<Duration>> = BTreeMap::new();
    let mut first: BTreeMap<Hook, Duration> = BTreeMap::new();
    let (mut ready, mut memory, mut grown, mut failed) = (None, None, None, 0);
    for case in cases.iter().filter(|case| case.refusal().is_none()) {
        let started = Instant::now();
        let plugin = configured(case, &*code, &package.manifest, process).await.map_err(refused)?;
        ready.get_or_insert_with(|| started.elapsed());
        for timed in rounds(case, &plugin, 1).await {
            first.entry(timed.hook).or_insert(timed.took);
        }
        memory = memory.or_else(|| Some(resident()?.saturating_sub(before?)));
        rounds(case, &plugin, WARM_UP).await;
        let warm = resident();
        let (until, mut left) = (Instant::now() + WINDOW, calls.unwrap_or(usize::MAX));
        while left > 0 && (calls.is_some() || Instant::now() < until) {
            let made = rounds(case, &plugin, ROUNDS.min(left)).await;
            // A case may ask for nothing that the plugin subscribes to.
            left = if made.is_empty() { 0 } else { left.saturating_sub(ROUNDS) };
            failed += made.iter().filter(|timed| timed.failed).count();
            for timed in made.iter().filter(|timed| !timed.failed) {
                taken.entry(timed.hook).or_default().push(timed.took);
            }
        }
        let more =
            resident().zip(warm).map(|(now, warm)| now.cast_signed().saturating_sub(warm.cast_signed()));
        grown = grown.max(more);
    }
    let cost = |(hook, mut times): (Hook, Vec<Duration>)| {
        times.sort_unstable();
        let at = |share: usize| times.get((times.len() - 1) * share / 100).copied().unwrap_or_default();
        let first = first.get(&hook).copied().unwrap_or_default();
        (hook, Cost { calls: times.len(), first, median: at(50), p99: at(99) })
    };
    let hooks = taken.into_iter().filter(|(_, times)| !times.is_empty()).map(cost).collect();
    Ok(Bench { loaded, configured: ready.unwrap_or_default(), memory, grown, failed, hooks })
}

fn refused(mismatch: Mismatch) -> Problem {
    Problem::Refused(mismatch.to_string())
}

/// Bytes of this process that are in memory.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
