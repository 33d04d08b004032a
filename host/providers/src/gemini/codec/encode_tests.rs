//! Tests of what the provider is asked.

use proptest::prelude::*;
use serde_json::Number;

use super::*;
use crate::exchange::codec::Head;
use crate::exchange::request::{
    Block, Format, Function, LogProbabilities, Media, MediaKind, Reasoning, Role, Sampling, Source, Thought,
    Tool, ToolCall, ToolChoice, ToolResult,
};
use crate::gemini::codec::config::is_new;
use crate::gemini::codec::decode;

fn encoded(gemini: Gemini, messages: Vec<Message<'_>>) -> Result<String, Refused> {
    let request = Request { model: "gemini-2.5-flash".into(), messages, ..Request::default() };
    super::request(gemini, request).map(|body| Json::from(body).to_text())
}

fn text(text: &str) -> Block<'_> {
    Block::new(Part::Text(text.into()))
}

#[test]
fn generations_are_told_by_the_name() {
    for model in ["gemini-3-pro-preview", "models/gemini-3.1-flash", "publishers/google/models/gemini-10"] {
        assert!(is_new(model), "{model}");
    }
    for model in ["gemini-2.5-pro", "gemini-flash-latest", "gemma-3-27b", "gemini-", ""] {
        assert!(!is_new(model), "{model}");
    }
}

#[test]
fn contents_without_parts_are_left_out() {
    let messages = vec![
        Message::new(Role::User, vec![text("a")]),
        Message::new(Role::Assistant, Vec::new()),
        Message::new(Role::User, vec![text("b")]),
    ];
    let expected = r#"{"contents":[{"role":"user","parts":[{"text":"a"},{"text":"b"}]}]}"#;
    assert_eq!(encoded(Gemini::Studio, messages).as_deref(), Ok(expected));
}

#[test]
fn a_document_of_plain_text_says_what_else_is_to_be_known_of_it() {
    let plain = Media {
        context: Some("of 1905".into()),
        name: Some("n".into()),
        ..Media::new(MediaKind::Document, Source::Plain("é".into()))
    };
    let messages = vec![Message::new(Role::User, vec![Block::new(Part::Media(plain))])];
    let expected = r#"{"contents":[{"role":"user","parts":[{"text":"of 1905"},{"inlineData":{"mimeType":"text/plain","data":"w6k="}}]}]}"#;
    assert_eq!(encoded(Gemini::Vertex, messages).as_deref(), Ok(expected));
}

#[test]
fn a_signature_before_a_call_is_the_signature_of_the_call() {
    let bare = || Block::new(Part::Reasoning(Thought { signature: Some("s".into()), ..Thought::default() }));
    let call =
        Block::new(Part::ToolCall(ToolCall { id: "c".into(), name: "f".into(), ..ToolCall::default() }));
    let messages = vec![Message::new(Role::Assistant, vec![text("a"), bare(), call, bare()])];
    let expected = concat!(
        r#"{"contents":[{"role":"model","parts":[{"text":"a"},{"functionCall":{"id":"c","name":"f","args":{}},"#,
        r#""thoughtSignature":"s"},{"text":"","thoughtSignature":"s"}]}]}"#
    );
    assert_eq!(encoded(Gemini::Studio, messages).as_deref(), Ok(expected));
}

#[test]
fn parts_of_the_other_side_are_refused() {
    let call = || Block::new(Part::ToolCall(ToolCall::default()));
    let result = ToolResult { id: "c".into(), name: Some("f".into()), parts: Vec::new(), is_error: false };
    for (role, block) in [
        (Role::User, call()),
        (Role::User, Block::new(Part::Reasoning(Thought::default()))),
        (Role::Assistant, Block::new(Part::ToolResult(result))),
        (Role::System, call()),
    ] {
        let refused = encoded(Gemini::Studio, vec![Message::new(role, vec![block])]);
        assert!(refused.is_err_and(|refused| refused.unsupported), "{role:?}");
    }
}

fn words() -> impl Strategy<Value = String> {
    "[a-zé😀\"\\\\ ]{1,12}"
}

fn media() -> impl Strategy<Value = Part<'static>> {
    let kinds =
        [(MediaKind::Image, "image/png"), (MediaKind::Audio, "audio/wav"), (MediaKind::Document, "text/csv")];
    (proptest::sample::select(kinds.to_vec()), any::<bool>()).prop_map(|((kind, media_type), is_data)| {
        let media_type = Text::Borrowed(media_type);
        let source = if is_data {
            Source::Data { media_type, data: "AAAA".into() }
        } else {
            Source::Url { url: "gs://bucket/file".into(), media_type: Some(media_type) }
        };
        Part::Media(Media::new(kind, source))
    })
}

/// What the user says, what the model says to it, and the arguments and results of calls.
#[derive(Debug, Clone)]
struct Turns {
    user: Vec<Part<'static>>,
    thought: Option<(String, Option<String>)>,
    said: String,
    calls: Vec<(u8, String, bool)>,
}

fn turns() -> impl Strategy<Value = Turns> {
    let user = proptest::collection::vec(
        prop_oneof![words().prop_map(|text| Part::Text(text.into())), media()],
        1..4,
    );
    let thought = proptest::option::of((words(), proptest::option::of("([a-z]{4}){1,2}")));
    let calls = proptest::collection::vec((any::<u8>(), words(), any::<bool>()), 0..3);
    (user, thought, words(), calls).prop_map(|(user, thought, said, calls)| Turns {
        user,
        thought,
        said,
        calls,
    })
}

