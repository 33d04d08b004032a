use std::collections::BTreeSet;

use serde_json::json;
use tidegate_contract::{Dialect, Operation};

use super::*;
use crate::openai::texts::tests::{assert_covered, checked};
use crate::stream::places;
use crate::{answer_texts, request_texts};

fn asked(operation: Operation, body: &Value) -> Vec<FoundText> {
    checked(request_texts(Dialect::Gemini, operation, body), body)
}

fn answered(body: &Value) -> Vec<FoundText> {
    checked(answer_texts(Dialect::Gemini, Operation::GenerateContent, body), body)
}

/// Every field of the API that holds a string, as the types of Google's SDK have them; each holds a mark.
fn every_field() -> Value {
    serde_json::from_str(include_str!("texts/every_field.json")).unwrap()
}

/// Fields that hold no words for or of a model, nor anything below them.
const NO_WORDS: [&str; 85] = [
    "safetySettings",
    "toolConfig",
    "labels",
    "modelArmorConfig",
    "retrieval",
    "computerUse",
    "fileSearch",
    "googleSearch",
    "googleMaps",
    "enterpriseWebSearch",
    "googleSearchRetrieval",
    "parallelAiSearch",
    "exaAiSearch",
    "mcpServers",
    "speechConfig",
    "thinkingConfig",
    "imageConfig",
    "routingConfig",
    "modelSelectionConfig",
    "translationConfig",
    "generationOutputConfig",
    "stopSequences",
    "responseModalities",
    "responseMimeType",
    "logprobsResult",
    "usageMetadata",
    "safetyRatings",
    "@type",
    "blockReason",
    "cachedContent",
    "chunkId",
    "contentLayers",
    "continuationToken",
    "createTime",
    "documentName",
    "encodedPolyline",
    "endOffset",
    "fileId",
    "fileSearchStore",
    "finishReason",
    "googleMapsWidgetContextToken",
    "id",
    "jsonPath",
    "language",
    "languageCode",
    "mediaId",
    "mediaProcessing",
    "mediaResolution",
    "mimeType",
    "model",
    "modelStage",
    "modelVersion",
    "name",
    "nullValue",
    "outcome",
    "placeId",
    "responseId",
    "retirementTime",
    "reviewId",
    "role",
    "scheduling",
    "sdkBlob",
    "serviceTier",
    "sourceId",
    "startOffset",
    "taskType",
    "thoughtSignature",
    "toolType",
    "urlRetrievalStatus",
    "status",
    "reason",
    "domain",
    "field",
    "type",
    "format",
    "pattern",
    "required",
    "propertyOrdering",
    "ref",
    "aspectRatio",
    "delivery",
    "imageSize",
    "resolution",
    "duration",
    "gcsUri",
];

#[test]
fn every_field_is_found_or_known_to_hold_no_words() {
    let all = every_field();
    let mut used = BTreeSet::new();
    for (name, body) in all.as_object().unwrap() {
        let found = match name.as_str() {
            "request" => asked(Operation::GenerateContent, body),
            "count" => asked(Operation::GeminiCountTokens, body),
            "embed" => asked(Operation::EmbedContent, body),
            "batch" => asked(Operation::BatchEmbedContents, body),
            _ => answered(body),
        };
        let found: BTreeSet<&str> = found.iter().map(|text| text.pointer.as_str()).collect();
        for (pointer, _) in places::strings(body, &|_, _, _| false) {
            if found.contains(pointer.as_str()) {
                continue;
            }
            let known = NO_WORDS.iter().find(|name| pointer.split('/').any(|token| token == **name));
            used.insert(*known.unwrap_or_else(|| panic!("{name}{pointer} is not found")));
        }
    }
    let unused: Vec<&str> = NO_WORDS.into_iter().filter(|name| !used.contains(*name)).collect();
    assert_eq!(unused, [""; 0]);
}

/// Texts begin with `+`, and nothing else does; `snake` takes the other spelling of the names.
fn conversation(snake: bool) -> Value {
    let [system, inline, mime, call, response, functions, schema, uri] = if snake {
        [
            "system_instruction",
            "inline_data",
            "mime_type",
            "function_call",
            "function_response",
            "function_declarations",
            "parameters_json_schema",
            "file_uri",
        ]
    } else {
        [
            "systemInstruction",
            "inlineData",
            "mimeType",
            "functionCall",
            "functionResponse",
            "functionDeclarations",
            "parametersJsonSchema",
            "fileUri",
        ]
    };
    let file = if snake { "file_data" } else { "fileData" };
    let config = if snake { "generation_config" } else { "generationConfig" };
    let response_schema = if snake { "response_schema" } else { "responseSchema" };
    json!({
        system: {"parts": [{"text": "+s"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "+u"}]},
            {"role": "model", "parts": [
                {"text": "+th", "thought": true, "thought_signature": "s"},
                {"text": "+a"},
                {call: {"id": "c", "name": "f", "args": {"id": "+i", "deep": {"name": ["+j"]}}}, "thoughtSignature": "s"},
                {"executableCode": {"language": "PYTHON", "code": "+ec"}},
                {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "+eo"}},
            ]},
            {"parts": [
                {response: {"id": "c", "name": "f", "response": {"output": "+r", "name": "+rn"},
                    "parts": [{inline: {mime: "image/png", "data": "QUJD"}}]}},
                {inline: {mime: "application/pdf", "data": "QUJD", "displayName": "+dn"}},
                {file: {mime: "video/mp4", uri: "https://a:b@host/p?sig=1"}},
                {file: {uri: "files/abc"}},
                {"hologram": {"id": "x"}},
                {"novelty": {"words": ["+n"]}},
                {"thoughtSignature": "s"},
                {"text": ""},
                {"text": "+last"},
            ]},
        ],
        "tools": [{functions: [{"name": "f", "description": "+fd", schema: {"type": "object",
            "properties": {"x": {"description": "+px", "example": "+pe"}}}}]}, {"googleSearch": {}}, {"novelty": {"words": "+tn"}}],
        config: {"stopSequences": ["s"], response_schema: {"title": "+rt"}, "novelty": "+cn"},
        "novelty": {"words": "+x"},
    })
}

