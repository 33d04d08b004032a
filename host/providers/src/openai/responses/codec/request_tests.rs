use proptest::prelude::*;
use serde_json::{Number, json};

use super::Responses;
use super::sealed::Sealed;
use crate::exchange::codec::{Asked, Codec, Head};
use crate::exchange::json::{Json, Text, object};
use crate::exchange::request::{
    Block, Citation, Format, Function, Hints, LogProbabilities, Media, MediaKind, Message, Part, Reasoning,
    Request, Role, Sampling, Source, Thought, Tool, ToolCall, ToolChoice, ToolResult,
};

fn decoded(body: &str) -> Result<Request<'_>, String> {
    let body = Json::read(body.as_bytes()).map_err(|error| error.to_string())?;
    Responses.decode_request(body, &Head::default()).map_err(|refused| refused.message)
}

fn encoded(request: Request<'_>) -> Result<serde_json::Value, String> {
    Responses.encode_request(request).map(|body| json!(body)).map_err(|refused| refused.message)
}

fn asks(messages: Vec<Message<'static>>) -> Request<'static> {
    Request { model: "gpt-5.1".into(), messages, ..Request::default() }
}

fn message(role: Role, parts: Vec<Part<'static>>) -> Message<'static> {
    Message::new(role, parts.into_iter().map(Block::new).collect())
}

#[test]
fn what_is_said_is_borrowed_from_the_body() {
    let body = r#"{"model":"m","input":[{"role":"user","content":[
        {"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="}]}]}"#;
    let request = decoded(body).unwrap();
    let block = request.messages.into_iter().flat_map(|message| message.blocks).next();
    let Some(Part::Media(Media { source: Source::Data { data, .. }, .. })) = block.map(|block| block.part)
    else {
        panic!("no image");
    };
    assert!(matches!(data, Text::Borrowed(_)));
}

#[test]
fn what_is_not_understood_is_told_with_its_place() {
    let body = r#"{"model":"m","conversation":"c","reasoning":{"effort":"low","mode":"pro","context":"current_turn","a":1},
        "text":{"b":1,"format":{"type":"text","c":1}},"stream_options":{"d":1},"background":true,"truncation":"auto",
        "input":[{"role":"user","content":[{"type":"input_text","text":"t","e":1}],"f":1},
            {"type":"function_call","call_id":"c","name":"n","arguments":"{}","namespace":"g"},
            {"type":"compaction","encrypted_content":"x"},{"id":"msg_1"}],
        "tools":[{"type":"function","name":"f","h":1}],"tool_choice":{"type":"mcp","server_label":"i"}}"#;
    let mut unknown = decoded(body).unwrap().unknown;
    unknown.sort();
    let places = [
        "background",
        "conversation",
        "input[0].content[0].e",
        "input[0].f",
        "input[1].namespace",
        "input[2] of type compaction",
        "input[3] of type item_reference",
        "reasoning.a",
        "reasoning.context",
        "reasoning.mode",
        "stream_options.d",
        "text.b",
        "text.format.c",
        "tool_choice of type mcp",
        "tools[0].h",
        "truncation",
    ];
    assert_eq!(unknown, places);
}

