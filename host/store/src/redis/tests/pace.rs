//! No tests of speed: they print what a reservation costs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate_pipeline::{Quotas, Shape, Unit, Window};

use super::server::Server;
use crate::suite::{reserve, want};

/// Reservations that are measured.
const MANY: usize = 20_000;

/// Time on processors of this process and of the server.
fn processor(server: &Server) -> (Duration, Duration) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    let told: String = server.ask("INFO cpu");
    let of = |name: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        Duration::from_secs_f64(line.trim().parse().unwrap())
    };
    // Linux counts hundredths of a second.
    (Duration::from_millis(10 * ticks), of("used_cpu_sys:") + of("used_cpu_user:"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn pace() {
    for limits in [1, 2] {
        for tasks in [1, 64] {
            measure(limits, tasks).await;
        }
    }
}

/// What counters and reservations cost the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn memory() {
    let server = Server::new(&[]);
    let quotas: Arc<dyn Quotas> = server.client();
    let second = Window { shape: Shape::Sliding, unit: Unit::Second };
    let key = |what: &str| format!("routes/a/filters/0\u{1f}tokens/{what}\u{1f}5:alice");
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1100) {
        let id = format!("{:032x}", crate::suite::fresh());
        let wants = [
            want(&key("all parts"), second, 1 << 40, 1000),
            want(&key("few"), Window { unit: Unit::Month, ..second }, 1 << 40, 3),
        ];
        reserve(&quotas, &id, &wants).await;
        if id.ends_with('0') {
            quotas.settle(&id, &[2, 2]).await.unwrap();
        }
    }
    let mut control = server.connection();
    for pattern in
        ["KEYS tidegate:q:*all*", "KEYS tidegate:q:*few*", "KEYS tidegate:r:*1", "KEYS tidegate:r:*0"]
    {
        let keys: Vec<String> = super::server::ask(&mut control, pattern);
        let bytes: u64 = redis::cmd("MEMORY").arg("USAGE").arg(&keys[0]).query(&mut control).unwrap();
        println!("{pattern}: {bytes} bytes");
    }
}

async fn measure(limits: usize, tasks: usize) {
    let server = Server::new(&[]);
    let quotas: Arc<dyn Quotas> = server.client();
    let hour = Window { shape: Shape::Sliding, unit: Unit::Hour };
    reserve(&quotas, "first", &[want("a", hour, 1 << 40, 1)]).await;
    let (began, before) = (Instant::now(), processor(&server));
    let run = |task: usize| {
        let quotas = Arc::clone(&quotas);
        tokio::spawn(async move {
            let mut times = Vec::with_capacity(MANY / tasks);
            for index in 0..MANY / tasks {
                let caller = (task * 7919 + index) % 1000;
                let key = |what: usize| format!("routes/a/filters/0\u{1f}tokens/{what}\u{1f}{caller}");
                let wants: Vec<_> = (0..limits).map(|limit| want(&key(limit), hour, 1 << 40, 3)).collect();
                let (id, began) = (format!("{task:016x}{index:016x}"), Instant::now());
                reserve(&quotas, &id, &wants).await;
                times.push(began.elapsed());
                quotas.settle(&id, &[2, 2][..limits]).await.unwrap();
            }
            times
        })
    };
    let running: Vec<_> = (0..tasks).map(run).collect();
    let mut times = Vec::new();
    for task in running {
        times.extend(task.await.unwrap());
    }
    let (took, after) = (began.elapsed(), processor(&server));
    times.sort_unstable();
    let each = |time: Duration| time / u32::try_from(times.len()).unwrap();
    println!(
        "{limits} limits, {tasks} tasks: reserve p50 {:?} p99 {:?}; reserve + settle each: {:?} of time, {:?} cpu here, {:?} cpu of the server; {:.0} a second",
        times[times.len() / 2],
        times[times.len() * 99 / 100],
        each(took),
        each(after.0 - before.0),
        each(after.1 - before.1),
        times.len() as f64 / took.as_secs_f64(),
    );
}
