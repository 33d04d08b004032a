use tidegate_pipeline::{Payload, Plugin};

use crate::testing::{Bench, call, eval, headers, said, scope, transform};

#[tokio::test]
async fn notes_are_those_of_the_request() {
    let plugin = transform(
        r#"local n = tonumber(tidegate.state.get("n") or "0") + 1
        tidegate.state.set("n", tostring(n))
        tidegate.state.set("bytes", "\xff\0")
        assert(tidegate.state.get("bytes") == "\xff\0")
        return tidegate.changed{set = {["/n"] = n}}"#,
    )
    .await;
    let (one, other, headers) = (scope(), scope(), headers(&[]));
    for scope in [&one, &one, &other] {
        plugin.transform_request(call(scope, None), &headers, Payload::Absent).await.unwrap();
    }
    assert_eq!((one.note("n").unwrap(), other.note("n").unwrap()), (b"2".to_vec(), b"1".to_vec()));
    let full = eval("select(2, pcall(tidegate.state.set, 'k', string.rep('x', 20000)))").await;
    assert!(full.contains("16 KiB"), "{full}");
}

#[tokio::test]
async fn attributes_and_secrets() {
    assert_eq!(eval("tidegate.info('service') .. tidegate.info('path')").await, "chat/v1/chat/completions");
    assert_eq!(eval("tidegate.info('unknown')").await, "nil");
    assert_eq!(eval("tidegate.secrets.get('token')").await, "s3cret");
    let told = eval("select(2, pcall(function() return tidegate.secrets.get('other') end))").await;
    assert_eq!(
        told,
        "plugin.lua:3: secret \"other\" is not granted; the operator must list it under \"grants\""
    );
}