#[test]
fn what_is_not_as_the_api_has_it_is_refused() {
    let wrong = [
        ("[]", "the body must be an object, not a list"),
        (r#"{"input":""}"#, "\"model\" is missing"),
        (r#"{"model":"m"}"#, "\"input\" is missing"),
        (r#"{"model":"m","input":5}"#, "\"input\" must be a string or a list of items, not a number"),
        (r#"{"model":"m","input":[5]}"#, "\"input[0]\" must be an object, not a number"),
        (r#"{"model":"m","input":[{"content":"a"}]}"#, "\"input[0].type\" is missing"),
        (r#"{"model":"m","input":[{"role":"user"}]}"#, "\"input[0].content\" is missing"),
        (
            r#"{"model":"m","input":[{"role":"tool","content":""}]}"#,
            "\"input[0].role\" is \"tool\", which is none of user, assistant, system, developer",
        ),
        (
            r#"{"model":"m","input":[{"type":"function_call_output","output":""}]}"#,
            "\"input[0].call_id\" is missing",
        ),
        (
            r#"{"model":"m","input":[{"type":"reasoning","summary":["a"]}]}"#,
            "\"input[0].summary[0]\" must be an object, not a string",
        ),
        (
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_image"}]}]}"#,
            "\"input[0].content[0].image_url\" is missing",
        ),
        (
            r#"{"model":"m","input":"","text":{"format":{"type":"xml"}}}"#,
            "\"text.format.type\" is \"xml\", which is none of text, json_object, json_schema",
        ),
        (
            r#"{"model":"m","input":"","tool_choice":"any"}"#,
            "\"tool_choice\" is \"any\", which is none of auto, none, required, or an object that names a tool",
        ),
        (
            r#"{"model":"m","input":"","max_output_tokens":1.5}"#,
            "\"max_output_tokens\" must be a whole number that is not negative",
        ),
    ];
    for (body, message) in wrong {
        assert_eq!(decoded(body).err().as_deref(), Some(message), "{body}");
    }
}

#[test]
fn a_seal_that_no_call_follows_is_nobodys() {
    let body = r#"{"model":"m","input":[{"role":"user","content":"a"},
        {"type":"reasoning","summary":[],"encrypted_content":"tidegate.call.s"},
        {"type":"reasoning","summary":[]}]}"#;
    assert_eq!(decoded(body).unwrap().messages, [message(Role::User, vec![Part::Text("a".into())])]);
}

#[test]
fn what_is_sealed_comes_back_whatever_it_is() {
    for text in ["", "EqQB", "tidegate.call.x", "a.b\"c"] {
        for sealed in
            [Sealed::Signature(text.into()), Sealed::Call(text.into()), Sealed::Redacted(text.into())]
        {
            let shown = format!("{sealed:?}");
            let content = sealed.seal();
            assert_eq!(format!("{:?}", Sealed::open(Text::Borrowed(&content))), shown);
            assert_eq!(format!("{:?}", Sealed::open(Text::Owned(content))), shown);
        }
    }
    assert_eq!(Sealed::open("gAAAA".into()), Sealed::Redacted("gAAAA".into()));
}

#[test]
fn calls_without_ids_and_their_results_get_the_same() {
    let call = |name: &'static str| Part::ToolCall(ToolCall { name: name.into(), ..ToolCall::default() });
    let result = |name: &'static str| {
        Part::ToolResult(ToolResult {
            id: "".into(),
            name: Some(name.into()),
            parts: Vec::new(),
            is_error: false,
        })
    };
    let body = encoded(asks(vec![
        message(Role::Assistant, vec![call("a"), call("b")]),
        message(Role::User, vec![result("b"), result("a")]),
    ]));
    let input = &body.unwrap()["input"];
    let ids: Vec<_> = (0..4).map(|index| input[index]["call_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["call_1", "call_2", "call_2", "call_1"]);
}

#[test]
fn what_only_other_apis_have_is_refused_by_name() {
    let media = |role, kind, source| message(role, vec![Part::Media(Media::new(kind, source))]);
    let url = |url: &'static str| Source::Url { url: url.into(), media_type: None };
    let own = |role| message(role, vec![Part::Own { kind: "executableCode".into(), spec: object! {} }]);
    let refused = [
        (
            asks(vec![media(Role::User, MediaKind::Image, url("gs://a"))]),
            "messages[0]: an address that only another provider can read",
        ),
        (
            asks(vec![media(Role::User, MediaKind::Audio, url("https://a"))]),
            "messages[0]: audio that is not in the request itself",
        ),
        (
            asks(vec![media(Role::Assistant, MediaKind::Image, url("https://a"))]),
            "messages[0]: media in what the assistant said",
        ),
        (asks(vec![own(Role::User)]), "messages[0]: what only another provider knows"),
        (asks(vec![own(Role::Assistant)]), "messages[0]: a call of a tool that another provider runs"),
        (Request { safety: vec![Json::Null], ..asks(Vec::new()) }, "safetySettings"),
        (Request { guardrail: Some(Json::Null), ..asks(Vec::new()) }, "guardrailConfig"),
        (Request { audio: Some(Json::Null), ..asks(Vec::new()) }, "audio"),
    ];
    for (request, param) in refused {
        let message =
            format!("\"{param}\" cannot be said to OpenAI's responses; leave it out or choose another model");
        assert_eq!(encoded(request), Err(message));
    }
}

#[test]
fn a_response_that_failed_is_no_answer() {
    let body =
        br#"{"id":"r","status":"failed","output":[],"error":{"code":"server_error","message":"Sorry."}}"#;
    let read = Responses.decode_answer(Json::read(body).unwrap());
    assert_eq!(read.unwrap_err().to_string(), "it says that it failed: Sorry.");
}

#[test]
fn an_answer_is_not_stumbled_over() {
    let odd = br#"{"output":[{"type":"future"},{},{"type":"message","content":[{"type":"future"},{}]},
        {"type":"image_generation_call","result":null},{"type":"function_call","name":"f"}]}"#;
    let answer = Responses.decode_answer(Json::read(odd).unwrap()).unwrap();
    let blocks = answer.choices.into_iter().flat_map(|choice| choice.blocks);
    let call = ToolCall { name: "f".into(), ..ToolCall::default() };
    assert_eq!(blocks.map(|block| block.part).collect::<Vec<_>>(), [Part::ToolCall(call)]);
    assert!(Responses.decode_answer(Json::read(b"{}").unwrap()).is_err());
}

#[test]
fn what_the_answer_repeats_has_no_conversation() {
    let body = Json::read(br#"{"model":"m","input":"secret","tools":[],"temperature":null,"user":"u"}"#);
    let repeated = Responses.repeated(&body.unwrap()).unwrap();
    assert_eq!(repeated.to_text(), r#"{"tools":[],"user":"u"}"#);
    let asked = Asked { id: "ID".into(), request: Some(repeated), ..Asked::default() };
    let answer = json!(Responses.encode_answer(Default::default(), &asked));
    assert_eq!((&answer["user"], &answer["temperature"]), (&json!("u"), &json!(null)));
}

fn words() -> impl Strategy<Value = Text<'static>> {
    "[a-zA-Z é\u{1F600}\"\\\\\n]{1,12}".prop_map(Text::Owned)
}

fn maybe<T: std::fmt::Debug + Clone + 'static>(
    strategy: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    proptest::option::of(strategy).boxed()
}

fn media() -> impl Strategy<Value = Part<'static>> {
    let elsewhere = || {
        prop_oneof![
            "[a-z]{1,8}"
                .prop_map(|path| Source::Url { url: format!("https://{path}").into(), media_type: None }),
            words().prop_map(Source::File),
        ]
    };
    let data = |media_type: &'static str| {
        "[a-zA-Z0-9+/]{4,12}"
            .prop_map(move |data| Source::Data { media_type: media_type.into(), data: data.into() })
    };
    let detail = maybe(prop_oneof![Just("low"), Just("high")].prop_map(Text::Borrowed));
    let image = (prop_oneof![elsewhere(), data("image/png")], detail)
        .prop_map(|(source, detail)| Media { detail, ..Media::new(MediaKind::Image, source) });
    let document = prop_oneof![
        elsewhere().prop_map(|source| Media::new(MediaKind::Document, source)),
        (data("application/pdf"), words())
            .prop_map(|(source, name)| (source, Text::Owned(format!("{name}.pdf"))))
            .prop_map(|(source, name)| Media { name: Some(name), ..Media::new(MediaKind::Document, source) }),
    ];
    let audio = data("audio/wav").prop_map(|source| Media::new(MediaKind::Audio, source));
    prop_oneof![image, document, audio].prop_map(Part::Media)
}

fn said() -> impl Strategy<Value = Part<'static>> {
    let citation = (words(), words(), 0..9_u64).prop_map(|(url, title, from)| Citation {
        url: Some(url),
        title: Some(title),
        range: Some((from, from + 1)),
        ..Citation::default()
    });
    prop_oneof![
        words().prop_map(Part::Text),
        words().prop_map(Part::Refusal),
        (words(), proptest::collection::vec(citation, 1..3))
            .prop_map(|(text, citations)| Part::Cited { text, citations }),
        (words(), words())
            .prop_map(|(text, sealed)| Thought { text, signature: None, redacted: Some(sealed) })
            .prop_map(Part::Reasoning),
        ("[a-zA-Z0-9_-]{1,8}", words()).prop_map(|(id, name)| {
            let arguments = "{\"a\":[1,2.5,null]}".into();
            Part::ToolCall(ToolCall { id: id.into(), name, arguments, signature: None })
        }),
        words().prop_map(|query| Part::Own {
            kind: "web_search_call".into(),
            spec: object! { "id": "ws_1", "action": object! { "query": query } },
        }),
    ]
}

