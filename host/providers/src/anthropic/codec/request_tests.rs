use proptest::prelude::*;
use serde_json::{Number, json};

use super::Messages;
use crate::exchange::codec::{Codec, Head};
use crate::exchange::json::{Json, Text, object};
use crate::exchange::request::{
    Block, Cache, Citation, Format, Function, Hints, Media, MediaKind, Message, Part, Reasoning, Request,
    Role, Sampling, Source, Thought, Tool, ToolCall, ToolChoice, ToolResult,
};

fn decoded(body: &str) -> Result<Request<'_>, String> {
    let body = Json::read(body.as_bytes()).map_err(|error| error.to_string())?;
    Messages.decode_request(body, &Head::default()).map_err(|refused| refused.message)
}

fn encoded(request: Request<'_>) -> Result<serde_json::Value, String> {
    Messages.encode_request(request).map(|body| json!(body)).map_err(|refused| refused.message)
}

fn asks(messages: Vec<Message<'static>>) -> Request<'static> {
    Request { model: "claude-sonnet-4-5".into(), messages, ..Request::default() }
}

#[test]
fn what_is_said_is_borrowed_from_the_body() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image","source":
        {"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}"#;
    let request = decoded(body).unwrap();
    let block = request.messages.into_iter().flat_map(|message| message.blocks).next();
    let Some(Part::Media(Media { source: Source::Data { data, .. }, .. })) = block.map(|block| block.part)
    else {
        panic!("no image");
    };
    assert!(matches!(data, Text::Borrowed(_)));
}

#[test]
fn the_head_says_what_the_body_does_not() {
    let body = Json::read(br#"{"messages":[]}"#).unwrap();
    let request = Messages.decode_request(body, &Head { model: Some("m"), stream: true }).unwrap();
    assert_eq!((&*request.model, request.stream), ("m", true));
    assert_eq!(decoded(r#"{"messages":[]}"#), Err("\"model\" is missing".into()));
}

#[test]
fn what_is_not_understood_is_told_with_its_place() {
    let body = r#"{"model":"m","container":"c","metadata":{"a":1},"thinking":{"type":"adaptive","display":"x","y":1},
        "messages":[{"role":"user","name":"n","content":[{"type":"text","text":"t","z":1}]}],
        "tools":[{"name":"f","input_schema":{},"input_examples":[]}],"tool_choice":{"type":"auto","w":1}}"#;
    let mut unknown = decoded(body).unwrap().unknown;
    unknown.sort();
    let places = [
        "container",
        "messages[0].content[0].z",
        "messages[0].name",
        "metadata.a",
        "thinking.display",
        "thinking.y",
        "tool_choice.w",
        "tools[0].input_examples",
    ];
    assert_eq!(unknown, places);
}

#[test]
fn what_is_not_as_the_api_has_it_is_refused() {
    let wrong = [
        ("[]", "the body must be an object, not a list"),
        (
            r#"{"model":"m","messages":[{"role":"user","content":5}]}"#,
            "\"messages[0].content\" must be a string or a list of blocks, not a number",
        ),
        (r#"{"model":"m","messages":[{"role":"user"}]}"#, "\"messages[0].content\" is missing"),
        (
            r#"{"model":"m","messages":[],"max_tokens":-1}"#,
            "\"max_tokens\" must be a whole number that is not negative",
        ),
        (
            r#"{"model":"m","messages":[],"output_config":{"format":{"type":"xml"}}}"#,
            "\"output_config.format.type\" is \"xml\", which is none of json_schema",
        ),
        (
            r#"{"model":"m","messages":[],"thinking":{"type":"hard"}}"#,
            "\"thinking.type\" is \"hard\", which is none of enabled, adaptive, disabled, between_tools",
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"tool_result"}]}]}"#,
            "\"messages[0].content[0].tool_use_id\" is missing",
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"document","source":{"type":"content","content":5}}]}]}"#,
            "\"messages[0].content[0].source.content\" must be a string, not a number",
        ),
    ];
    for (body, message) in wrong {
        assert_eq!(decoded(body).err().as_deref(), Some(message), "{body}");
    }
}

#[test]
fn calls_without_ids_and_their_results_get_the_same() {
    let call = |name| Part::ToolCall(ToolCall { name, ..ToolCall::default() });
    let result = |name: Option<&'static str>| {
        let name = name.map(Text::Borrowed);
        Part::ToolResult(ToolResult { id: "".into(), name, parts: Vec::new(), is_error: false })
    };
    let message =
        |role, parts: Vec<Part<'static>>| Message::new(role, parts.into_iter().map(Block::new).collect());
    let body = encoded(asks(vec![
        message(Role::Assistant, vec![call("a".into()), call("b".into())]),
        message(Role::User, vec![result(Some("b")), result(None)]),
        message(Role::User, vec![result(None)]),
    ]));
    let body = body.unwrap();
    assert_eq!(body["messages"][0]["content"][0]["id"], "toolu_1");
    assert_eq!(body["messages"][0]["content"][1]["id"], "toolu_2");
    assert_eq!(body["messages"][1]["content"][0]["tool_use_id"], "toolu_2");
    assert_eq!(body["messages"][1]["content"][1]["tool_use_id"], "toolu_1");
    assert_eq!(body["messages"][1]["content"][2]["tool_use_id"], "toolu_0");
}

