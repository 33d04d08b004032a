use std::collections::BTreeSet;

use serde_json::json;
use tidegate_contract::{Dialect, Operation};

use super::*;
use crate::openai::texts::tests::{assert_covered, checked};
use crate::stream::{edit_stream, places};
use crate::{answer_texts, forget_repeats, request_texts};

fn asked(body: &Value) -> Vec<FoundText> {
    checked(request_texts(Dialect::Bedrock, Operation::Converse, body), body)
}

fn answered(body: &Value) -> Vec<FoundText> {
    checked(answer_texts(Dialect::Bedrock, Operation::Converse, body), body)
}

/// Fields that hold no words for or of a model, nor anything below them.
const NO_WORDS: [&str; 35] = [
    "inferenceConfig",
    "guardrailConfig",
    "requestMetadata",
    "performanceConfig",
    "serviceTier",
    "projectIdentifier",
    "additionalModelResponseFieldPaths",
    "usage",
    "__type",
    "action",
    "bucketOwner",
    "confidence",
    "effort",
    "filterStrength",
    "format",
    "guardrailArn",
    "guardrailId",
    "guardrailOrigin",
    "guardrailOwnership",
    "guardrailVersion",
    "identifier",
    "invokedModelId",
    "name",
    "policyVersionArn",
    "qualifiers",
    "redactedContent",
    "regex",
    "role",
    "serverName",
    "signature",
    "status",
    "stopReason",
    "toolUseId",
    "ttl",
    "type",
];

/// Every field of the API that holds a string, as AWS's model of the service has them; each holds a mark.
fn every_field() -> Value {
    serde_json::from_str(include_str!("texts/every_field.json")).unwrap()
}

fn streamed(events: &Value) -> BTreeSet<String> {
    let mut editor = edit_stream(Dialect::Bedrock, Operation::Converse).unwrap();
    let mut found = BTreeSet::new();
    for (index, event) in events.as_array().unwrap().iter().enumerate() {
        let pieces = editor.read(event).pieces.into_iter();
        found.extend(pieces.map(|piece| format!("/{index}{}", piece.pointer)));
    }
    found
}

#[test]
fn every_field_is_found_or_known_to_hold_no_words() {
    let mut used = BTreeSet::new();
    for (name, body) in every_field().as_object().unwrap() {
        let pointers = |found: Vec<FoundText>| found.into_iter().map(|text| text.pointer).collect();
        let found = match name.as_str() {
            "request" => pointers(asked(body)),
            "stream" => streamed(body),
            _ => pointers(answered(body)),
        };
        for (pointer, _) in places::strings(body, &|_, _, _| false) {
            if found.contains(&pointer) {
                continue;
            }
            let known = NO_WORDS.iter().find(|name| pointer.split('/').any(|token| token == **name));
            used.insert(*known.unwrap_or_else(|| panic!("{name}{pointer} is not found")));
        }
    }
    let unused: Vec<&str> = NO_WORDS.into_iter().filter(|name| !used.contains(*name)).collect();
    assert_eq!(unused, [""; 0]);
}