fn result() -> impl Strategy<Value = Part<'static>> {
    let parts = proptest::collection::vec(prop_oneof![words().prop_map(Part::Text), media()], 1..3);
    ("[a-zA-Z0-9_-]{1,8}", parts).prop_map(|(id, parts)| {
        Part::ToolResult(ToolResult { id: id.into(), name: None, parts, is_error: false })
    })
}

fn conversation() -> impl Strategy<Value = Vec<Message<'static>>> {
    let parts = |part: BoxedStrategy<Part<'static>>| proptest::collection::vec(part, 1..4);
    let text = || words().prop_map(Part::Text).boxed();
    let system = maybe(parts(text())).prop_map(|parts| parts.map(|parts| message(Role::System, parts)));
    let user = prop_oneof![parts(prop_oneof![text(), media().boxed()].boxed()), parts(result().boxed())];
    let turns = proptest::collection::vec((user, parts(said().boxed())), 1..3);
    (system, maybe(parts(text())), turns).prop_map(|(system, developer, turns)| {
        let turns = turns
            .into_iter()
            .flat_map(|(user, assistant)| [message(Role::User, user), message(Role::Assistant, assistant)]);
        let developer = developer.map(|parts| message(Role::Developer, parts));
        system.into_iter().chain(developer).chain(turns).collect()
    })
}

