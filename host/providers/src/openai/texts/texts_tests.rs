use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidegate_contract::{Dialect, KINDS, Operation, ROLES};

use crate::texts::{FoundText, answer_texts, request_texts};

fn request(operation: Operation, body: &Value) -> Vec<FoundText> {
    checked(request_texts(Dialect::OpenAi, operation, body), body)
}

fn answer(body: &Value) -> Vec<FoundText> {
    checked(answer_texts(Dialect::OpenAi, Operation::Chat, body), body)
}

/// What holds of every finding: known words, a place that exists, none twice.
pub(crate) fn checked(found: Vec<FoundText>, body: &Value) -> Vec<FoundText> {
    let mut pointers = BTreeSet::new();
    for text in &found {
        assert!(ROLES.contains(&text.role) && KINDS.contains(&text.kind), "{text:?}");
        assert!(pointers.insert(&text.pointer), "{text:?} twice");
        let there = body.pointer(&text.pointer).unwrap_or_else(|| panic!("{text:?} is nowhere"));
        assert!(there.is_string() || text.kind == "media", "{text:?}");
        assert_eq!(text.shown.is_some(), text.kind == "media", "{text:?}");
    }
    found
}

/// Every string that begins with `+` must be found, and no other.
pub(crate) fn assert_covered(found: &[FoundText], body: &Value) {
    let found: BTreeSet<&str> =
        found.iter().filter(|text| text.shown.is_none()).map(|text| text.pointer.as_str()).collect();
    let mut marked = BTreeSet::new();
    collect(String::new(), body, &mut marked);
    let marked: BTreeSet<&str> = marked.iter().map(String::as_str).collect();
    assert_eq!(found, marked);
}

fn collect(at: String, value: &Value, marked: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.starts_with('+') => drop(marked.insert(at)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| collect(format!("{at}/{i}"), item, marked));
        }
        Value::Object(entries) => {
            for (key, entry) in entries {
                collect(format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), entry, marked);
            }
        }
        _ => {}
    }
}

/// Texts begin with `+`, and nothing else does.
fn every_field_of_a_chat() -> Value {
    serde_json::from_str(include_str!("every_field.json")).unwrap()
}

#[test]
fn every_text_of_a_chat_is_found_and_nothing_else() {
    let body = every_field_of_a_chat();
    assert_covered(&request(Operation::Chat, &body), &body);
}

/// What a model is not told as words, or what is no longer itself once a judge edits it.
const DELIBERATELY_NOT: [&str; 16] = [
    "/model",
    "/user",
    "/metadata/a",
    "/stop/0",
    "/safety_identifier",
    "/prompt_cache_key",
    "/audio/voice",
    "/tool_choice/function/name",
    "/web_search_options/user_location/approximate/city",
    "/messages/3/tool_calls/0/id",
    "/messages/3/tool_calls/0/function/name",
    "/messages/3/reasoning_details/0/signature",
    "/messages/7/name",
    "/tools/0/function/name",
    "/tools/0/function/parameters/properties/default/pattern",
    "/response_format/json_schema/name",
];

#[test]
fn names_ids_and_settings_are_no_texts() {
    let body = every_field_of_a_chat();
    let found = request(Operation::Chat, &body);
    for pointer in DELIBERATELY_NOT {
        assert!(body.pointer(pointer).is_some_and(Value::is_string), "{pointer} is not in the fixture");
        assert!(found.iter().all(|text| text.pointer != pointer), "{pointer}");
    }
}

#[test]
fn media_are_told_without_bytes_and_secrets() {
    let body = every_field_of_a_chat();
    let found = request(Operation::Chat, &body);
    let shown: Vec<&str> = found.iter().filter_map(|text| text.shown.as_deref()).collect();
    assert_eq!(shown, ["image_url https://host/p", "input_audio wav", "file r.pdf", "hologram"]);
    let data = json!({"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
        {"type": "image_url", "image_url": format!("https://host/{}", "ä".repeat(500))},
        {"type": "text", "text": ""},
    ]}]});
    let found = request(Operation::Chat, &data);
    assert_eq!(found[0].shown.as_deref(), Some("image_url data:image/png"));
    assert_eq!(found[1].shown.as_ref().map(|shown| shown.chars().count()), Some(201));
    assert_eq!(found.len(), 2);
}

