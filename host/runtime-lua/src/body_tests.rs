use std::sync::Arc;

use tidegate_contract::TransformVerdict;
use tidegate_pipeline::{HookError, Payload};

use crate::testing::{ask, call, document, headers, said, scope, transform};

const BODY: &str = r#"{"model":"gpt","temperature":0.5,"stream":false,"stop":null,
    "messages":[{"role":"system","content":"a"},{"role":"user","content":"bä"}],"empty":[],"deep":{"x":[[1]]}}"#;

async fn tells(script: &str, wanted: &str) {
    let plugin =
        transform(&format!("return tidegate.reply{{body = tostring((function() {script} end)())}}")).await;
    assert_eq!(said(&plugin, BODY).await, wanted, "{script}");
}

#[tokio::test]
async fn a_view_reads_like_a_table() {
    tells("return body.model .. body.temperature .. tostring(body.stream)", "gpt0.5false").await;
    tells("return body.stop == tidegate.json.null and body.none == nil", "true").await;
    tells(
        "return #body.messages .. body.messages[2].content .. body.messages[#body.messages].role",
        "2bäuser",
    )
    .await;
    tells("return body.messages[0] == nil and body.messages[3] == nil and body.messages[1.5] == nil", "true")
        .await;
    tells("return body[1] == nil and body.messages.role == nil and body[{}] == nil", "true").await;
    tells("return body.deep.x[1][1] .. #body.empty .. #body", "100").await;
}

#[tokio::test]
async fn a_view_is_gone_over_in_the_order_of_its_text() {
    let script =
        "local seen = {} for key in body do table.insert(seen, key) end return table.concat(seen, ' ')";
    tells(script, "model temperature stream stop messages empty deep").await;
    let script =
        "local seen = {} for at, message in body.messages do table.insert(seen, at .. message.role) end
        return table.concat(seen, ' ')";
    tells(script, "1system 2user").await;
    tells("local n = 0 for _ in body.empty do n += 1 end return n", "0").await;
}

#[tokio::test]
async fn a_view_is_no_table_to_write_to() {
    let plugin = transform("body.model = 'x'").await;
    assert!(matches!(ask(&plugin, BODY).await, Err(HookError::Failed(_))));
    tells("local copy = body() copy.model = 'x' return body.model .. copy.model .. type(copy)", "gptxtable")
        .await;
    tells("return tidegate.json.copy(body.messages)[1].role .. tidegate.json.copy(3)", "system3").await;
    tells(
        "return tidegate.json.encode(body.deep) .. tidegate.json.encode{a = body.stop}",
        r#"{"x":[[1]]}{"a":null}"#,
    )
    .await;
}

#[tokio::test]
async fn a_body_may_be_a_scalar() {
    let plugin = transform("return tidegate.reply{body = tostring(body)}").await;
    assert_eq!(said(&plugin, "3").await, "3");
    assert_eq!(said(&plugin, "\"x\"").await, "x");
}

const KEEPER: &str = r#"
    kept = kept or {}
    if kept.body then
        local seen = {}
        for _, read in {
            function() return kept.body.model end, function() return kept.child.role end, function() return #kept.body end,
            function() return kept.body() end, function() for _ in kept.body do end end,
        } do
            local ok, text = pcall(read)
            table.insert(seen, if ok then "leaked" else "closed")
            assert(ok or string.find(tostring(text), "has ended", 1, true), tostring(text))
        end
        return tidegate.reply{body = table.concat(seen, " ")}
    end
    kept = {body = body, child = body.messages[1]}"#;

#[tokio::test]
async fn what_a_script_keeps_is_closed_with_the_call() {
    let plugin = transform(KEEPER).await;
    ask(&plugin, BODY).await.unwrap();
    assert_eq!(said(&plugin, r#"{"model":"other"}"#).await, ["closed"; 5].join(" "));
}

#[tokio::test]
async fn headers_that_a_script_keeps_are_those_of_the_call_that_runs() {
    let plugin = transform("kept = kept or {headers} return tidegate.reply{body = kept[1]['x-a']}").await;
    for value in ["1", "2"] {
        let (scope, document, headers) = (scope(), document(BODY), headers(&[("x-a", value)]));
        let asked = plugin.transform_request(call(&scope, None), &headers, Payload::Whole(&document)).await;
        let TransformVerdict::Reply(reply) = asked.unwrap() else { panic!() };
        assert_eq!(reply.body, value.as_bytes());
    }
}

#[tokio::test]
async fn the_tree_is_let_go_when_the_call_ends() {
    for script in [KEEPER, "kept = body error('x')", "kept = body.messages[1] local s = string.rep('x', 1e9)"]
    {
        let plugin = transform(script).await;
        let (scope, document, headers) = (scope(), document(BODY), headers(&[]));
        let _ = plugin.transform_request(call(&scope, None), &headers, Payload::Whole(&document)).await;
        assert_eq!(Arc::strong_count(document.tree().unwrap()), 1, "{script}");
        assert_eq!(Arc::strong_count(&scope), 1, "{script}");
    }
}

#[tokio::test]
async fn the_tree_is_let_go_when_the_call_is_dropped() {
    let plugin = transform("kept = body tidegate.kv.get('never')").await;
    let (scope, document, headers) = (scope(), document(BODY), headers(&[]));
    let mut asked = plugin.transform_request(call(&scope, None), &headers, Payload::Whole(&document));
    for _ in 0..3 {
        assert!(futures_util::poll!(&mut asked).is_pending());
    }
    drop(asked);
    assert_eq!(Arc::strong_count(document.tree().unwrap()), 1);
    assert_eq!(Arc::strong_count(&scope), 1);
}
