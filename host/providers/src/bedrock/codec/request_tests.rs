//! Requests, answers and errors beyond what the golden cases show.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::bedrock::codec::Converse;
use crate::exchange::answer::{Answer, Choice, Finish};
use crate::exchange::codec::{Asked, Codec, Head};
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::refused::Refused;
use crate::exchange::request::{
    Block, Cache, Citation, Format, Function, Hints, Media, MediaKind, Message, Part, Reasoning, Request,
    Role, Sampling, Source, Thought, Tool, ToolCall, ToolChoice, ToolResult,
};

const CLAUDE: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

fn asks<'a>(model: &'a str, blocks: Vec<Block<'a>>) -> Request<'a> {
    Request { model: model.into(), messages: vec![Message::new(Role::User, blocks)], ..Request::default() }
}

fn says(text: &str) -> Block<'_> {
    Block::new(Part::Text(text.into()))
}

fn sent(request: Request<'_>) -> Result<String, String> {
    let body = Converse.encode_request(request).map_err(|refused| refused.to_string())?;
    Ok(Json::from(body).to_text())
}

fn read<'a>(body: &'a str, model: Option<&'a str>) -> Result<Request<'a>, Refused> {
    let head = Head { model, stream: true };
    Converse.decode_request(Json::read(body.as_bytes()).unwrap(), &head)
}

#[test]
fn the_model_and_the_stream_are_in_the_path() {
    let request = read(r#"{"messages": []}"#, Some("m")).unwrap();
    assert_eq!((&*request.model, request.stream), ("m", true));
    let missing = read(r#"{"messages": []}"#, None).unwrap_err();
    assert_eq!(missing.message, "\"modelId\" is missing");
}

#[test]
fn what_is_wrong_is_named_by_its_place() {
    let cases = [
        ("{}", "\"messages\" is missing"),
        (r#"{"messages": [{"role": "user"}]}"#, "\"messages[0].content\" is missing"),
        (
            r#"{"messages": [{"role": "user", "content": [{"image": {"format": "bmp", "source": {"bytes": ""}}}]}]}"#,
            "\"messages[0].content[0].image.format\" is \"bmp\", which is none of its kind",
        ),
        (
            r#"{"messages": [{"role": "user", "content": [{"document": {"name": "a", "source": {"bytes": ""}}}]}]}"#,
            "\"messages[0].content[0].document.source\" has bytes of no format; name it beside",
        ),
        (
            r#"{"messages": [], "toolConfig": {"tools": [{"toolSpec": {"name": "a"}}], "toolChoice": {}}}"#,
            "\"toolConfig.toolChoice\" has none of auto, any, tool",
        ),
        (
            r#"{"messages": [], "toolConfig": {"tools": [{"other": {}}]}}"#,
            "\"toolConfig.tools[0].toolSpec\" is missing",
        ),
        (
            r#"{"messages": [], "outputConfig": {"textFormat": {"type": "xml"}}}"#,
            "\"outputConfig.textFormat.type\" is \"xml\", which is none of json_schema",
        ),
        (
            r#"{"messages": [], "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": -1}}}"#,
            "\"additionalModelRequestFields.thinking.budget_tokens\" must be a whole number that is not negative",
        ),
    ];
    for (body, message) in cases {
        assert_eq!(read(body, Some("m")).unwrap_err().message, message, "{body}");
    }
}

#[test]
fn fields_that_are_not_translated_are_noted() {
    let body = r#"{"messages": [{"role": "user", "content": [
            {"guardContent": {"text": {"text": "a", "qualifiers": ["query"]}}},
            {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/c", "bucketOwner": "1"}}}}]}],
        "additionalModelResponseFieldPaths": ["/stop_sequence", "/usage"],
        "inferenceConfig": {"minP": 1}}"#;
    let request = read(body, Some("m")).unwrap();
    let places = [
        "messages[0].content[0].guardContent.text.qualifiers",
        "messages[0].content[1].image.source.s3Location.bucketOwner",
        "inferenceConfig.minP",
        "additionalModelResponseFieldPaths",
    ];
    assert_eq!(request.unknown, places);
}

#[test]
fn a_point_of_the_cache_marks_what_stands_before_it() {
    let body = r#"{"messages": [{"role": "user", "content": [
        {"cachePoint": {"type": "default"}}, {"text": "a"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]}]}"#;
    let request = read(body, Some("m")).unwrap();
    let cache = Some(Cache { ttl: Some("1h".into()) });
    assert_eq!(request.messages[0].blocks, [Block { part: Part::Text("a".into()), cache }]);
}

