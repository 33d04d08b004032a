//! Guests that mean harm: each call ends in time with an error of its own, and the next one is served.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use tidegate_contract::{Judged, Judgement, TransformVerdict, Usage};
use tidegate_pipeline::{HookError, LoadError, Payload, Plugin};

use crate::testing::{Bench, call, document, hostile, scope, text};

fn bench(attack: &str) -> Bench {
    Bench::new(hostile(), format!(r#"{{"do": "{attack}"}}"#))
}

async fn attacker(attack: &str) -> Arc<dyn Plugin> {
    bench(attack).load().await.unwrap()
}

/// What the guard does with a call.
async fn ask(plugin: &Arc<dyn Plugin>, id: &str, deadline: Duration) -> Result<TransformVerdict, HookError> {
    let (scope, headers, document) = (scope(), HeaderMap::new(), document("{}"));
    let asked = plugin.transform_request(call(id, &scope, deadline), &headers, Payload::Whole(&document));
    tokio::time::timeout(deadline, asked).await.unwrap_or(Err(HookError::Deadline(deadline)))
}

async fn judge(plugin: &Arc<dyn Plugin>, id: &str) -> Result<Judged, HookError> {
    let scope = scope();
    plugin.moderate_input(call(id, &scope, Duration::from_secs(20)), &[text("größe")]).await
}

/// The error of the attack, after which the same plugin must serve.
async fn survives(plugin: &Arc<dyn Plugin>, attack: &str, deadline_ms: u64) -> HookError {
    let began = Instant::now();
    let outcome = ask(plugin, "attack", Duration::from_millis(deadline_ms)).await;
    assert!(began.elapsed() < Duration::from_millis(deadline_ms) + Duration::from_secs(8), "{attack}");
    let error = outcome.expect_err(attack);
    assert!(error.to_string().len() < 5000, "{attack}");
    served(plugin, attack).await;
    error
}

async fn served(plugin: &Arc<dyn Plugin>, attack: &str) {
    let after = ask(plugin, "peace", Duration::from_secs(20)).await;
    assert!(matches!(after, Ok(TransformVerdict::Reply(_))), "{attack}: then {after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_guests_are_stopped() {
    for attack in ["loop", "loop_calling", "wait"] {
        let error = survives(&attacker(attack).await, attack, 100).await;
        assert!(matches!(error, HookError::Deadline(_)), "{attack}: {error:?}");
    }
}

/// Without a guard around it: the clock of the engine alone.
#[tokio::test]
async fn the_clock_stops_a_guest_by_itself() {
    let plugin = attacker("loop").await;
    let (scope, usage, deadline) = (scope(), Usage::default(), Duration::from_millis(50));
    let began = Instant::now();
    let error = plugin.admit(call("attack", &scope, deadline), usage).await.unwrap_err();
    assert!(matches!(error, HookError::Deadline(found) if found == deadline), "{error:?}");
    assert!(began.elapsed() >= deadline && began.elapsed() < Duration::from_secs(5));
    served(&plugin, "loop").await;
}

/// On a single thread: another task runs on while a guest is busy.
#[tokio::test]
async fn a_busy_guest_does_not_stall_its_neighbours() {
    let plugin = attacker("loop").await;
    let neighbour = async {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = neighbour => {}
        outcome = ask(&plugin, "attack", Duration::from_secs(20)) => panic!("the guest kept the thread: {outcome:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_bounded() {
    for attack in ["memory", "memory_slowly"] {
        let mut bench = bench(attack);
        bench.limits.memory = 8 * 1024 * 1024;
        let error = survives(&bench.load().await.unwrap(), attack, 20_000).await;
        assert!(matches!(error, HookError::Memory(8_388_608)), "{attack}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traps_end_the_call_and_nothing_else() {
    let cases = [
        ("recurse", "stack exhausted"),
        ("trap", "unreachable"),
        ("panic", "unreachable"),
        ("divide", "unreachable"),
        ("out_of_bounds", "out of bounds"),
    ];
    for (attack, reason) in cases {
        let error = survives(&attacker(attack).await, attack, 20_000).await;
        assert!(matches!(&error, HookError::Trapped(text) if text.contains(reason)), "{attack}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_guest_hands_over_is_bounded() {
    for attack in ["huge_output", "many_headers", "fail_loudly"] {
        let mut bench = bench(attack);
        bench.limits.output = 512 * 1024;
        let error = survives(&bench.load().await.unwrap(), attack, 20_000).await;
        assert!(matches!(error, HookError::Output(524_288)), "{attack}: {error:?}");
    }
    let error = survives(&attacker("service_flood").await, "service_flood", 20_000).await;
    assert!(matches!(&error, HookError::Trapped(text) if text.contains("limits.output")), "{error:?}");
    let mut enough = bench("huge_output");
    enough.limits.output = 4 * 1024 * 1024;
    ask(&enough.load().await.unwrap(), "attack", Duration::from_secs(20)).await.unwrap();
    let plugin = attacker("huge_output").await;
    assert!(matches!(judge(&plugin, "attack").await, Err(HookError::Output(1_048_576))));
    assert_eq!(judge(&plugin, "peace").await.unwrap(), Judged::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_the_guest_are_failures_and_its_instance_lives_on() {
    let plugin = attacker("fail").await;
    let error = survives(&plugin, "fail", 20_000).await;
    assert!(matches!(&error, HookError::Failed(text) if text == "on demand"), "{error:?}");
    let error = survives(&attacker("fail_loudly").await, "fail_loudly", 20_000).await;
    assert!(matches!(error, HookError::Failed(_)), "{error:?}");
    let error = survives(&attacker("state_flood").await, "state_flood", 20_000).await;
    assert!(matches!(&error, HookError::Failed(text) if text.contains("16 KiB")), "{error:?}");
}

/// Verdicts that cannot be carried out come through whole: the chain refuses them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senseless_verdicts_do_not_harm_the_host() {
    for attack in
        ["bad_headers", "bad_pointer", "bad_status", "many_edits", "log_flood", "log_huge", "log_fields"]
    {
        let mut bench = bench(attack);
        bench.limits.output = 8 * 1024 * 1024;
        let plugin = bench.load().await.unwrap();
        ask(&plugin, "attack", Duration::from_secs(20)).await.expect(attack);
        served(&plugin, attack).await;
    }
    let mut many = bench("many_headers");
    many.limits.output = 8 * 1024 * 1024;
    let verdict = ask(&many.load().await.unwrap(), "attack", Duration::from_secs(20)).await.unwrap();
    assert!(matches!(verdict, TransformVerdict::Changed(change) if change.headers.len() == 40_000));
    for attack in ["bad_edit", "bad_text", "hold_all", "many_findings"] {
        let mut bench = bench(attack);
        bench.limits.output = 8 * 1024 * 1024;
        let plugin = bench.load().await.unwrap();
        let judged = judge(&plugin, "attack").await.expect(attack);
        assert_eq!(matches!(judged.judgement, Judgement::Edit(_)), attack.starts_with("bad"), "{attack}");
        assert_eq!(judge(&plugin, "peace").await.unwrap(), Judged::default(), "{attack}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configure_is_bounded_too() {
    for (attack, reason) in [
        ("loop", "did not end within 100 ms"),
        ("loop_calling", "did not end within 100 ms"),
        ("wait", "did not end within 100 ms"),
        ("recurse", "stack exhausted"),
        ("panic", "unreachable"),
        ("fail", "on demand"),
        ("unknown", "unknown attack \"unknown\""),
    ] {
        let mut bench = Bench::new(hostile(), format!(r#"{{"configure": "{attack}"}}"#));
        if reason.contains("100 ms") {
            bench.limits.configure = Duration::from_millis(100);
        }
        let error = bench.refused().await;
        let LoadError::Configure(text) = &error else { panic!("{attack}: {error:?}") };
        assert!(text.contains(reason), "{attack}: {text}");
    }
    let mut bench = Bench::new(hostile(), r#"{"configure": "memory"}"#);
    bench.limits.memory = 8 * 1024 * 1024;
    assert!(bench.refused().await.to_string().contains("more than 8192 KiB of memory"));
    bench.limits.memory = 64 * 1024;
    assert!(bench.refused().await.to_string().contains("more than 64 KiB of memory"));
    let flood = Bench::new(hostile(), r#"{"configure": "log_flood"}"#);
    served(&flood.load().await.unwrap(), "log_flood").await;
}

/// A call that is given up takes its instance along, and its place is free again.
#[tokio::test]
async fn dropped_calls_leave_no_instance_behind() {
    let mut bench = bench("wait");
    bench.most = 1;
    let plugin = bench.load().await.unwrap();
    for _ in 0..20 {
        let outcome = ask(&plugin, "attack", Duration::from_millis(5)).await;
        assert!(matches!(outcome, Err(HookError::Deadline(_))), "{outcome:?}");
    }
    served(&plugin, "wait").await;
}
