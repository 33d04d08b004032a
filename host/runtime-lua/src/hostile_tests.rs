//! Scripts that mean harm: each call ends in time with an error of its own, and the next one is served.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate_contract::TransformVerdict;
use tidegate_pipeline::{HookError, Payload, Plugin};

use crate::testing::{Bench, call, document, headers, refused, scope};

/// A plugin that runs `attack` where the body asks for it.
async fn attacker(attack: &str) -> Arc<dyn Plugin> {
    bench(attack).load().await.unwrap()
}

fn bench(attack: &str) -> Bench {
    let source = format!(
        "local M = {{}}\nfunction M.transform_request(ctx, headers, body)\n\
         if body.attack then\n{attack}\nend\nreturn tidegate.reply{{body = 'served'}}\nend\nreturn M"
    );
    Bench::new("transform_request", source)
}

async fn ask(
    plugin: &Arc<dyn Plugin>,
    body: &str,
    deadline: Duration,
) -> Result<TransformVerdict, HookError> {
    let (scope, document, headers) = (scope(), document(body), headers(&[]));
    let mut call = call(&scope, None);
    call.context.deadline = deadline;
    let asked = plugin.transform_request(call, &headers, Payload::Whole(&document));
    // What the guard does.
    tokio::time::timeout(deadline, asked).await.unwrap_or(Err(HookError::Deadline(deadline)))
}

async fn survives(attack: &str, deadline_ms: u64) -> HookError {
    survived(attacker(attack).await, attack, deadline_ms).await
}