#[test]
fn what_only_other_apis_have_is_refused_by_name() {
    let media =
        |kind, source| Message::new(Role::User, vec![Block::new(Part::Media(Media::new(kind, source)))]);
    let url = |url: &'static str| Source::Url { url: url.into(), media_type: None };
    let own = Part::Own { kind: "executableCode".into(), spec: object! {} };
    let refused = [
        (asks(vec![media(MediaKind::Video, url("https://a"))]), "messages[0]: a video"),
        (
            asks(vec![media(MediaKind::Image, url("gs://a"))]),
            "messages[0]: an address that only another provider can read",
        ),
        (
            asks(vec![Message::new(Role::User, vec![Block::new(own)])]),
            "messages[0]: what only another provider knows",
        ),
        (Request { safety: vec![Json::Null], ..asks(Vec::new()) }, "safetySettings"),
        (Request { guardrail: Some(Json::Null), ..asks(Vec::new()) }, "guardrailConfig"),
    ];
    for (request, param) in refused {
        let message = format!(
            "\"{param}\" cannot be said to Anthropic's messages; leave it out or choose another model"
        );
        assert_eq!(encoded(request), Err(message));
    }
}

#[test]
fn a_page_that_another_provider_found_is_no_citation_of_earlier_words() {
    let citations = vec![Citation { url: Some("https://a".into()), ..Citation::default() }];
    let part = Part::Cited { text: "Sun".into(), citations };
    let body = encoded(asks(vec![Message::new(Role::Assistant, vec![Block::new(part)])])).unwrap();
    assert_eq!(body["messages"], json!([{"role": "assistant", "content": "Sun"}]));
}

fn words() -> impl Strategy<Value = Text<'static>> {
    "[a-zA-Z é\u{1F600}\"\\\\\n]{1,12}".prop_map(Text::Owned)
}

fn maybe<T: std::fmt::Debug + Clone + 'static>(
    strategy: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    proptest::option::of(strategy).boxed()
}

fn cache() -> impl Strategy<Value = Option<Cache<'static>>> {
    maybe(maybe(Just(Text::Borrowed("1h"))).prop_map(|ttl| Cache { ttl }))
}

fn source() -> impl Strategy<Value = Source<'static>> {
    prop_oneof![
        words().prop_map(|data| Source::Data { media_type: "application/pdf".into(), data }),
        words().prop_map(|url| Source::Url { url, media_type: None }),
        words().prop_map(Source::File),
    ]
}

fn media() -> impl Strategy<Value = Part<'static>> {
    let document = prop_oneof![
        source(),
        words().prop_map(Source::Plain),
        proptest::collection::vec(words(), 1..3).prop_map(Source::Texts),
    ];
    let document = (document, maybe(words()), maybe(words()), any::<bool>()).prop_map(
        |(source, name, context, cite)| Media {
            name,
            context,
            cite,
            ..Media::new(MediaKind::Document, source)
        },
    );
    let image = source().prop_map(|source| Media::new(MediaKind::Image, source));
    prop_oneof![image, document].prop_map(Part::Media)
}

fn citation() -> impl Strategy<Value = Citation<'static>> {
    let found = (words(), maybe(words()), 0..9_u64, prop_oneof![Just("char"), Just("page"), Just("block")]);
    let found = found.prop_map(|(quote, title, document, unit)| Citation {
        quote: Some(quote),
        title,
        document: Some(document),
        place: Some((document, document + 1)),
        place_unit: Some(unit.into()),
        ..Citation::default()
    });
    let page = (words(), words(), maybe(words())).prop_map(|(url, token, title)| Citation {
        url: Some(url),
        quote: Some("q".into()),
        title,
        token: Some(token),
        ..Citation::default()
    });
    prop_oneof![found, page]
}

fn said() -> impl Strategy<Value = Part<'static>> {
    let thought = prop_oneof![
        (words(), words()).prop_map(|(text, signature)| Thought {
            text,
            signature: Some(signature),
            redacted: None
        }),
        words().prop_map(|data| Thought { redacted: Some(data), ..Thought::default() }),
    ];
    prop_oneof![
        words().prop_map(Part::Text),
        (words(), proptest::collection::vec(citation(), 1..3))
            .prop_map(|(text, citations)| Part::Cited { text, citations }),
        thought.prop_map(Part::Reasoning),
        ("[a-zA-Z0-9_-]{1,8}", words()).prop_map(|(id, name)| {
            let arguments = "{\"a\":[1,2.5,null]}".into();
            Part::ToolCall(ToolCall { id: id.into(), name, arguments, signature: None })
        }),
    ]
}