fn tool() -> impl Strategy<Value = Tool<'static>> {
    let schema = Json::from(object! { "type": "object", "properties": object! {} });
    let function = (words(), maybe(words()), any::<bool>()).prop_map(move |(name, description, strict)| {
        let (parameters, strict) = (Some(schema.clone()), Some(strict));
        Tool::Function(Function { name, description, parameters, strict, cache: None })
    });
    let own = words().prop_map(|name| Tool::Own { kind: "custom".into(), spec: object! { "name": name } });
    prop_oneof![function, own]
}

fn choice() -> impl Strategy<Value = ToolChoice<'static>> {
    prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Any),
        words().prop_map(ToolChoice::Named),
        (proptest::collection::vec(words(), 1..3), any::<bool>())
            .prop_map(|(names, required)| ToolChoice::Among { names, required }),
    ]
}

fn format() -> impl Strategy<Value = Format<'static>> {
    let schema = Json::from(object! { "type": "object" });
    prop_oneof![
        Just(Format::Text),
        Just(Format::Json),
        (words(), maybe(words()), maybe(any::<bool>())).prop_map(move |(name, description, strict)| {
            Format::Schema { name: Some(name), description, schema: schema.clone(), strict }
        }),
    ]
}

fn reasoning() -> impl Strategy<Value = Reasoning<'static>> {
    let effort = prop_oneof![Just("none"), Just("low"), Just("high")].prop_map(Text::Borrowed);
    (effort, maybe(Just(Text::Borrowed("auto")))).prop_map(|(effort, summary)| Reasoning {
        enabled: Some(effort != "none"),
        effort: Some(effort),
        summary,
        ..Reasoning::default()
    })
}

fn settings() -> impl Strategy<Value = Request<'static>> {
    let number = || maybe((0..100_u64).prop_map(Number::from));
    let sampling = (number(), number()).prop_map(|(temperature, top_p)| Sampling {
        temperature,
        top_p,
        ..Sampling::default()
    });
    let hints =
        (maybe(words()), maybe(words()), any::<bool>()).prop_map(|(end_user, cache_key, store)| Hints {
            end_user,
            cache_key,
            cache_retention: Some("24h".into()),
            metadata: Some(object! { "a": "b" }),
            store: Some(store),
        });
    let probabilities = maybe(maybe(0..9_u64).prop_map(|top| LogProbabilities { top }));
    let words = (maybe(Just(Text::Borrowed("low"))), maybe(Just(Text::Borrowed("flex"))), maybe(16..999_u64));
    (any::<bool>(), maybe(reasoning()), sampling, maybe(format()), hints, probabilities, words).prop_map(
        |(stream, reasoning, sampling, format, hints, log_probabilities, words)| {
            let (verbosity, service_tier, max_tokens) = words;
            Request {
                stream,
                reasoning,
                sampling,
                format,
                hints,
                log_probabilities,
                verbosity,
                service_tier,
                max_tokens,
                ..asks(Vec::new())
            }
        },
    )
}

proptest! {
    #[test]
    fn a_request_means_the_same_once_it_was_written(
        settings in settings(),
        messages in conversation(),
        tools in proptest::collection::vec(tool(), 1..3),
        tool_choice in maybe(choice()),
        parallel_tools in maybe(any::<bool>()),
    ) {
        let request = Request { messages, tools, tool_choice, parallel_tools, ..settings };
        let body = Json::from(Responses.encode_request(request.clone()).unwrap()).to_text();
        prop_assert_eq!(decoded(&body).unwrap(), request, "{}", body);
    }
}
