use std::net::IpAddr;
use std::sync::Arc;

use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, BodyChange, Event, EventVerdict, Finding, Head, HeaderEdit, JsonEdit,
    JsonSet, Judgement, Outcome, Peer, Text, TransformVerdict, Usage,
};
use tidegate_pipeline::{Field, HookError, Payload, Plugin};

use crate::testing::{Bench, alice, ask, call, document, headers, plugin, said, scope, transform};

fn head<'a>(fields: &'a [(&'a str, &'a [u8])]) -> Head<'a> {
    Head {
        method: "POST",
        scheme: "https",
        authority: "gw.test:8443",
        path: "/v1/chat/completions",
        query: "a=1",
        headers: fields,
        client: Peer::at(IpAddr::from([10, 0, 0, 7])),
        body_sha256: Some(&[1, 255]),
    }
}

fn text<'a>(id: u32, content: &'a str) -> Text<'a> {
    Text {
        id,
        role: "user",
        kind: "text",
        content: content.into(),
        start: 0,
        released: 0,
        complete: true,
        new_turn: true,
    }
}

async fn authenticate(body: &str) -> Result<AuthVerdict, HookError> {
    let source = format!("local M = {{}} function M.authenticate(ctx, head) {body} end return M");
    let plugin = plugin("authenticate", &source).await;
    let scope = scope();
    plugin.authenticate(call(&scope, None), head(&[("x-key", b"k\xff"), ("x-key", b"2")])).await
}