fn result() -> impl Strategy<Value = Part<'static>> {
    let parts = proptest::collection::vec(prop_oneof![words().prop_map(Part::Text), media()], 0..3);
    ("[a-zA-Z0-9_-]{1,8}", parts, any::<bool>()).prop_map(|(id, parts, is_error)| {
        Part::ToolResult(ToolResult { id: id.into(), name: None, parts, is_error })
    })
}

fn turn(
    role: Role,
    first: impl Strategy<Value = Part<'static>> + 'static,
    then: impl Strategy<Value = Part<'static>> + 'static,
) -> impl Strategy<Value = Message<'static>> {
    // Thoughts have no marks.
    let marked = |strategy: BoxedStrategy<Part<'static>>| {
        (strategy, cache()).prop_map(|(part, cache)| {
            let cache = cache.filter(|_| !matches!(part, Part::Reasoning(_)));
            Block { part, cache }
        })
    };
    let first = proptest::collection::vec(marked(first.boxed()), 0..3);
    let then = proptest::collection::vec(marked(then.boxed()), 1..4);
    (first, then).prop_map(move |(mut blocks, then)| {
        blocks.extend(then);
        Message::new(role, blocks)
    })
}

fn conversation() -> impl Strategy<Value = Vec<Message<'static>>> {
    let text = || words().prop_map(Part::Text);
    let system = maybe(turn(Role::System, text(), text()));
    let user = turn(Role::User, result(), prop_oneof![text(), media()]);
    let turns = proptest::collection::vec((user, turn(Role::Assistant, said(), text())), 1..3);
    (system, turns).prop_map(|(system, turns)| {
        let turns = turns.into_iter().flat_map(|(user, assistant)| [user, assistant]);
        system.into_iter().chain(turns).collect()
    })
}

fn tool() -> impl Strategy<Value = Tool<'static>> {
    let schema = Json::from(object! { "type": "object", "properties": object! {} });
    let function = (words(), maybe(words()), maybe(Just(true)), cache()).prop_map(
        move |(name, description, strict, cache)| {
            Tool::Function(Function { name, description, parameters: Some(schema.clone()), strict, cache })
        },
    );
    let own = words()
        .prop_map(|name| Tool::Own { kind: "web_search_20250305".into(), spec: object! { "name": name } });
    prop_oneof![function, own]
}

fn choice() -> impl Strategy<Value = (Option<ToolChoice<'static>>, Option<bool>)> {
    let choice =
        prop_oneof![Just(ToolChoice::Auto), Just(ToolChoice::Any), words().prop_map(ToolChoice::Named)];
    prop_oneof![
        Just((None, None)),
        Just((Some(ToolChoice::None), None)),
        (choice, maybe(Just(false))).prop_map(|(choice, parallel)| (Some(choice), parallel)),
    ]
}

fn reasoning() -> impl Strategy<Value = Option<Reasoning<'static>>> {
    let none = Reasoning::default;
    let effort =
        || prop_oneof![Just("low"), Just("medium"), Just("high"), Just("max")].prop_map(Text::Borrowed);
    maybe(prop_oneof![
        Just(Reasoning { enabled: Some(false), ..none() }),
        effort().prop_map(move |effort| Reasoning { effort: Some(effort), ..none() }),
        (1024..9000_u64).prop_map(move |budget| Reasoning {
            enabled: Some(true),
            budget: Some(budget),
            ..none()
        }),
        (maybe(effort()), maybe(any::<bool>())).prop_map(move |(effort, shown)| {
            Reasoning { enabled: Some(true), adaptive: true, effort, shown, ..none() }
        }),
    ])
}

fn settings() -> impl Strategy<Value = Request<'static>> {
    let number = || maybe((0..100_u64).prop_map(Number::from));
    let schema = Json::from(object! { "type": "object" });
    let format = maybe(Just(Format::Schema { name: None, description: None, schema, strict: Some(true) }));
    let stop = proptest::collection::vec(words(), 0..3);
    let tier = maybe(prop_oneof![Just("auto"), Just("default")].prop_map(Text::Borrowed));
    let sampling = (number(), number(), number()).prop_map(|(temperature, top_p, top_k)| Sampling {
        temperature,
        top_p,
        top_k,
        ..Sampling::default()
    });
    (any::<bool>(), reasoning(), sampling, format, stop, tier, maybe(words())).prop_map(
        |(stream, reasoning, sampling, format, stop, service_tier, end_user)| Request {
            // One that takes every word.
            model: "claude-opus-4-6".into(),
            max_tokens: Some(10_000),
            hints: Hints { end_user, ..Hints::default() },
            stream,
            reasoning,
            sampling,
            format,
            stop,
            service_tier,
            ..Request::default()
        },
    )
}

proptest! {
    #[test]
    fn a_request_means_the_same_once_it_was_written(
        settings in settings(),
        messages in conversation(),
        tools in proptest::collection::vec(tool(), 1..3),
        (tool_choice, parallel_tools) in choice(),
    ) {
        let request = Request { messages, tools, tool_choice, parallel_tools, ..settings };
        let body = Json::from(Messages.encode_request(request.clone()).unwrap()).to_text();
        prop_assert_eq!(decoded(&body).unwrap(), request, "{}", body);
    }
}