#[test]
fn every_text_of_a_request_is_found_and_nothing_else() {
    for body in [conversation(false), conversation(true)] {
        assert_covered(&asked(Operation::GenerateContent, &body), &body);
        let counted = json!({"generateContentRequest": body});
        assert_covered(&asked(Operation::GeminiCountTokens, &counted), &counted);
    }
    let embed = json!({"model": "m", "content": {"parts": [{"text": "+t"}]}, "taskType": "t", "title": "+d"});
    assert_covered(&asked(Operation::EmbedContent, &embed), &embed);
    let batch =
        json!({"requests": [embed, {"content": {"parts": [{"text": "+t"}, {"novelty": "+n"}]}}, "+w"]});
    assert_covered(&asked(Operation::BatchEmbedContents, &batch), &batch);
    let short = json!({"contents": {"parts": {"text": "+u"}}, "systemInstruction": "+s"});
    assert_covered(&asked(Operation::GenerateContent, &short), &short);
}

#[test]
fn media_are_told_without_bytes_and_secrets() {
    for body in [conversation(false), conversation(true)] {
        let found = asked(Operation::GenerateContent, &body);
        let shown: Vec<&str> = found.iter().filter_map(|text| text.shown.as_deref()).collect();
        assert_eq!(
            shown,
            [
                "image image/png",
                "document application/pdf",
                "video https://host/p",
                "document files/abc",
                "hologram"
            ]
        );
    }
}

#[test]
fn roles_kinds_and_turns_are_the_contracts() {
    let found = asked(Operation::GenerateContent, &conversation(false));
    let of = |pointer: &str| {
        let text = found.iter().find(|text| text.pointer == pointer).unwrap();
        (text.role, text.kind, text.new_turn)
    };
    assert_eq!(of("/systemInstruction/parts/0/text"), ("system", "text", false));
    assert_eq!(of("/contents/0/parts/0/text"), ("user", "text", false));
    assert_eq!(of("/contents/1/parts/0/text"), ("assistant", "reasoning", false));
    assert_eq!(of("/contents/1/parts/2/functionCall/args/id"), ("assistant", "tool-arguments", false));
    assert_eq!(of("/contents/1/parts/4/codeExecutionResult/output"), ("tool", "tool-result", false));
    assert_eq!(of("/contents/2/parts/0/functionResponse/response/output"), ("tool", "tool-result", true));
    assert_eq!(of("/contents/2/parts/0/functionResponse/parts/0/inlineData/data"), ("tool", "media", true));
    assert_eq!(of("/contents/2/parts/8/text"), ("user", "text", true));
    assert_eq!(of("/tools/0/functionDeclarations/0/description"), ("system", "text", false));
}

#[test]
fn an_error_is_found_also_in_a_list() {
    let error = json!({"error": {"code": 400, "message": "+m", "status": "INVALID_ARGUMENT", "details": [
        {"@type": "t", "reason": "r", "metadata": {"k": "+d"}}]}});
    assert_covered(&answered(&error), &error);
    let list = json!([error]);
    assert_covered(&answered(&list), &list);
}

#[test]
fn what_repeats_edited_words_is_forgotten() {
    let part = |text: &str| json!({"text": text, "thoughtSignature": "s"});
    let call = json!({"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "s"});
    let candidate = |text: &str| {
        json!({"content": {"parts": [part(text), {"text": "b", "thought": true}, call]}, "avgLogprobs": 1,
        "logprobsResult": {"chosenCandidates": [{"token": text}]}, "citationMetadata": {"citationSources": [{"endIndex": 1}]},
        "groundingMetadata": {"groundingSupports": [{"segment": {"text": text}}], "webSearchQueries": ["q"]}})
    };
    let before = json!({"candidates": [candidate("a"), candidate("a")]});
    let mut after = before.clone();
    crate::forget_repeats(&before, &mut after);
    assert_eq!(after, before);
    after["candidates"][1]["content"]["parts"][0]["text"] = "x".into();
    crate::forget_repeats(&before, &mut after);
    assert_eq!(after["candidates"][0], before["candidates"][0]);
    let edited = json!({"content": {"parts": [{"text": "x"}, {"text": "b", "thought": true}, call]},
        "groundingMetadata": {"webSearchQueries": ["q"]}});
    assert_eq!(after["candidates"][1], edited);
    let mut after = before.clone();
    after["candidates"][0]["content"]["parts"][1]["text"] = "x".into();
    crate::forget_repeats(&before, &mut after);
    let candidate = &after["candidates"][0];
    assert_eq!(candidate["content"]["parts"][0], json!({"text": "a"}));
    assert_eq!(candidate["content"]["parts"][2]["thoughtSignature"], "skip_thought_signature_validator");
    assert!(candidate["citationMetadata"].is_object() && candidate.get("logprobsResult").is_none());
}

#[test]
fn odd_shapes_do_no_harm() {
    for body in [
        json!(null),
        json!([1]),
        json!(5),
        json!({"contents": [1, null], "tools": 7, "candidates": [5, null]}),
    ] {
        assert_eq!(request(&body), [], "{body}");
        assert_eq!(answer(&body), [], "{body}");
    }
}