#[tokio::test]
async fn authenticate_sees_the_head_and_may_pass_grant_or_deny() {
    assert!(matches!(authenticate("").await.unwrap(), AuthVerdict::Pass));
    assert!(matches!(authenticate("return tidegate.pass()").await.unwrap(), AuthVerdict::Pass));
    let body = r#"
        assert(head.method == "POST" and head.scheme == "https" and head.authority == "gw.test:8443")
        assert(head.path == "/v1/chat/completions" and head.query == "a=1")
        assert(head.headers["X-Key"] == "k\xff" and #head.headers:all("x-key") == 2 and #head.headers == 2)
        assert(head.client.address == "10.0.0.7" and #head.client.names == 0)
        assert(head.body_sha256 == "\1\xff" and ctx.principal == nil)
        return tidegate.grant{principal = "alice", tenant = "acme", attributes = {team = "a", org = "b"},
            headers = {set = {["x-user"] = "alice"}, add = {["x-role"] = {"a", "b"}}, remove = {"x-key"}}}"#;
    let AuthVerdict::Allow(grant) = authenticate(body).await.unwrap() else { panic!("no grant") };
    assert_eq!((grant.principal.id.as_str(), grant.principal.tenant.as_deref()), ("alice", Some("acme")));
    let attributes: Vec<_> = grant.principal.attributes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(attributes, ["org", "team"]);
    let wanted = [
        HeaderEdit::Remove("x-key".into()),
        HeaderEdit::Set("x-user".into(), b"alice".to_vec()),
        HeaderEdit::Add("x-role".into(), b"a".to_vec()),
        HeaderEdit::Add("x-role".into(), b"b".to_vec()),
    ];
    assert_eq!(grant.headers, wanted);
    let AuthVerdict::Allow(grant) = authenticate("return tidegate.grant('bob')").await.unwrap() else {
        panic!()
    };
    assert_eq!(grant.principal.id, "bob");
    for body in [
        "return tidegate.deny(401, 'bad_key', 'the key is wrong')",
        "return tidegate.deny{status = 401, code = 'bad_key', message = 'the key is wrong'}",
    ] {
        let AuthVerdict::Deny(refusal) = authenticate(body).await.unwrap() else { panic!("no refusal") };
        assert_eq!((refusal.status, &*refusal.code, &*refusal.message), (401, "bad_key", "the key is wrong"));
    }
}

#[tokio::test]
async fn admission_and_settlement() {
    let source = r#"
        local M = {}
        function M.admit(ctx, estimate)
            assert(ctx.principal.id == "alice" and ctx.principal.attributes.team == "search")
            if estimate.input > 10 then
                return tidegate.refuse{status = 429, code = "quota", message = "no more", headers = {["retry-after"] = "3"}}
            end
            if estimate.input == 0 then return end
            return tidegate.admit("t-" .. estimate.input)
        end
        function M.settle(ctx, ticket, actual)
            tidegate.state.set(ticket, tostring(actual.output) .. tostring(actual.cost_micro_usd))
        end
        return M"#;
    let plugin = plugin("admit settle", source).await;
    let (scope, alice) = (scope(), alice());
    let ask = |input| plugin.admit(call(&scope, Some(&alice)), Usage { input, ..Usage::default() });
    assert_eq!(ask(5).await.unwrap(), AdmissionVerdict::Admitted(Some("t-5".into())));
    assert_eq!(ask(0).await.unwrap(), AdmissionVerdict::Admitted(None));
    let AdmissionVerdict::Refused(refusal) = ask(11).await.unwrap() else { panic!("admitted") };
    assert_eq!((refusal.status, refusal.headers[0].name.as_str()), (429, "retry-after"));
    let actual = Usage { output: 7, cost_micro_usd: Some(12), ..Usage::default() };
    plugin.settle(call(&scope, None), "t-5", actual).await.unwrap();
    assert_eq!(scope.note("t-5").unwrap(), b"712");
}

#[tokio::test]
async fn the_context_has_every_fact() {
    let body = r#"
        local p = ctx.principal
        local facts = {ctx.request_id, ctx.route, ctx.dialect, ctx.operation, ctx.model, tostring(ctx.streaming),
            ctx.attempt, p.id, p.tenant, p.attributes.team, tostring(ctx.unknown), type(ctx.deadline_ms)}
        assert(ctx.deadline_ms > 0 and ctx.deadline_ms <= 5000)
        return tidegate.reply{status = 201, headers = {["x-n"] = "1"}, body = table.concat(facts, " ")}"#;
    let plugin = transform(body).await;
    let (scope, alice) = (scope(), alice());
    let verdict =
        plugin.transform_request(call(&scope, Some(&alice)), &headers(&[]), Payload::Absent).await.unwrap();
    let TransformVerdict::Reply(reply) = verdict else { panic!("no reply") };
    let body = String::from_utf8(reply.body).unwrap();
    assert_eq!(body, "req-1 gpt openai chat gpt-4o true 2 alice acme search nil number");
    assert_eq!((reply.status, reply.headers[0].name.as_str()), (201, "x-n"));
}

#[tokio::test]
async fn changes_are_made_in_a_fixed_order() {
    let plugin = transform(
        r#"return tidegate.changed{
            insert = {{"/messages/-", {role = "user", content = "x"}}},
            set = {["/b"] = {}, ["/a"] = tidegate.json.array()},
            remove = {"/x", "/y"},
            headers = {set = {["x-team"] = "a"}}, cluster = "eu", reroute = true}"#,
    )
    .await;
    let TransformVerdict::Changed(change) = ask(&plugin, "{}").await.unwrap() else { panic!("unchanged") };
    let set = |pointer: &str, value: &str| JsonSet { pointer: pointer.into(), value: value.into() };
    let edits = vec![
        JsonEdit::Remove("/x".into()),
        JsonEdit::Remove("/y".into()),
        JsonEdit::Set(set("/a", "[]")),
        JsonEdit::Set(set("/b", "{}")),
        JsonEdit::Insert(set("/messages/-", r#"{"content":"x","role":"user"}"#)),
    ];
    assert_eq!(change.body, Some(BodyChange::Edits(edits)));
    assert_eq!(change.headers, [HeaderEdit::Set("x-team".into(), b"a".to_vec())]);
    assert_eq!((change.cluster.as_deref(), change.reroute), (Some("eu"), true));
}

#[tokio::test]
async fn edits_in_the_authors_order_a_whole_body_and_no_change() {
    let listed = transform(
        r#"return tidegate.changed{edits = {{op = "insert", path = "/l/0", value = tidegate.json.null},
            {op = "remove", path = "/x"}, {op = "set", path = "/a", value = 1.5}}}"#,
    )
    .await;
    let TransformVerdict::Changed(change) = ask(&listed, "{}").await.unwrap() else { panic!("unchanged") };
    let set = |pointer: &str, value: &str| JsonSet { pointer: pointer.into(), value: value.into() };
    let edits = vec![
        JsonEdit::Insert(set("/l/0", "null")),
        JsonEdit::Remove("/x".into()),
        JsonEdit::Set(set("/a", "1.5")),
    ];
    assert_eq!(change.body, Some(BodyChange::Edits(edits)));
    let whole = transform("local b = body() b.model = 'other' return tidegate.changed{replace = b}").await;
    let verdict = ask(&whole, r#"{"model":"a","stop":[],"n":9007199254740991}"#).await.unwrap();
    let TransformVerdict::Changed(change) = verdict else { panic!("unchanged") };
    let text = r#"{"model":"other","n":9007199254740991,"stop":[]}"#;
    assert_eq!(change.body, Some(BodyChange::Replace(text.into())));
    for body in ["", "return", "return tidegate.unchanged()", "return tidegate.changed{}"] {
        assert_eq!(ask(&transform(body).await, "{}").await.unwrap(), TransformVerdict::Unchanged, "{body}");
    }
}

#[tokio::test]
async fn a_body_may_be_fields_absent_or_opaque() {
    let body =
        r#"return tidegate.reply{body = tidegate.json.encode(if body == nil then "nothing" else body)}"#;
    let plugin = transform(body).await;
    let (scope, headers) = (scope(), headers(&[]));
    let field = |pointer, value: &'static str| Field { pointer, value: value.into() };
    let fields = [field("/model", "\"gpt\""), field("/messages", r#"[{"a":null}]"#)];
    let cases = [
        (Payload::Fields(&fields), r#"{"/messages":[{"a":null}],"/model":"gpt"}"#),
        (Payload::Absent, r#""nothing""#),
        (Payload::Opaque("audio/wav"), r#"{"media_type":"audio/wav"}"#),
    ];
    for (payload, wanted) in cases {
        let verdict = plugin.transform_request(call(&scope, None), &headers, payload).await.unwrap();
        let TransformVerdict::Reply(reply) = verdict else { panic!("no reply") };
        assert_eq!(String::from_utf8(reply.body).unwrap(), wanted);
    }
}

#[tokio::test]
async fn answers_and_attempts_have_hooks_of_their_own() {
    let source = r#"
        local M = {}
        function M.transform_upstream(ctx, headers, body)
            return tidegate.changed{set = {["/a"] = headers["x-a"]}}
        end
        function M.transform_response(ctx, status, headers, body)
            return tidegate.reply{status = status, body = body.id}
        end
        return M"#;
    let plugin = plugin("transform_upstream transform_response", source).await;
    let (scope, document, headers) = (scope(), document(r#"{"id":"x"}"#), headers(&[("x-a", "1")]));
    let whole = Payload::Whole(&document);
    let upstream = plugin.transform_upstream(call(&scope, None), &headers, whole).await.unwrap();
    assert!(matches!(upstream, TransformVerdict::Changed(change) if change.body.is_some()));
    let answer = plugin.transform_response(call(&scope, None), 502, &headers, whole).await.unwrap();
    assert!(matches!(answer, TransformVerdict::Reply(reply) if reply.status == 502 && reply.body == b"x"));
}

#[tokio::test]
async fn each_event_gets_its_verdict() {
    let source = r#"
        local M = {}
        function M.transform_event(ctx, event)
            if event.data.n == 1 then return tidegate.keep() end
            if event.data.n == 2 then return tidegate.drop() end
            if event.data.n == 3 then
                local data = event.data()
                data.n = 30
                return tidegate.replace{name = event.name, data = data}
            end
            if event.data.n == 4 then return tidegate.replace{{data = {n = 41}}, {data = event.data}} end
        end
        return M"#;
    let plugin = plugin("transform_event", source).await;
    let scope = scope();
    let event = |n: u32| Event { name: Some("delta".into()), data: format!(r#"{{"z":0,"n":{n}}}"#) };
    let events = [event(1), event(2), event(3), event(4), event(5)];
    let verdicts = plugin.transform_event(call(&scope, None), &events).await.unwrap();
    let made = |name: Option<&str>, data: &str| Event { name: name.map(str::to_owned), data: data.into() };
    let wanted = [
        EventVerdict::Keep,
        EventVerdict::Drop,
        EventVerdict::Replace(vec![made(Some("delta"), r#"{"n":30,"z":0}"#)]),
        EventVerdict::Replace(vec![made(None, r#"{"n":41}"#), made(None, r#"{"z":0,"n":4}"#)]),
        EventVerdict::Keep,
    ];
    assert_eq!(verdicts, wanted);
}

#[tokio::test]
async fn moderation_allows_flags_redacts_and_blocks() {
    let source = r#"
        local M = {}
        function M.moderate_input(ctx, texts)
            local text = texts[1]
            assert(text.role == "user" and text.kind == "text" and text.complete and text.new_turn)
            if text.content == "flag" then
                return tidegate.flag({{category = "spam", score = 0.5, text = text, detail = "d"}}, {hold = {[1] = 4}})
            end
            if text.content == "block" then
                return tidegate.block("not allowed", {findings = {category = "bad"}})
            end
            if text.content == "hold" then return tidegate.allow{hold = 12} end
            local edits = {}
            for _, text in texts do
                local at = 1
                while true do
                    local from, to = string.find(text.content, "ä+", at)
                    if not from then break end
                    table.insert(edits, 1, {text = text, from = from, to = to})
                    at = to + 1
                end
            end
            if #edits > 0 then return tidegate.redact(edits) end
        end
        function M.moderate_output(ctx, texts, last)
            if last then return tidegate.redact{text = 1, from = 2, to = 1, with = "!"} end
        end
        return M"#;
    let plugin = plugin("moderate_input moderate_output", source).await;
    let scope = scope();
    let input = async |content: &str| {
        let texts = [text(1, content), text(2, "zä")];
        plugin.moderate_input(call(&scope, None), &texts).await.unwrap()
    };
    let flagged = input("flag").await;
    let finding = Finding { category: "spam".into(), score: Some(0.5), text: Some(1), detail: "d".into() };
    assert_eq!(
        (flagged.findings, flagged.hold, flagged.judgement),
        (vec![finding], vec![(1, 4)], Judgement::Allow)
    );
    let blocked = input("block").await;
    assert_eq!(blocked.judgement, Judgement::Block("not allowed".into()));
    assert_eq!(blocked.findings[0].category, "bad");
    assert_eq!(input("hold").await.hold, [(1, 12), (2, 12)]);
    let Judgement::Edit(edits) = input("aä bä").await.judgement else { panic!("no edits") };
    let places: Vec<_> =
        edits.iter().map(|edit| (edit.id, edit.start, edit.end, edit.replacement.as_str())).collect();
    assert_eq!(places, [(1, 1, 3, "***"), (1, 5, 7, "***"), (2, 1, 3, "***")]);
    let texts = [text(1, "ab")];
    let more = plugin.moderate_output(call(&scope, None), &texts, false).await.unwrap();
    assert_eq!(more.judgement, Judgement::Allow);
    let last = plugin.moderate_output(call(&scope, None), &texts, true).await.unwrap();
    let Judgement::Edit(edits) = last.judgement else { panic!("no edits") };
    assert_eq!((edits[0].start, edits[0].end), (1, 1));
}

#[tokio::test]
async fn completed_is_told_all() {
    let source = r#"
        local M = {}
        function M.completed(ctx, outcome)
            assert(outcome.usage.input == 3 and outcome.findings[1].category == "pii" and outcome.cancelled)
            tidegate.state.set("seen", `{outcome.status} {outcome.error} {outcome.attempts} {outcome.first_token_ms}`)
        end
        return M"#;
    let plugin = plugin("completed", source).await;
    let scope = scope();
    let finding = Finding { category: "pii".into(), score: None, text: None, detail: String::new() };
    let outcome = Outcome {
        status: 499,
        error: Some("left".into()),
        attempts: 2,
        usage: Usage { input: 3, ..Usage::default() },
        findings: vec![finding],
        cancelled: true,
        ..Outcome::default()
    };
    plugin.completed(call(&scope, None), &outcome).await.unwrap();
    assert_eq!(scope.note("seen").unwrap(), b"499 left 2 nil");
}

#[tokio::test]
async fn headers_are_read_by_name_as_lists_and_in_order() {
    let body = r#"
        local seen = {}
        for name, value in headers do table.insert(seen, name .. "=" .. value) end
        assert(headers["x-none"] == nil and #headers:all("x-none") == 0)
        return tidegate.reply{body = table.concat(seen, " ") .. " " .. table.concat(headers:all("X-A"), "+")}"#;
    assert_eq!(said(&transform(body).await, "{}").await, "x-a=1 x-a=3 x-b=2 1+3");
}

#[tokio::test]
async fn an_error_of_the_script_is_told_and_leaves_the_vm() {
    let source = r#"
        local M, calls = {}, 0
        function M.transform_request(ctx, headers, body)
            calls += 1
            if calls == 1 then error("no such tenant") end
            return tidegate.reply{body = tostring(calls)}
        end
        return M"#;
    let plugin = plugin("transform_request", source).await;
    let error = ask(&plugin, "{}").await.unwrap_err();
    assert!(matches!(&error, HookError::Failed(text) if text == "plugin.lua:5: no such tenant"), "{error}");
    assert_eq!(said(&plugin, "{}").await, "2");
}

#[tokio::test]
async fn configuration_reaches_every_vm_and_calls_run_at_once() {
    let source = r#"
        local M, words = {}, nil
        function M.configure(config) words = config.words end
        function M.transform_request(ctx, headers, body)
            tidegate.kv.get("any")
            return tidegate.reply{body = table.concat(words, ",")}
        end
        return M"#;
    let mut bench = Bench::new("transform_request", source);
    bench.config = r#"{"words":["a","b"]}"#;
    let plugin: Arc<dyn Plugin> = bench.load().await.unwrap();
    let all = (0..20).map(|_| said(&plugin, "{}"));
    for body in futures_util::future::join_all(all).await {
        assert_eq!(body, "a,b");
    }
}