#[test]
fn roles_and_kinds_are_the_contracts() {
    let found = request(Operation::Chat, &every_field_of_a_chat());
    let of = |pointer: &str| {
        let text = found.iter().find(|text| text.pointer == pointer).unwrap();
        (text.role, text.kind)
    };
    assert_eq!(of("/messages/0/content"), ("system", "text"));
    assert_eq!(of("/messages/2/content/0/text"), ("user", "text"));
    assert_eq!(of("/messages/2/content/2"), ("user", "media"));
    assert_eq!(of("/messages/3/refusal"), ("assistant", "refusal"));
    assert_eq!(of("/messages/3/reasoning_content"), ("assistant", "reasoning"));
    assert_eq!(of("/messages/3/tool_calls/0/function/arguments"), ("assistant", "tool-arguments"));
    assert_eq!(of("/messages/4/content/1/thinking/0/text"), ("assistant", "reasoning"));
    assert_eq!(of("/messages/6/content/0/text"), ("tool", "tool-result"));
    assert_eq!(of("/tools/0/function/description"), ("system", "text"));
    assert_eq!(of("/prediction/content/0/text"), ("assistant", "text"));
}

#[test]
fn new_is_what_stands_after_the_last_answer() {
    let say = |role: &str| json!({"role": role, "content": "x"});
    let new = |roles: &[&str]| -> Vec<bool> {
        let messages: Vec<Value> = roles.iter().map(|role| say(role)).collect();
        let found = request(Operation::Chat, &json!({"messages": messages}));
        found.iter().map(|text| text.new_turn).collect()
    };
    assert_eq!(new(&["system", "user"]), [true, true]);
    assert_eq!(new(&["system", "user", "assistant", "user"]), [false, false, false, true]);
    assert_eq!(new(&["user", "assistant", "tool", "assistant", "tool"]), [false, false, false, false, true]);
    // Nobody hides a text from judges by an answer put behind it.
    assert_eq!(new(&["user", "assistant"]), [true, true]);
    assert_eq!(new(&["user", "assistant", "user", "assistant"]), [false, false, true, true]);
}

#[test]
fn prompts_are_strings_lists_or_tokens() {
    let completion = json!({"prompt": ["+a", "+b"], "suffix": "+s", "model": "m", "user": "u", "stop": "x"});
    assert_covered(&request(Operation::Completion, &completion), &completion);
    let one = json!({"prompt": "+a", "echo": true});
    assert_covered(&request(Operation::Completion, &one), &one);
    let embeddings = json!({"input": "+a", "encoding_format": "float"});
    assert_covered(&request(Operation::Embeddings, &embeddings), &embeddings);
    let tokens = request(Operation::Embeddings, &json!({"input": [[1, 2, 3], [4]]}));
    let shown: Vec<_> = tokens.iter().map(|text| text.shown.as_deref().unwrap()).collect();
    assert_eq!(shown, ["tokens 3", "tokens 1"]);
    assert_eq!(request(Operation::Other, &json!({"input": "a", "messages": []})), []);
}

#[test]
fn what_is_tokenized_is_a_prompt_or_a_chat() {
    let prompt = json!({"model": "m", "prompt": "+p", "add_special_tokens": true});
    assert_covered(&request(Operation::Tokenize, &prompt), &prompt);
    let chat = every_field_of_a_chat();
    assert_covered(&request(Operation::Tokenize, &chat), &chat);
    let told = json!({"count": 2, "max_model_len": 9, "tokens": [1, 2], "token_strs": ["+a", "+b"]});
    assert_covered(&checked(answer_texts(Dialect::OpenAi, Operation::Tokenize, &told), &told), &told);
}

#[test]
fn what_is_ranked_is_found_in_documents_of_every_shape() {
    let body = json!({
        "model": "m", "query": "+q", "top_n": 2, "max_tokens_per_doc": 9, "rank_fields": ["title"], "instruction": "+i",
        "documents": [
            "+d", {"text": "+t"}, {"title": "+ti", "type": "+ty", "body": {"page": "+b"}}, "+title: tide\nbody: x",
            {"content": [{"type": "text", "text": "+c"}, {"type": "image_url", "image_url": {"url": "https://host/p"}}]},
            {"text": "+tt", "image": "data:image/png;base64,QUJD"}, {"file_id": "+f"},
        ],
    });
    let found = request(Operation::Rerank, &body);
    assert_covered(&found, &body);
    let shown: Vec<&str> = found.iter().filter_map(|text| text.shown.as_deref()).collect();
    assert_eq!(shown, ["image_url https://host/p", "image data:image/png"]);
    let answer = json!({"id": "r", "results": [{"index": 0, "relevance_score": 0.5, "document": {"text": "+t"}}],
        "meta": {"warnings": ["+w"], "billed_units": {"search_units": 1}}});
    assert_covered(&checked(answer_texts(Dialect::OpenAi, Operation::Rerank, &answer), &answer), &answer);
}