fn conversation(turns: Vec<Turns>) -> Vec<Message<'static>> {
    let (mut messages, mut results, mut count) = (Vec::new(), Vec::new(), 0);
    for Turns { user, thought, said, calls } in turns {
        let spoken: Vec<Part<'static>> = std::mem::take(&mut results).into_iter().chain(user).collect();
        messages.push(Message::new(Role::User, spoken.into_iter().map(Block::new).collect()));
        let mut model: Vec<Part<'static>> = Vec::new();
        model.extend(thought.map(|(text, signature)| {
            Part::Reasoning(Thought {
                text: text.into(),
                signature: signature.map(Text::Owned),
                redacted: None,
            })
        }));
        model.push(Part::Text(said.into()));
        for (argument, output, is_error) in calls {
            count += 1;
            let (id, name) = (format!("c{count}"), format!("f{}", argument % 3));
            model.push(Part::ToolCall(ToolCall {
                id: id.clone().into(),
                name: name.clone().into(),
                arguments: format!(r#"{{"a":{argument}}}"#).into(),
                signature: Some("c2ln".into()),
            }));
            let parts = vec![Part::Text(output.into())];
            results.push(Part::ToolResult(ToolResult {
                id: id.into(),
                name: Some(name.into()),
                parts,
                is_error,
            }));
        }
        messages.push(Message::new(Role::Assistant, model.into_iter().map(Block::new).collect()));
    }
    messages
}

fn choice() -> impl Strategy<Value = ToolChoice<'static>> {
    let names = || vec!["f".into(), "g".into()];
    prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Any),
        Just(ToolChoice::Named("f".into())),
        Just(ToolChoice::Among { names: names(), required: true }),
        Just(ToolChoice::Among { names: names(), required: false }),
    ]
}

fn format() -> impl Strategy<Value = Format<'static>> {
    let schema = || Json::read(br#"{"type":"object","properties":{"a_b":{}}}"#).unwrap_or(Json::Null);
    let schema = Format::Schema { name: None, description: None, schema: schema(), strict: None };
    prop_oneof![Just(Format::Text), Just(Format::Json), Just(schema)]
}

fn reasoning() -> impl Strategy<Value = Reasoning<'static>> {
    let thinks = Reasoning { enabled: Some(true), ..Reasoning::default() };
    let amount = prop_oneof![
        Just(Reasoning { effort: Some("low".into()), ..thinks.clone() }),
        (1_u64..9999).prop_map(|budget| Reasoning {
            budget: Some(budget),
            enabled: Some(true),
            ..Reasoning::default()
        }),
        Just(Reasoning { adaptive: true, ..thinks }),
        Just(Reasoning::default()),
    ];
    (amount, any::<bool>()).prop_map(|(reasoning, shown)| Reasoning { shown: Some(shown), ..reasoning })
}

fn asked() -> impl Strategy<Value = Request<'static>> {
    let tools = vec![
        Tool::Function(Function { name: "f".into(), description: Some("d".into()), ..Function::default() }),
        Tool::Own { kind: "google_search".into(), spec: Object::default() },
    ];
    let settings = (
        proptest::option::of(choice()),
        proptest::option::of(format()),
        proptest::option::of(reasoning()),
        proptest::option::of(1_u64..9999),
        proptest::option::of(-9_i32..9),
        proptest::collection::vec(words(), 0..3),
    );
    let talk = (proptest::option::of(words()), proptest::collection::vec(turns(), 1..4));
    (talk, settings, any::<bool>()).prop_map(move |((system, turns), settings, has_tools)| {
        let (tool_choice, format, reasoning, limit, number, stop) = settings;
        let system =
            system.map(|words| Message::new(Role::System, vec![Block::new(Part::Text(words.into()))]));
        Request {
            model: "gemini-3-pro-preview".into(),
            messages: system.into_iter().chain(conversation(turns)).collect(),
            tools: if has_tools { tools.clone() } else { Vec::new() },
            tool_choice,
            format,
            reasoning,
            max_tokens: limit,
            choices: limit,
            log_probabilities: limit.map(|top| LogProbabilities { top: Some(top) }),
            sampling: Sampling {
                temperature: number.and_then(|number| Number::from_f64(f64::from(number) / 4.0)),
                seed: number.map(Number::from),
                ..Sampling::default()
            },
            stop: stop.into_iter().map(Text::Owned).collect(),
            service_tier: limit.map(|_| "flex".into()),
            ..Request::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_asked_is_read_again(asked in asked()) {
        let body = super::request(Gemini::Studio, asked.clone()).map(|body| Json::from(body).to_text());
        let body = body.unwrap_or_default();
        let head = Head { model: Some("gemini-3-pro-preview"), stream: false };
        let read = Json::read(body.as_bytes()).ok().map(|body| decode::request(body, &head));
        prop_assert_eq!(read, Some(Ok(asked)));
    }

    #[test]
    fn vertex_is_told_the_same_of_calls_but_for_their_ids(asked in asked()) {
        let asked = Request { service_tier: None, ..asked };
        let body = super::request(Gemini::Vertex, asked.clone()).map(|body| Json::from(body).to_text());
        let body = body.unwrap_or_default();
        let head = Head { model: Some("gemini-3-pro-preview"), stream: false };
        let read = Json::read(body.as_bytes()).ok().and_then(|body| decode::request(body, &head).ok());
        let of_calls = |request: &Request<'_>| {
            let blocks = request.messages.iter().flat_map(|message| &message.blocks);
            blocks.filter_map(|block| match &block.part {
                Part::ToolCall(call) => Some(format!("{} {}", call.name, call.arguments)),
                Part::ToolResult(result) => Some(format!("{:?} {:?}", result.name, result.parts)),
                _ => None,
            }).collect::<Vec<_>>()
        };
        prop_assert_eq!(read.as_ref().map(of_calls), Some(of_calls(&asked)));
    }
}