/// Texts begin with `+`, and nothing else does.
fn conversation() -> Value {
    json!({
        "modelId": "m", "inferenceConfig": {"stopSequences": ["s"]}, "requestMetadata": {"a": "b"},
        "system": [{"text": "+s"}, {"cachePoint": {"type": "default"}}],
        "promptVariables": {"city": {"text": "+pv"}},
        "messages": [
            {"role": "user", "content": [{"text": "+u"}]},
            {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "+th", "signature": "s"}}},
                {"reasoningContent": {"redactedContent": "QUJD"}},
                {"text": "+a"},
                {"toolUse": {"toolUseId": "t1", "name": "t", "input": {"name": "+i", "deep": {"type": ["+j"]}}}},
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "t1", "status": "error", "content": [{"text": "+r1"}, {"json": {"name": "+r2"}},
                    {"image": {"format": "png", "source": {"bytes": "QUJD"}}}]}},
                {"document": {"format": "pdf", "name": "+dn", "context": "+dc", "source": {"s3Location": {"uri": "s3://b/k"}}}},
                {"document": {"format": "txt", "name": "+dm", "source": {"text": "+dt"}}},
                {"document": {"format": "txt", "name": "+do", "source": {"content": [{"text": "+de"}]}}},
                {"video": {"format": "mp4", "source": {"bytes": "QUJD"}}},
                {"audio": {"format": "wav", "source": {}}},
                {"guardContent": {"text": {"text": "+g", "qualifiers": ["query"]}}},
                {"guardContent": {"image": {"format": "jpeg", "source": {"bytes": "QUJD"}}}},
                {"searchResult": {"source": "+su", "title": "+st", "content": [{"text": "+sx"}]}},
                {"hologram": {"id": 1}},
                {"novelty": {"words": ["+n"]}},
                {"text": ""},
                {"text": "+last"},
            ]},
        ],
        "toolConfig": {"toolChoice": {"tool": {"name": "t"}}, "tools": [{"toolSpec": {"name": "t", "description": "+td",
            "inputSchema": {"json": {"type": "object", "properties": {"x": {"type": "string", "description": "+tx"}}}}}}]},
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"name": "n", "description": "+jd",
            "schema": "+{}"}}}},
        "additionalModelRequestFields": {"anthropic_beta": ["b"], "thinking": {"type": "enabled"}, "documents": ["+vd"]},
    })
}

#[test]
fn every_text_of_a_request_is_found_and_nothing_else() {
    let body = conversation();
    assert_covered(&asked(&body), &body);
}

#[test]
fn media_are_told_without_bytes() {
    let found = asked(&conversation());
    let shown: Vec<&str> = found.iter().filter_map(|text| text.shown.as_deref()).collect();
    assert_eq!(shown, ["image png", "document s3://b/k", "video mp4", "audio wav", "image jpeg", "hologram"]);
}

#[test]
fn roles_kinds_and_turns_are_the_contracts() {
    let found = asked(&conversation());
    let of = |pointer: &str| {
        let text = found.iter().find(|text| text.pointer == pointer).unwrap();
        (text.role, text.kind, text.new_turn)
    };
    assert_eq!(of("/system/0/text"), ("system", "text", false));
    assert_eq!(of("/messages/0/content/0/text"), ("user", "text", false));
    let thought = "/messages/1/content/0/reasoningContent/reasoningText/text";
    assert_eq!(of(thought), ("assistant", "reasoning", false));
    assert_eq!(of("/messages/1/content/3/toolUse/input/name"), ("assistant", "tool-arguments", false));
    assert_eq!(of("/messages/2/content/0/toolResult/content/0/text"), ("tool", "tool-result", true));
    assert_eq!(of("/messages/2/content/0/toolResult/content/1/json/name"), ("tool", "tool-result", true));
    assert_eq!(of("/messages/2/content/12/text"), ("user", "text", true));
    assert_eq!(of("/toolConfig/tools/0/toolSpec/description"), ("system", "text", false));
    assert_eq!(of("/promptVariables/city/text"), ("user", "text", true));
}

#[test]
fn an_edited_thought_is_signed_no_more() {
    let thought =
        |text: &str| json!({"reasoningContent": {"reasoningText": {"text": text, "signature": "s"}}});
    let before = json!({"output": {"message": {"content": [thought("a"), thought("b"), {"text": "c"}]}},
        "trace": {"guardrail": {"modelOutput": ["c"], "actionReason": "r"}}});
    let mut after = before.clone();
    forget_repeats(&before, &mut after);
    assert_eq!(after, before);
    after["output"]["message"]["content"][1]["reasoningContent"]["reasoningText"]["text"] = "x".into();
    forget_repeats(&before, &mut after);
    let unsigned = json!({"reasoningContent": {"reasoningText": {"text": "x"}}});
    assert_eq!(after["output"]["message"]["content"], json!([thought("a"), unsigned, {"text": "c"}]));
    assert_eq!(after["trace"], json!({"guardrail": {"actionReason": "r"}}));
}

#[test]
fn odd_shapes_do_no_harm() {
    for body in
        [json!(null), json!([1]), json!(5), json!({"messages": [1, null], "toolConfig": 5, "output": 7})]
    {
        assert_eq!(request(&body), [], "{body}");
        assert_eq!(answer(&body), [], "{body}");
    }
}