#[test]
fn prompts_of_images_and_sounds_are_texts_and_the_rest_is_media() {
    for (operation, body) in [
        (Operation::ImageGeneration, json!({"prompt": "+p", "model": "m", "size": "1024x1024"})),
        (Operation::Speech, json!({"input": "+i", "instructions": "+n", "voice": "alloy", "model": "m"})),
        (Operation::Moderation, json!({"input": ["+a", "+b"], "model": "m"})),
        (Operation::Moderation, json!({"input": [{"type": "text", "text": "+a"}]})),
    ] {
        assert_covered(&request(operation, &body), &body);
    }
    let edit = json!({"prompt": "x", "images": [{"image_url": "https://h/a.png"}, {"file_id": "f"}], "mask": {"file_id": "g"}});
    let shown: Vec<_> = request(Operation::ImageEdit, &edit).into_iter().map(|text| text.shown).collect();
    assert_eq!(shown.iter().flatten().count(), 3, "{shown:?}");
}

#[test]
fn what_is_heard_and_painted_is_an_answer() {
    let said = |operation, body: &Value| answer_texts(Dialect::OpenAi, operation, body);
    let heard = json!({"text": "+t", "language": "+en", "duration": 1.5, "segments": [{"id": 0, "text": "+s"}],
        "words": [{"word": "+w", "start": 0.1}], "usage": {"type": "tokens"}});
    assert_covered(&said(Operation::Transcription, &heard), &heard);
    let painted =
        json!({"created": 1, "data": [{"b64_json": "QUJD", "revised_prompt": "x"}, {"url": "https://h"}]});
    let shown: Vec<_> =
        said(Operation::ImageGeneration, &painted).into_iter().map(|text| text.shown).collect();
    assert_eq!(shown, [None, Some("image".into()), Some("image".into())]);
}

#[test]
fn every_text_of_an_answer_is_found_and_nothing_else() {
    let body = json!({
        "id": "c", "object": "chat.completion", "model": "m", "created": 1, "system_fingerprint": "fp",
        "service_tier": "x", "usage": {"prompt_tokens": 1},
        "choices": [
            {"index": 0, "finish_reason": "stop", "logprobs": {"content": [{"token": "t", "bytes": [1]}]},
             "message": {"role": "assistant", "content": "+c", "refusal": "+r", "reasoning_content": "+rc",
                "annotations": [{"type": "url_citation", "url_citation": {"title": "+t", "url": "+u"}}],
                "novelty": [{"id": "n", "words": "+n"}], "audio": {"id": "a", "data": "QUJD", "transcript": "+tr", "expires_at": 1},
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "+a"}}]}},
            {"index": 1, "message": {"role": "assistant", "content": [{"type": "text", "text": "+p"}],
                "reasoning": "+ro", "function_call": {"name": "f", "arguments": "+fc"}}},
            {"index": 2, "text": "+t", "logprobs": null, "novelty": "+c"},
        ],
        "provider": "p", "citations": ["+u"], "novelty": {"words": "+n"},
    });
    assert_covered(&answer(&body), &body);
}

#[test]
fn errors_repeat_prompts_in_many_shapes() {
    for body in [
        json!({"error": {"message": "+m", "type": "t", "param": "p", "code": "c", "metadata": {"raw": "+r"}}}),
        json!({"error": "+m"}),
        json!({"object": "error", "message": "+m", "type": "t"}),
        json!({"detail": "+m"}),
        json!({"detail": [{"loc": [1], "msg": "+m", "input": {"k": "+i"}}]}),
    ] {
        assert_covered(&answer(&body), &body);
    }
}

#[test]
fn odd_shapes_do_no_harm() {
    for body in [
        json!(null),
        json!([]),
        json!("x"),
        json!({"messages": {"role": "user"}}),
        json!({"messages": [1, "x"]}),
    ] {
        for operation in [Operation::Chat, Operation::Completion, Operation::Embeddings, Operation::Tokenize]
        {
            assert_eq!(request(operation, &body), [], "{body}");
        }
        // A word that stands where nobody expects it is a word.
        let body = json!({"choices": body});
        assert!(answer(&body).iter().all(|text| body.pointer(&text.pointer) == Some(&json!("x"))), "{body}");
    }
}

#[test]
fn media_of_an_answer_are_told_without_bytes() {
    let body = json!({"choices": [{"message": {"content": "a", "audio": {"id": "x", "transcript": "t", "data": "QUJD"},
        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}, "QUJD"]}}]});
    let found = answer(&body);
    let shown: Vec<_> = found.iter().filter_map(|text| text.shown.as_deref()).collect();
    assert_eq!(shown, ["audio", "image_url data:image/png", "image"]);
    let body = json!({"output": [{"type": "image_generation_call", "result": "QUJD"}, {"type": "message", "content": [
        {"type": "output_audio", "transcript": "t", "data": "QUJD"}, {"data": "QUJD"}]}, {"type": "novelty", "data": "QUJD"}]});
    let found = checked(answer_texts(Dialect::OpenAi, Operation::Responses, &body), &body);
    let shown: Vec<_> = found.iter().filter_map(|text| text.shown.as_deref()).collect();
    assert_eq!(shown, ["image_generation_call", "output_audio", "data", "novelty"]);
}