#[tokio::test]
async fn the_store_waits_without_a_thread() {
    let script = r#"
        local kv = tidegate.kv
        assert(kv.get("a") == nil)
        local first = kv.set("a", "x\xff", {ttl_ms = 1000})
        local value, version = kv.get("a")
        assert(value == "x\xff" and version == first, "get")
        assert(kv.set("a", "y", {if_version = 0}) == nil, "if_version")
        assert(kv.set("a", "y", {if_version = first}) == first + 1)
        assert(kv.increment("n") == 1 and kv.increment("n", 5, {ttl_ms = 1}) == 6 and kv.increment("n", -2) == 4)
        assert(kv.delete("a") == true and kv.delete("a") == false)
        local seen = {}
        for _, case in {
            function() kv.get("broken") end, function() kv.get(3) end, function() kv.set("k", 3) end,
            function() kv.set("k", string.rep("x", 70000)) end, function() kv.get(string.rep("k", 600)) end,
            function() kv.set("k", "v", {ttl = 3}) end, function() kv.increment("k", 0.5) end,
        } do
            local ok, text = pcall(case)
            assert(not ok and type(text) == "string")
            table.insert(seen, (string.gsub(text, "plugin.lua:%d+: kv: ", "")))
        end
        return tidegate.reply{body = table.concat(seen, "\n")}"#;
    let told = said(&transform(script).await, "{}").await;
    let wanted = [
        "the store gives no answer: it is down",
        "the key must be a string, not a integer",
        "the value must be a string, not a integer",
        "a key may have 512 bytes and a value 64 KiB",
        "a key may have 512 bytes and a value 64 KiB",
        "the options may have \"ttl_ms\" and \"if_version\" only",
        "the amount must be a whole number, not a number",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn services_work_inside_of_coroutines_and_pcall() {
    let script = r#"
        local kv = tidegate.kv
        local function work(n)
            kv.set("c" .. n, tostring(n))
            local inner = coroutine.wrap(function() kv.set("d" .. n, "x") coroutine.yield(kv.get("c" .. n)) return "end" end)
            coroutine.yield(inner())
            return inner()
        end
        local out = {}
        for n = 1, 3 do
            local co = coroutine.create(work)
            while coroutine.status(co) ~= "dead" do
                local ok, value = coroutine.resume(co, n)
                assert(ok, tostring(value))
                table.insert(out, value)
            end
        end
        assert(select(2, pcall(pcall, kv.get, "d3")) == true)
        return tidegate.reply{body = table.concat(out, " ")}"#;
    assert_eq!(said(&transform(script).await, "{}").await, "1 end 2 end 3 end");
}

#[tokio::test]
async fn requests_go_out_one_or_several() {
    let script = r#"
        local one = tidegate.http.send{url = "https://api.test/a", method = "POST", body = "b\0",
            headers = {["X-K"] = {"1", "2"}}, timeout_ms = 50}
        local none, text = tidegate.http.send{url = "https://api.test/slow"}
        local many = tidegate.http.send{{url = "https://api.test/b"}, {url = "https://other.test/"}}
        local ok, wrong = pcall(function() tidegate.http.send{url = "https://api.test/", follow = true} end)
        return tidegate.reply{body = table.concat({one.status, one.body, one.headers["x-a"], #one.all, one.all[2][2],
            tostring(none), text, many[1].body, many[2].error, wrong}, "|")}"#;
    let bench = Bench::new(
        "transform_request",
        format!("return {{transform_request = function(ctx, headers, body) {script} end}}"),
    );
    let plugin = bench.load().await.unwrap();
    let told = said(&plugin, "{}").await;
    let parts: Vec<_> = told.split('|').collect();
    assert_eq!(parts[..6], ["201", "got https://api.test/a", "1", "2", "2", "nil"]);
    assert_eq!(parts[6..8], ["no answer in time", "got https://api.test/b"]);
    assert!(parts[8].contains("\"other.test\" is not granted"), "{}", parts[8]);
    assert!(parts[9].contains("may have url, method, headers, body and timeout_ms only"), "{}", parts[9]);
    let sent = bench.fake.sent.lock().unwrap();
    assert_eq!((sent[0].method.as_str(), &sent[0].body[..], sent[0].headers.len()), ("POST", &b"b\0"[..], 2));
    assert_eq!(sent[0].headers[0].name, "x-k");
    assert_eq!(sent.len(), 3);
}

#[tokio::test]
async fn series_and_lines() {
    let script = r#"
        tidegate.metrics.count("seen", nil, {b = "x", a = 1})
        tidegate.metrics.count("seen", 2)
        tidegate.metrics.observe("size", 0.5)
        tidegate.log("warn", "a", {n = 1, yes = true})
        tidegate.log.debug("b\xff") tidegate.log.info(3) tidegate.log.error("d") print("e", nil, {})
        local _, level = pcall(tidegate.log, "loud", "x")
        local _, message = pcall(tidegate.log.info, {})
        return tidegate.reply{body = tostring(level) .. tostring(message)}"#;
    let bench = Bench::new(
        "transform_request",
        format!("return {{transform_request = function(ctx, headers, body) {script} end}}"),
    );
    let told = said(&bench.load().await.unwrap(), "{}").await;
    assert!(
        told.contains("the level must be debug") && told.contains("must be a string, not a table"),
        "{told}"
    );
    let series = bench.fake.series.lock().unwrap();
    assert_eq!(series[0], r#"test seen +1 [("a", "1"), ("b", "x")]"#);
    assert_eq!((series[1].as_str(), series[2].as_str()), ("test seen +2 []", "test size =0.5 []"));
}

#[tokio::test]
async fn thousands_of_lines_are_a_few() {
    let plugin =
        transform("local line = string.rep('x', 1e4) for i = 1, 2e4 do tidegate.log.info(line) end").await;
    let (scope, headers) = (scope(), headers(&[]));
    plugin.transform_request(call(&scope, None), &headers, Payload::Absent).await.unwrap();
    assert!(!scope.may_log());
}

#[tokio::test]
async fn configure_has_services_and_no_request() {
    let source = r#"
        local M, token = {}, nil
        function M.configure(config)
            token = tidegate.secrets.get("token")
            tidegate.kv.set("started", "yes")
            tidegate.log.info("configured")
            assert(tidegate.state.get("x") == nil and tidegate.info("service") == "")
            assert(not pcall(tidegate.state.set, "x", "y"))
        end
        function M.transform_request() return tidegate.reply{body = token .. tidegate.kv.get("started")} end
        return M"#;
    let plugin = Bench::new("transform_request", source).load().await.unwrap();
    assert_eq!(said(&plugin, "{}").await, "s3cretyes");
}

#[tokio::test]
async fn nothing_is_reached_without_a_grant() {
    let mut bench = Bench::new(
        "transform_request",
        "return {transform_request = function() tidegate.metrics.count('x') tidegate.kv.get('a') end}",
    );
    bench.granted = false;
    let plugin: std::sync::Arc<dyn Plugin> = bench.load().await.unwrap();
    let told = crate::testing::ask(&plugin, "{}").await.unwrap_err().to_string();
    assert!(told.contains("not granted: the operator must list the capability \"kv\""), "{told}");
    assert!(bench.fake.series.lock().unwrap().is_empty());
}