#[test]
fn a_mark_on_what_is_left_out_falls_to_what_stands_before_it() {
    let marked = Block { cache: Some(Cache::default()), ..says(" ") };
    let body = sent(asks(CLAUDE, vec![says("a"), marked.clone()])).unwrap();
    assert_eq!(
        body,
        r#"{"messages":[{"role":"user","content":[{"text":"a"},{"cachePoint":{"type":"default"}}]}]}"#
    );
    let body = sent(asks(CLAUDE, vec![marked, says("a")])).unwrap();
    assert_eq!(body, r#"{"messages":[{"role":"user","content":[{"text":"a"}]}]}"#);
}

#[test]
fn nova_keeps_no_tools_and_nothing_for_an_hour() {
    let cache = Some(Cache { ttl: Some("1h".into()) });
    let mut request = asks("amazon.nova-pro-v1:0", vec![Block { cache: cache.clone(), ..says("a") }]);
    request.tools = vec![Tool::Function(Function { name: "now".into(), cache, ..Function::default() })];
    let body = sent(request).unwrap();
    assert_eq!(body.matches("cachePoint").count(), 1);
    assert!(!body.contains("ttl"), "{body}");
}

#[test]
fn tools_of_others_are_refused_by_their_kind() {
    let own = |kind: &'static str| Tool::Own { kind: kind.into(), spec: object! { "name": "computer" } };
    let ask = |model, kind| sent(Request { tools: vec![own(kind)], ..asks(model, vec![says("a")]) });
    let body = ask(CLAUDE, "computer_20250124").unwrap();
    assert!(body.ends_with(
        r#""additionalModelRequestFields":{"tools":[{"type":"computer_20250124","name":"computer"}]}}"#
    ));
    assert!(
        ask(CLAUDE, "web_search_20250305")
            .unwrap_err()
            .starts_with("\"tools[0] of type web_search_20250305\"")
    );
    assert!(ask("amazon.nova-pro-v1:0", "computer_20250124").is_err());
    let tools = vec![own("bash_20250124")];
    let choice = Some(ToolChoice::Any);
    let body = sent(Request { tools, tool_choice: choice, ..asks(CLAUDE, vec![says("a")]) }).unwrap();
    assert!(body.ends_with(r#""tool_choice":{"type":"any"}}}"#), "{body}");
}

#[test]
fn who_may_not_say_something_is_told_so() {
    let image = || Part::Media(Media::new(MediaKind::Image, Source::File("f".into())));
    let ask = |role, part| {
        sent(Request {
            messages: vec![Message::new(role, vec![Block::new(part)])],
            ..asks(CLAUDE, Vec::new())
        })
    };
    let what = |role, part| ask(role, part).unwrap_err().split('"').nth(1).unwrap().to_owned();
    assert_eq!(what(Role::Assistant, image()), "messages[0]: media in what the assistant said");
    assert_eq!(what(Role::System, image()), "messages[0]: what the system says beside text");
    assert_eq!(what(Role::User, Part::ToolCall(ToolCall::default())), "messages[0]: a part of this kind");
    let own = Part::Own { kind: "server_tool_use".into(), spec: Object::default() };
    assert_eq!(what(Role::Assistant, own), "messages[0]: a part of type server_tool_use");
    let audio =
        Media::new(MediaKind::Audio, Source::Data { media_type: "audio/wav".into(), data: "".into() });
    let result = ToolResult { id: "c".into(), name: None, parts: vec![Part::Media(audio)], is_error: false };
    assert_eq!(what(Role::User, Part::ToolResult(result)), "messages[0]: audio in a tool's result");
}

#[test]
fn only_claude_and_nova_are_told_that_a_tool_has_failed() {
    let body = |model| {
        let result = ToolResult { id: "c".into(), name: None, parts: Vec::new(), is_error: true };
        sent(asks(model, vec![Block::new(Part::ToolResult(result))])).unwrap()
    };
    assert!(body(CLAUDE).contains(r#""status":"error""#));
    assert!(!body("openai.gpt-oss-20b-1:0").contains("status"));
}

#[test]
fn reasoning_is_said_in_the_words_of_each_vendor() {
    let of = |model: &'static str, reasoning: Reasoning<'static>| {
        let request =
            Request { reasoning: Some(reasoning), max_tokens: Some(100), ..asks(model, Vec::new()) };
        sent(request).map(|body| body.replacen(r#"{"messages":[{"role":"user","content":[]}],"#, "", 1))
    };
    let effort = |effort: &'static str| Reasoning {
        enabled: Some(true),
        effort: Some(effort.into()),
        ..Reasoning::default()
    };
    let adaptive =
        Reasoning { adaptive: true, enabled: Some(true), shown: Some(false), ..Reasoning::default() };
    let budget = || Reasoning { enabled: Some(true), budget: Some(9000), ..Reasoning::default() };
    let limit = r#""inferenceConfig":{"maxTokens":100}"#;
    let cases = [
        (CLAUDE, adaptive.clone(), r#""inferenceConfig":{"maxTokens":4196},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":4096}}}"#.to_owned()),
        ("anthropic.claude-opus-4-7", adaptive, format!(r#"{limit},"additionalModelRequestFields":{{"thinking":{{"type":"adaptive","display":"omitted"}}}}}}"#)),
        ("anthropic.claude-opus-4-7", budget(), format!(r#"{limit},"outputConfig":{{"effort":"high"}},"additionalModelRequestFields":{{"thinking":{{"type":"adaptive"}}}}}}"#)),
        ("anthropic.claude-opus-4-7", Reasoning { effort: Some("xhigh".into()), ..Reasoning::default() }, format!(r#"{limit},"outputConfig":{{"effort":"xhigh"}}}}"#)),
        ("anthropic.claude-3-haiku", effort("none"), format!("{limit}}}")),
        ("amazon.nova-2-lite-v1:0", budget(), format!(r#"{limit},"additionalModelRequestFields":{{"reasoningConfig":{{"type":"enabled","maxReasoningEffort":"high"}}}}}}"#)),
        ("amazon.nova-2-lite-v1:0", effort("none"), format!(r#"{limit},"additionalModelRequestFields":{{"reasoningConfig":{{"type":"disabled"}}}}}}"#)),
        ("openai.gpt-oss-20b-1:0", effort("none"), format!("{limit}}}")),
        ("moonshot.kimi-k2-thinking", effort("low"), format!(r#"{limit},"outputConfig":{{"effort":"low"}}}}"#)),
    ];
    for (model, reasoning, fields) in cases {
        assert_eq!(of(model, reasoning), Ok(fields), "{model}");
    }
    assert!(of("amazon.nova-pro-v1:0", effort("low")).unwrap_err().starts_with("\"reasoning_effort\""));
    assert!(of(CLAUDE, effort("utmost")).unwrap_err().starts_with("\"reasoning_effort\""));
}

#[test]
fn an_answer_is_written_even_where_the_provider_has_said_little() {
    let asked = Asked::default();
    let body = Json::from(Converse.encode_answer(Answer::default(), &asked)).to_text();
    let empty = r#"{"output":{"message":{"role":"assistant","content":[]}},"stopReason":"end_turn","usage":{"inputTokens":0,"outputTokens":0,"totalTokens":0},"metrics":{"latencyMs":0}}"#;
    assert_eq!(body, empty);
    let finish = Some(Finish::StopSequence(Some("END".into())));
    let image = Media::new(MediaKind::Image, Source::Url { url: "https://a/b.png".into(), media_type: None });
    let blocks = vec![Block::new(Part::Media(image))];
    let choice = Choice { blocks, finish, log_probabilities: None };
    let body =
        Json::from(Converse.encode_answer(Answer { choices: vec![choice], ..Answer::default() }, &asked));
    assert_eq!(
        body.at(&["additionalModelResponseFields", "stop_sequence"]).and_then(Json::as_str),
        Some("END")
    );
    assert!(body.to_text().contains(r#"{"text":"![image](https://a/b.png)"}"#));
}

#[test]
fn an_answer_that_is_none_is_unreadable() {
    for body in ["[]", "{}", r#"{"output": {}}"#, r#"{"output": {"message": {"content": 1}}}"#] {
        assert!(Converse.decode_answer(Json::read(body.as_bytes()).unwrap()).is_err(), "{body}");
    }
}

fn words() -> impl Strategy<Value = String> {
    "x[a-z \"\\\\\n\u{e9}\u{1f600}]{0,12}"
}

fn cached<'a>(part: impl Strategy<Value = Part<'a>>) -> impl Strategy<Value = Block<'a>> {
    let cache = option::weighted(0.2, option::of(Just("1h")));
    let mark = |ttl: Option<&'static str>| Cache { ttl: ttl.map(Text::Borrowed) };
    (part, cache).prop_map(move |(part, cache)| Block { part, cache: cache.map(mark) })
}

fn image() -> impl Strategy<Value = Part<'static>> {
    let media_type = prop::sample::select(vec!["image/png", "image/jpeg", "image/gif", "image/webp"]);
    (media_type, "[A-Za-z0-9+/]{4}").prop_map(|(media_type, data)| {
        let source = Source::Data { media_type: media_type.into(), data: data.into() };
        Part::Media(Media::new(MediaKind::Image, source))
    })
}

fn said() -> impl Strategy<Value = Part<'static>> {
    words().prop_map(|text| Part::Text(text.into()))
}

fn result() -> impl Strategy<Value = Part<'static>> {
    let parts = vec(prop_oneof![said(), image()], 0..3);
    ("[a-zA-Z0-9_.:-]{1,64}", parts, any::<bool>()).prop_map(|(id, parts, is_error)| {
        Part::ToolResult(ToolResult { id: id.into(), name: None, parts, is_error })
    })
}

fn call() -> impl Strategy<Value = Part<'static>> {
    ("[a-zA-Z0-9_.:-]{1,64}", words()).prop_map(|(id, value)| {
        let arguments = Json::from(object! { "a": value, "n": 7_u64 }).to_text().into();
        Part::ToolCall(ToolCall { id: id.into(), name: "weather".into(), arguments, signature: None })
    })
}

fn thought() -> impl Strategy<Value = Part<'static>> {
    let told = (words(), "[a-z]{4}").prop_map(|(text, signature)| Thought {
        text: text.into(),
        signature: Some(signature.into()),
        redacted: None,
    });
    let hidden = "[a-z]{4}".prop_map(|data| Thought { redacted: Some(data.into()), ..Thought::default() });
    prop_oneof![told, hidden].prop_map(Part::Reasoning)
}

fn cited() -> impl Strategy<Value = Part<'static>> {
    let place = (0_u64..9, 0_u64..9, prop::sample::select(vec!["char", "page", "block"]));
    let located = place.prop_map(|(document, start, unit)| Citation {
        document: Some(document),
        place: Some((start, start + 1)),
        place_unit: Some(unit.into()),
        ..Citation::default()
    });
    let of_web = words().prop_map(|url| Citation { url: Some(url.into()), ..Citation::default() });
    let citation = (prop_oneof![located, of_web], option::of(words()), option::of(words()));
    let citation = citation.prop_map(|(citation, title, quote)| Citation {
        title: title.map(Text::from),
        quote: quote.map(Text::from),
        ..citation
    });
    (words(), vec(citation, 1..3)).prop_map(|(text, citations)| Part::Cited { text: text.into(), citations })
}

fn turns() -> impl Strategy<Value = Vec<Message<'static>>> {
    let user = vec(cached(prop_oneof![said(), image(), result()]), 1..4);
    let assistant = vec(cached(prop_oneof![said(), call(), thought(), cited()]), 1..4);
    let system = vec(cached(said()), 0..3);
    (system, vec((user, assistant), 1..4)).prop_map(|(system, turns)| {
        let system = (!system.is_empty()).then(|| Message::new(Role::System, system));
        let pair =
            |(user, assistant)| [Message::new(Role::User, user), Message::new(Role::Assistant, assistant)];
        system.into_iter().chain(turns.into_iter().flat_map(pair)).collect()
    })
}

fn tools() -> impl Strategy<Value = Vec<Tool<'static>>> {
    let function = (option::of(words()), option::of(any::<bool>()), any::<bool>());
    vec(function, 1..3).prop_map(|functions| {
        let tool = |(description, strict, is_marked): (Option<String>, Option<bool>, bool)| {
            Tool::Function(Function {
                name: "weather".into(),
                description: description.map(Text::from),
                parameters: Some(object! { "type": "object" }.into()),
                strict,
                cache: is_marked.then(Cache::default),
            })
        };
        functions.into_iter().map(tool).collect()
    })
}

fn settings() -> impl Strategy<Value = Request<'static>> {
    let choice = option::of(prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::Any),
        Just(ToolChoice::Named("weather".into()))
    ]);
    let limits = (option::of(5000_u64..9000), vec(words(), 0..3), option::of(0_u64..9));
    let schema = option::of(option::of(words()));
    let reasoning = option::of(1024_u64..4096);
    let books = (option::of("[a-z ]{1,9}"), option::of(prop::sample::select(vec!["flex", "priority"])));
    (choice, limits, schema, reasoning, books).prop_map(
        |(tool_choice, (max, stop, top_k), schema, budget, books)| {
            let thinks =
                |budget| Reasoning { enabled: Some(true), budget: Some(budget), ..Reasoning::default() };
            let shaped = |name: Option<String>| Format::Schema {
                name: name.map(Text::from),
                description: None,
                schema: object! { "type": "object" }.into(),
                strict: Some(true),
            };
            let (team, tier) = books;
            Request {
                tool_choice,
                // Without a limit one is set that leaves room for the thoughts.
                max_tokens: max.or(budget.map(|_| 9000)),
                stop: stop.into_iter().map(Text::from).collect(),
                sampling: Sampling { top_k: top_k.map(Into::into), ..Sampling::default() },
                format: schema.map(shaped),
                reasoning: budget.map(thinks),
                hints: Hints { metadata: team.map(|team| object! { "team": team }), ..Hints::default() },
                service_tier: tier.map(Text::Borrowed),
                ..Request::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn a_request_is_read_back_as_it_was_meant(settings in settings(), messages in turns(), tools in tools()) {
        let request = Request { model: CLAUDE.into(), messages, tools, betas: vec!["b".into()], ..settings };
        let body = sent(request.clone()).unwrap();
        let head = Head { model: Some(CLAUDE), stream: false };
        let read = Converse.decode_request(Json::read(body.as_bytes()).unwrap(), &head).unwrap();
        prop_assert_eq!(read, request);
    }

    #[test]
    fn no_body_is_a_panic(body in r#"\{"messages":\[\{"role":"user","content":\[\{"(text|image|toolUse|toolResult|reasoningContent)":(1|""|\{\}|\[\]|\{"source":\{\}\})\}\]\}\]\}"#) {
        let _ = read(&body, Some("m")).map(sent);
    }
}
