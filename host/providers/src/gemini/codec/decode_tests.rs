//! Tests of what clients ask.

use super::*;
use crate::exchange::request::{MediaKind, Source, Thought, ToolResult};

const HEAD: Head<'static> = Head { model: Some("gemini-2.5-flash"), stream: true };

fn read(body: &str) -> Result<Request<'_>, Refused> {
    request(Json::read(body.as_bytes()).unwrap(), &HEAD)
}

fn blocks(part: &str) -> Vec<Part<'static>> {
    let body = format!(r#"{{"contents":[{{"parts":[{part}]}}]}}"#);
    let body = Json::read(body.as_bytes()).unwrap().into_owned();
    let messages = request(body, &HEAD).unwrap().messages;
    messages.into_iter().flat_map(|message| message.blocks).map(|block| block.part).collect()
}

#[test]
fn the_path_says_the_model_and_whether_to_stream() {
    let body = r#"{"model":"models/other","contents":[]}"#;
    let asked = read(body).unwrap();
    assert_eq!((&*asked.model, asked.stream, asked.stream_usage), ("gemini-2.5-flash", true, None));
    let named = request(Json::read(body.as_bytes()).unwrap(), &Head::default()).unwrap();
    assert_eq!((&*named.model, named.stream), ("models/other", false));
    let nameless = request(Json::read(br#"{"contents":[]}"#).unwrap(), &Head::default());
    assert_eq!(nameless.unwrap_err().message, r#""model" is missing"#);
}

#[test]
fn what_nobody_knows_is_told_with_its_place() {
    let body = r#"{"contents":[{"parts":[{"text":"a","partMetadata":{}}],"x":1}],"tools":[{"googleMaps":{}}],
        "toolConfig":{"retrievalConfig":{}},"generationConfig":{"thinkingConfig":{"y":1},"imageConfig":{}},"cached_content":"c"}"#;
    let unknown = read(body).unwrap().unknown;
    let expected = [
        "generationConfig.thinkingConfig.y",
        "generationConfig.imageConfig",
        "contents[0].parts[0].partMetadata",
        "contents[0].x",
        "tools[0].googleMaps",
        "toolConfig.retrievalConfig",
        "cachedContent",
    ];
    assert_eq!(unknown, expected);
}

#[test]
fn what_is_not_as_the_api_has_it_is_refused() {
    for (body, message) in [
        ("[]", "the body must be an object, not a list"),
        (r#"{"contents":1}"#, r#""contents" must be a list, not a number"#),
        (r#"{"contents":[1]}"#, r#""contents[0]" must be an object, not a number"#),
        (r#"{"contents":[{"parts":"a"}]}"#, r#""contents[0].parts" must be a list of parts, not a string"#),
        (
            r#"{"contents":[{"parts":[{"text":1}]}]}"#,
            r#""contents[0].parts[0].text" must be a string, not a number"#,
        ),
        (r#"{"contents":[],"tools":"a"}"#, r#""tools" must be a list, not a string"#),
        (
            r#"{"contents":[],"generation_config":{"max_output_tokens":-1}}"#,
            r#""generationConfig.maxOutputTokens" must be a whole number that is not negative"#,
        ),
    ] {
        assert_eq!(read(body).unwrap_err().message, message);
    }
}

#[test]
fn a_signature_stands_behind_words_and_in_calls_and_thoughts() {
    let signed = |text: &'static str| {
        Part::Reasoning(Thought { text: text.into(), signature: Some("s".into()), redacted: None })
    };
    assert_eq!(blocks(r#"{"text":"a","thoughtSignature":"s"}"#), [Part::Text("a".into()), signed("")]);
    assert_eq!(blocks(r#"{"text":"","thought_signature":"s"}"#), [signed("")]);
    assert_eq!(blocks(r#"{"text":"a","thought":true,"thoughtSignature":"s"}"#), [signed("a")]);
    assert_eq!(blocks(r#"{"text":""}"#), [Part::Text("".into())]);
    assert_eq!(blocks("{}"), []);
}

#[test]
fn results_say_a_text() {
    let result = |response: &str| {
        let part = format!(
            r#"{{"functionCall":{{"name":"f"}}}},{{"functionResponse":{{"name":"f","response":{response}}}}}"#
        );
        match blocks(&part).pop() {
            Some(Part::ToolResult(ToolResult { mut parts, is_error, .. })) => (parts.remove(0), is_error),
            _ => (Part::Refusal("no result".into()), false),
        }
    };
    let text = |text: &'static str| Part::Text(text.into());
    assert_eq!(result(r#"{"output":"a"}"#), (text("a"), false));
    assert_eq!(result(r#"{"output":{"a":1}}"#), (text(r#"{"output":{"a":1}}"#), false));
    assert_eq!(result(r#"{"error":{"a":1}}"#), (text(r#"{"a":1}"#), true));
    assert_eq!(result(r#"{"error":"a","code":5}"#), (text(r#"{"error":"a","code":5}"#), true));
    assert_eq!(result(r#"{"error":null}"#), (text(r#"{"error":null}"#), false));
    assert_eq!(result("{}"), (text("{}"), false));
}

#[test]
fn files_are_of_the_kind_of_their_type() {
    let media = |part: &str| match blocks(part).pop() {
        Some(Part::Media(media)) => Some((media.kind, matches!(media.source, Source::File(_)))),
        _ => None,
    };
    let file = |uri: &str| media(&format!(r#"{{"fileData":{{"fileUri":"{uri}"}}}}"#));
    assert_eq!(file("https://a.example/b.MP3?c=d.png"), Some((MediaKind::Audio, false)));
    assert_eq!(file("https://www.youtube.com/watch?v=a"), Some((MediaKind::Video, false)));
    assert_eq!(file("https://a.example/b"), Some((MediaKind::Document, false)));
    let uploaded = "https://generativelanguage.googleapis.com/v1beta/files/a";
    assert_eq!(file(uploaded), Some((MediaKind::Document, true)));
    let typed = format!(r#"{{"fileData":{{"fileUri":"{uploaded}","mimeType":"image/png"}}}}"#);
    assert_eq!(media(&typed), Some((MediaKind::Image, true)));
}