async fn survived(plugin: Arc<dyn Plugin>, attack: &str, deadline_ms: u64) -> HookError {
    let began = Instant::now();
    let outcome = ask(&plugin, r#"{"attack":true}"#, Duration::from_millis(deadline_ms)).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(8), "{attack}: {took:?}");
    let error = outcome.expect_err(attack);
    let after = ask(&plugin, r#"{"attack":false}"#, Duration::from_secs(20)).await;
    assert!(matches!(after, Ok(TransformVerdict::Reply(_))), "{attack}: then {after:?}");
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_scripts_are_stopped() {
    for attack in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(error, 'x') end",
        "local function f() while true do pcall(f) end end f()",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "coroutine.wrap(function() while true do end end)()",
        "while true do pcall(coroutine.wrap(function() while true do end end)) end",
        "while true do coroutine.resume(coroutine.create(function() while true do coroutine.yield() end end)) end",
        "local s = string.rep('a', 30) string.find(s, string.rep('a?', 30) .. s)",
        "while true do pcall(string.find, string.rep('a', 30), string.rep('a?', 30) .. string.rep('a', 30)) end",
        "string.gsub(string.rep('x', 1e4), '.', function() while true do end end)",
        "table.sort({1, 2, 3}, function() while true do end end)",
        "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
        "local t = setmetatable({}, {__tostring = function() while true do end end}) error(t)",
        "for i = 1, 1e9 do local x = body.attack end",
        "while true do pcall(function() return headers.x.y end) end",
        "repeat until ctx == 1",
        "while true do tidegate.log.info('x') end",
    ] {
        let error = survives(attack, 100).await;
        assert!(matches!(error, HookError::Deadline(_)), "{attack}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_without_end_inside_of_the_libraries_are_refused() {
    for attack in [
        "string.find(string.rep('a', 2e7), string.rep('a', 1e7) .. 'b', 1, true)",
        "string.find(string.rep('a', 2e7), '[' .. string.rep('b', 1e7) .. 'a]*c')",
        "string.split(string.rep('a', 2e7), string.rep('a', 1e7) .. 'b')",
        "table.move({}, 1, 2^31 - 2, 1, {})",
    ] {
        let error = survives(attack, 2000).await;
        assert!(matches!(error, HookError::Failed(_)), "{attack}: {error:?}");
    }
    let attack = "local a, b, t = string.rep('a', 8e6), string.rep('a', 8e6) .. 'b', {}
        for i = 1, 1e5 do t[i] = if i % 2 == 0 then a else b end table.sort(t)";
    let error = survives(attack, 200).await;
    assert!(matches!(error, HookError::Deadline(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_bounded() {
    for attack in [
        "local s = 'x' while true do s = s .. s end",
        "return string.rep('x', 1e9)",
        "local t = {} while true do t[#t + 1] = string.rep('x', 1e5) .. #t end",
        "return table.create(1e7, 0)",
        "return buffer.create(1e9)",
        "return (string.gsub(string.rep('x', 1e6), 'x', string.rep('y', 1e5)))",
        "return table.concat(table.create(1e6, string.rep('x', 1e4)))",
        "local t = {} for i = 1, 1e9 do t[i] = body end local v = {} while true do v[#v + 1] = {} end",
        "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
        "local t = {} while true do t[#t + 1] = body() end",
        "return tidegate.json.decode('[' .. string.rep('[],', 5e6) .. '1]')",
    ] {
        // Small, because tests fill it slowly.
        let mut bench = bench(attack);
        bench.limits.memory = 8 * 1024 * 1024;
        let error = survived(bench.load().await.unwrap(), attack, 20000).await;
        assert!(matches!(error, HookError::Memory(8_388_608)), "{attack}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_ways_to_break_it_are_errors_of_the_call() {
    let cases = [
        ("local function f(n) return 1 + f(n) end f(1)", "trapped"),
        ("local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x", "failed"),
        ("table.sort({3, 1, 2, 5, 4}, function() return true end) error('x')", "failed"),
        ("local co co = coroutine.wrap(function() co() end) co()", "failed"),
        (
            "for i = 1, 1e4 do pcall(function() return ctx[i].x.y end) pcall(next, headers) pcall(tidegate.info) end error('x')",
            "failed",
        ),
        ("coroutine.yield(1) coroutine.yield() error('x')", "failed"),
        ("error()", "failed"),
        ("error({})", "failed"),
        ("error(string.rep('x', 1e7))", "failed"),
        ("error('\\xff\\0')", "failed"),
        ("return coroutine.create(print)", "invalid"),
        ("return ctx", "invalid"),
        ("return tidegate.reply{body = string.rep('x', 4e6)}", "output"),
        ("kept = body tidegate.json.encode{kept, print}", "failed"),
        ("return tidegate.changed{headers = {set = {['x\\xff'] = 'a'}}}", "invalid"),
    ];
    for (attack, wanted) in cases {
        let error = survives(attack, 10000).await;
        assert_eq!(error.kind(), wanted, "{attack}: {error}");
        assert!(error.to_string().len() < 5000, "{attack}");
    }
}

/// Errors of the host that a script collects hold memory outside of the VM.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_cannot_be_hoarded() {
    let both = attacker(
        "if not kept then kept = body else
            local t = {} while true do local ok, e = pcall(function() return kept.model end) t[#t + 1] = e end end",
    )
    .await;
    ask(&both, r#"{"attack":true}"#, Duration::from_secs(5)).await.unwrap();
    let error = ask(&both, r#"{"attack":true}"#, Duration::from_secs(5)).await.unwrap_err();
    assert!(matches!(&error, HookError::Trapped(text) if text.contains("1000 errors")), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configure_is_bounded_too() {
    for source in [
        "while true do end",
        "return {configure = function() while true do end end, transform_request = print}",
        "return {configure = function() while true do pcall(function() while true do end end) end end}",
        "return {configure = function() tidegate.kv.get('never') end, transform_request = print}",
    ] {
        let mut bench = Bench::new("transform_request", source);
        bench.limits.configure = Duration::from_millis(100);
        let began = Instant::now();
        let text = refused(bench).await;
        assert!(text.contains("did not end within 100 ms"), "{source}: {text}");
        assert!(began.elapsed() < Duration::from_secs(5), "{source}");
    }
    let hog = "return {configure = function() return string.rep('x', 1e9) end, transform_request = print}";
    let text = refused(Bench::new("transform_request", hog)).await;
    assert!(text.contains("more than 65536 KiB of memory"), "{text}");
    let mut tiny = Bench::new("transform_request", "return {transform_request = print}");
    tiny.limits.memory = 10_000;
    let text = refused(tiny).await;
    assert!(text.contains("more than 9 KiB of memory"), "{text}");
}

/// On a single thread: another task runs on while a script is busy.
#[tokio::test]
async fn a_busy_script_does_not_stall_its_neighbours() {
    for busy in ["while true do end", "while true do pcall(function() for i = 1, 100 do end end) end"] {
        let plugin = attacker(busy).await;
        let ticks = async {
            let mut ticks = 0;
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                ticks += 1;
                if ticks == 10 {
                    return ticks;
                }
            }
        };
        let busy = ask(&plugin, r#"{"attack":true}"#, Duration::from_secs(10));
        tokio::select! {
            ticks = ticks => assert_eq!(ticks, 10),
            error = busy => panic!("the script kept the thread: {error:?}"),
        }
    }
}

#[tokio::test]
async fn a_dropped_call_takes_its_vm_along() {
    let bench = Bench::new(
        "transform_request",
        "local calls = 0
        return {transform_request = function(ctx, headers, body)
            calls += 1
            if body.attack then tidegate.kv.get('never') end
            return tidegate.reply{body = tostring(calls)}
        end}",
    );
    let setup = bench.setup();
    let services = Arc::clone(&setup.services);
    let package = bench.package();
    let code = tidegate_pipeline::Runtime::load(&crate::LuaRuntime, &package).await.unwrap();
    let plugin = code.configure(setup).await.unwrap();
    let before = Arc::strong_count(&services);
    for _ in 0..10 {
        let outcome = ask(&plugin, r#"{"attack":true}"#, Duration::from_millis(20)).await;
        assert!(matches!(outcome, Err(HookError::Deadline(_))));
    }
    // Every VM holds the services: none is left but perhaps the first.
    assert!(Arc::strong_count(&services) <= before, "{} then {}", before, Arc::strong_count(&services));
    let TransformVerdict::Reply(reply) = ask(&plugin, "{}", Duration::from_secs(5)).await.unwrap() else {
        panic!()
    };
    assert_eq!(reply.body, b"1");
}
