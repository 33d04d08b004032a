//! Plays every file of `translation/<client>/<provider>/`: what the client asks, what the provider is sent, and how the
//! answer, the stream and the error of the provider reach the client.
//!
//! A new case is a new file. `UPDATE_GOLDEN=1` writes what comes out now; read the difference before you keep it.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a case that cannot be read or played fails where it stands")]
#![expect(clippy::panic, reason = "a case that does not hold says which")]

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tidegate_providers::{
    Api, Ask, Count, Counter, Decoder, Embed, Embedder, Envelope, Frame, Framer, Framing, Question, Speech,
    SseEvent, Task, Translated, Translation,
};

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head: Option<CaseHead>,
    request: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    betas: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused_contains: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answered: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    events: Option<Vec<CaseEvent>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    streamed: Option<Vec<CaseEvent>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<CaseError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<Value>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CaseHead {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    /// What the provider calls the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rename: Option<String>,
    /// What the head of the answer says of the tokens of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CaseEvent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    data: Value,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CaseError {
    status: u16,
    body: Value,
}

/// The API of clients that a folder is named after.
fn question(name: &str) -> Question {
    let api = Api::ALL.into_iter().find(|api| api.as_str() == name).map(Question::Converse);
    let count = || Count::ALL.into_iter().find(|count| count.as_str() == name).map(Question::Count);
    let embed = || Embed::ALL.into_iter().find(|embed| embed.as_str() == name).map(Question::Embed);
    api.or_else(count).or_else(embed).unwrap_or_else(|| panic!("no client's API is called {name}"))
}

/// The way to ask a provider that a folder is named after.
fn task(name: &str) -> Task {
    let speech = |api| Task::Converse(Speech { api, envelope: Envelope::None });
    let api = Api::ALL.into_iter().find(|api| api.as_str() == name).map(speech);
    let count = || Counter::ALL.into_iter().find(|count| count.as_str() == name).map(Task::Count);
    let embed = || Embedder::ALL.into_iter().find(|embed| embed.as_str() == name).map(Task::Embed);
    api.or_else(count).or_else(embed).unwrap_or_else(|| panic!("no provider's API is called {name}"))
}

/// The data of an event: text as it is, anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn event(case: &CaseEvent) -> SseEvent {
    SseEvent { name: case.event.clone(), data: text(&case.data), ..SseEvent::default() }
}

fn shown(event: SseEvent) -> CaseEvent {
    let data = serde_json::from_str(&event.data).unwrap_or(Value::String(event.data));
    CaseEvent { event: event.name, data }
}

/// The bytes of a provider's stream, in what it puts events into.
fn wire(provider: Task, events: &[CaseEvent]) -> Vec<u8> {
    let mut bytes = Vec::new();
    events.iter().for_each(|case| event(case).write(&mut bytes));
    if !matches!(provider, Task::Converse(Speech { api: Api::Converse, .. })) {
        return bytes;
    }
    let (mut framer, mut out) = (Framer::new(Framing::Aws), Vec::new());
    framer.feed(&bytes, &mut out).unwrap();
    out
}

fn streamed(translation: &Translation, bytes: &[u8], piece: usize) -> Vec<CaseEvent> {
    let (mut stream, mut out) = (translation.stream(), Vec::new());
    bytes.chunks(piece).for_each(|piece| stream.feed(piece, &mut out).unwrap());
    stream.close(&mut out).unwrap();
    let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
    decoder.feed(&out, &mut frames).unwrap();
    let read = |frame| if let Frame::Event(event) = frame { Some(shown(event)) } else { None };
    frames.into_iter().filter_map(read).collect()
}

/// The same, however the bytes come.
fn streamed_at_every_split(translation: &Translation, bytes: &[u8]) -> Vec<CaseEvent> {
    let whole = streamed(translation, bytes, usize::MAX);
    for piece in [1, 2, 3, 7, 61, 1009] {
        assert_eq!(streamed(translation, bytes, piece), whole, "in pieces of {piece} bytes");
    }
    whole
}

/// What a case comes to now.
fn played(case: &Case, client: Question, provider: Task) -> Case {
    let mut now = case.clone();
    let head = case.head.clone().unwrap_or_default();
    let body = text(&case.request);
    let betas: Vec<&str> = case.betas.iter().map(String::as_str).collect();
    let ask = Ask {
        client,
        body: body.as_bytes(),
        model: head.model.as_deref(),
        stream: head.stream,
        rename: head.rename.as_deref(),
        betas: &betas,
        id: "ID",
        now: 1_700_000_000,
        drops: false,
        rewrites: matches!(client, Question::Converse(_)),
    };
    let translation = match ask.translate(provider) {
        Ok(Translated { body, translation, .. }) => {
            (now.sent, now.refused) = (Some(serde_json::from_slice(&body).unwrap()), None);
            translation
        }
        Err(refused) => {
            now.sent = None;
            if !case.refused_contains.as_ref().is_some_and(|part| refused.to_string().contains(part)) {
                now.refused = Some(refused.to_string());
            }
            return now;
        }
    };
    now.refused_contains = None;
    let whole = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    let answered = |answer| whole(&translation.answer(text(answer).into(), head.tokens).unwrap());
    now.answered = case.answer.as_ref().map(answered);
    now.streamed =
        case.events.as_ref().map(|events| streamed_at_every_split(&translation, &wire(provider, events)));
    now.failed =
        case.error.as_ref().map(|error| whole(&translation.failure(error.status, text(&error.body).into())));
    now
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Keys in one order, so that only what they say is compared.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(Map::from_iter(entries))
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[test]
fn everything_is_translated_as_the_cases_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/translation");
    let updates = std::env::var_os("UPDATE_GOLDEN").is_some();
    let (mut count, mut wrong) = (0, Vec::new());
    for client in files(&root) {
        for provider in files(&client) {
            let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
            for file in files(&provider) {
                count += 1;
                let text = std::fs::read_to_string(&file).unwrap();
                let case: Case =
                    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
                let now = played(&case, question(&name(&client)), task(&name(&provider)));
                let (was, is) = (serde_json::to_value(&case).unwrap(), serde_json::to_value(&now).unwrap());
                if sorted(was.clone()) != sorted(is.clone()) {
                    wrong.push(format!(
                        "{}\n{}",
                        file.strip_prefix(&root).unwrap().display(),
                        differences(&was, &is)
                    ));
                    if updates {
                        std::fs::write(&file, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
                    }
                }
            }
        }
    }
    assert!(count > 0, "no cases");
    assert!(wrong.is_empty() || updates, "{} of {count} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The fields of a case that came out otherwise.
fn differences(was: &Value, is: &Value) -> String {
    let keys = ["sent", "refused", "refused_contains", "answered", "streamed", "failed"];
    let other = keys.into_iter().filter(|key| sorted(was[*key].clone()) != sorted(is[*key].clone()));
    other
        .map(|key| format!("  {key}\n    expected {}\n    got      {}", was[key], is[key]))
        .collect::<Vec<_>>()
        .join("\n")
}
