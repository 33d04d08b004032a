use std::sync::Arc;

use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_contract::{
    Dialect, Event, EventVerdict, Hook, Hooks, Judged, Judgement, Operation, Subscription, Text, TextEdit,
    Windows,
};
use tidegate_pipeline::{Answer, AuthMode, Call, Chain, Denied, Link, Plugin, Session};
use tidegate_providers::{Decoder, Frame, edit_stream};
use tidegate_telemetry::Metrics;

use super::item::Item;
use super::judge::Judge;
use super::{Filters, Work};

/// What must not leave.
const CANARY: &str = "c4n4ry";

struct Mask {
    with: &'static str,
    blocks: bool,
    subscription: Subscription,
}

impl Plugin for Mask {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn moderate_output<'a>(&'a self, _: Call<'a>, texts: &'a [Text<'a>], _: bool) -> Answer<'a, Judged> {
        let mut judged = Judged::default();
        let mut edits = Vec::new();
        for text in texts {
            let found = text.content.match_indices(CANARY);
            // What has left is shown as it came, and is no longer to be edited.
            for (at, _) in found.filter(|(at, _)| *at >= text.released as usize) {
                let (start, end) = (at as u32, (at + CANARY.len()) as u32);
                edits.push(TextEdit { id: text.id, start, end, replacement: self.with.into() });
            }
            let open = (1..CANARY.len()).rev().find(|length| text.content.ends_with(&CANARY[..*length]));
            judged.hold.push((text.id, open.unwrap_or(0) as u32));
        }
        judged.judgement = match edits.is_empty() {
            true => Judgement::Allow,
            false if self.blocks => Judgement::Block("no canaries".into()),
            false => Judgement::Edit(edits),
        };
        Box::pin(std::future::ready(Ok(judged)))
    }

    fn transform_event<'a>(&'a self, _: Call<'a>, events: &'a [Event]) -> Answer<'a, Vec<EventVerdict>> {
        let verdicts = events.iter().map(|event| {
            let data = event.data.replace("dog", CANARY);
            if data == event.data {
                EventVerdict::Keep
            } else {
                EventVerdict::Replace(vec![Event { name: event.name.clone(), data }])
            }
        });
        Box::pin(std::future::ready(Ok(verdicts.collect())))
    }
}

fn link(mode: &str, hook: Hook, with: &'static str, blocks: bool) -> Arc<Link> {
    let windows = Windows { mode: mode.into(), min: 5, max: 64, overlap: 6, max_match: 6, max_hold_ms: 1000 };
    let subscription = Subscription { windows: Some(windows), ..Subscription::to(Hooks::NONE.with(hook)) };
    let mask = Mask { with, blocks, subscription };
    Arc::new(Link::new("mask".into(), Arc::new(mask), &Metrics::new().unwrap()))
}

struct Stream {
    filters: Filters,
    session: Session,
    decoder: Decoder,
    out: Vec<u8>,
}

impl Stream {
    fn new(links: Vec<Arc<Link>>, (dialect, operation): (Dialect, Operation)) -> Self {
        let chain = Chain::new(links, AuthMode::Any);
        let mut session = Session::default();
        let stages = chain.stages(&mut session, &HeaderMap::new(), 1 << 20).unwrap();
        let editor = || edit_stream(dialect, operation);
        let filters = Filters::of(stages, 1 << 20, &editor, &mut session).unwrap();
        Self { filters, session, decoder: Decoder::default(), out: Vec::new() }
    }

    async fn feed(&mut self, piece: &[u8], last: bool) -> Result<(), Denied> {
        let mut frames = Vec::new();
        self.decoder.feed(piece, &mut frames).unwrap();
        if last {
            self.decoder.finish(&mut frames).unwrap();
        }
        let items = frames.into_iter().map(Item::new).collect();
        let passed = self.filters.pass(items, &mut self.session, (0, last)).await?;
        self.filters.see(&mut self.session).await?;
        let written = self.filters.write(passed);
        self.out.extend(written);
        Ok(())
    }

    /// What the client gets of a stream that comes in these pieces.
    async fn all<'p>(mut self, pieces: impl IntoIterator<Item = &'p [u8]>) -> String {
        let mut outcome = Ok(());
        for piece in pieces {
            outcome = self.feed(piece, false).await;
            if outcome.is_err() {
                break;
            }
        }
        if outcome.is_ok() {
            outcome = self.feed(b"", true).await;
        }
        if let Err(Denied::Blocked { reason, .. }) = outcome {
            let end = self.filters.blocked(&reason);
            self.out.extend(end);
        }
        String::from_utf8(self.out).unwrap()
    }
}

const CHAT: (Dialect, Operation) = (Dialect::OpenAi, Operation::Chat);

fn chunk(index: u64, delta: Value, finish: Value) -> String {
    let choice = json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": finish});
    json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})
        .to_string()
}

fn content(index: u64, text: &str) -> String {
    chunk(index, json!({"content": text}), Value::Null)
}

fn stream(data: &[String]) -> Vec<u8> {
    data.iter().flat_map(|data| format!("data: {data}\n\n").into_bytes()).collect()
}

/// The data of what was written.
fn read(out: &str) -> Vec<Value> {
    let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
    decoder.feed(out.as_bytes(), &mut frames).unwrap();
    let data = frames.into_iter().filter_map(|frame| match frame {
        Frame::Event(event) => Some(serde_json::from_str(&event.data).unwrap_or(Value::String(event.data))),
        Frame::Comment(_) | Frame::Fields(_) => None,
    });
    data.collect()
}

fn texts(events: &[Value], index: u64, key: &str) -> String {
    let choices = events.iter().flat_map(|event| event["choices"].as_array().into_iter().flatten());
    let own = choices.filter(|choice| choice["index"] == index);
    own.filter_map(|choice| choice["delta"][key].as_str()).collect()
}

#[tokio::test]
async fn what_nobody_changes_passes_as_it_came() {
    let data =
        [content(0, "hello"), content(0, " world"), chunk(0, json!({}), "stop".into()), "[DONE]".into()];
    let bytes = stream(&data);
    for mode in ["carry", "watch", "full"] {
        let out = Stream::new(vec![link(mode, Hook::ModerateOutput, "*", false)], CHAT).all([&*bytes]).await;
        assert_eq!(out.as_bytes(), bytes, "{mode}");
    }
}

#[tokio::test]
async fn comments_say_nothing_and_ids_stay() {
    let bytes = format!(
        ": {CANARY}\n\nid: 4\nevent: x\ndata: {}\n\ndata: no json\n\ndata: [DONE]\n\n",
        content(0, "a")
    );
    let out = Stream::new(vec![link("carry", Hook::ModerateOutput, "*", false)], CHAT)
        .all([bytes.as_bytes()])
        .await;
    assert_eq!(out, format!(":\n\nevent: x\nid: 4\ndata: {}\n\ndata: [DONE]\n\n", content(0, "a")));
}

#[tokio::test]
async fn a_held_end_leaves_before_the_choice_finishes() {
    let data = [content(0, "a c4n"), chunk(0, json!({}), "stop".into()), "[DONE]".into()];
    let pieces = data.each_ref().map(|data| stream(std::slice::from_ref(data)));
    let judge = link("carry", Hook::ModerateOutput, "*", false);
    let out = Stream::new(vec![judge], CHAT).all(pieces.iter().map(Vec::as_slice)).await;
    let events = read(&out);
    assert_eq!(texts(&events, 0, "content"), "a c4n");
    assert_eq!(events[1]["choices"][0]["delta"]["content"], "c4n");
    assert_eq!(events[2]["choices"][0]["finish_reason"], "stop");
    assert_eq!(events[3], "[DONE]");
}

#[tokio::test]
async fn what_a_transform_writes_is_judged_behind_it() {
    // In reverse order: the transform stands behind the judge, so it is the first that the answer meets.
    let links =
        vec![link("carry", Hook::ModerateOutput, "*", false), link("carry", Hook::TransformEvent, "", false)];
    let data = [content(0, "a dog"), content(0, " and a do"), content(0, "g"), "[DONE]".into()];
    let out = Stream::new(links, CHAT).all([&*stream(&data)]).await;
    assert_eq!(texts(&read(&out), 0, "content"), "a * and a dog");
}

#[tokio::test]
async fn each_filter_judges_what_the_one_before_let_go() {
    let links = vec![
        link("carry", Hook::ModerateOutput, "second", false),
        link("window", Hook::ModerateOutput, "c4n4rc4n4ryy", false),
    ];
    let data =
        [content(0, "a c4n"), content(0, "4ry b"), chunk(0, json!({}), "stop".into()), "[DONE]".into()];
    let out = Stream::new(links, CHAT).all([&*stream(&data)]).await;
    assert_eq!(texts(&read(&out), 0, "content"), "a c4n4rsecondy b");
}

#[tokio::test]
async fn log_probabilities_of_a_touched_choice_go() {
    let mut first: Value = serde_json::from_str(&content(0, "a c4n4r")).unwrap();
    first["choices"][0]["logprobs"] = json!({"content": [{"token": "c4n4r", "logprob": -1.0}]});
    let data = [first.to_string(), content(0, "y"), "[DONE]".into()];
    let out =
        Stream::new(vec![link("carry", Hook::ModerateOutput, "*", false)], CHAT).all([&*stream(&data)]).await;
    assert!(!out.contains("c4n"), "{out}");
    assert_eq!(texts(&read(&out), 0, "content"), "a *");
}

#[tokio::test]
async fn a_block_ends_the_stream_as_the_dialect_does() {
    for mode in ["carry", "window", "full"] {
        let data = [content(0, "fine so far, but "), content(0, "c4n4"), content(0, "ry!"), "[DONE]".into()];
        let bytes = stream(&data);
        let pieces = bytes.split_inclusive(|byte| *byte == b'\n');
        let out = Stream::new(vec![link(mode, Hook::ModerateOutput, "*", true)], CHAT).all(pieces).await;
        let events = read(&out);
        let last = &events[events.len() - 2]["choices"][0];
        assert_eq!(
            (&last["finish_reason"], &last["delta"]["refusal"]),
            (&json!("content_filter"), &json!("no canaries"))
        );
        assert_eq!(events[events.len() - 1], "[DONE]");
        assert!(!out.contains("c4n"), "{mode}: {out}");
    }
}

#[tokio::test]
async fn a_stream_that_nobody_can_read_is_refused() {
    let chain = Chain::new(vec![link("carry", Hook::ModerateOutput, "*", false)], AuthMode::Any);
    let mut session = Session::default();
    let stages = chain.stages(&mut session, &HeaderMap::new(), 1024).unwrap();
    let made = Filters::of(stages, 1024, &|| None, &mut session);
    assert!(matches!(made.err(), Some(Denied::Failed { .. })));
}

#[test]
fn a_judge_is_no_larger_than_it_must_be() {
    assert!(size_of::<Judge>() <= 512 && size_of::<Work>() <= 32);
}

#[derive(Debug, Clone)]
struct Said {
    choice: u64,
    key: &'static str,
    text: String,
}

fn said() -> impl Strategy<Value = Said> {
    let keys = prop::sample::select(vec!["content", "reasoning_content", "refusal", "vendor_field"]);
    (0..2_u64, keys, "([a \u{e9}]{0,3}|c4|n4ry|c4n4ry|c|4n4r){0,3}").prop_map(|(choice, key, text)| Said {
        choice,
        key,
        text,
    })
}

proptest! {
    /// Whatever is said where, and however the bytes are cut: no canary leaves, and nothing else is lost.
    #[test]
    fn no_canary_leaves(
        said in prop::collection::vec(said(), 0..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..9),
        mode in prop::sample::select(vec!["carry", "window", "full"]),
        blocks in any::<bool>(),
    ) {
        let mut data: Vec<String> =
            said.iter().map(|Said { choice, key, text }| chunk(*choice, json!({*key: text}), Value::Null)).collect();
        data.extend([chunk(0, json!({}), "stop".into()), chunk(1, json!({}), "stop".into()), "[DONE]".into()]);
        let bytes = stream(&data);
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let pieces = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let links = vec![link(mode, Hook::ModerateOutput, "<*>", blocks)];
        let out = runtime.block_on(Stream::new(links, CHAT).all(pieces));
        let events = read(&out);
        let mut caught = false;
        for choice in 0..2 {
            for key in ["content", "reasoning_content", "vendor_field"] {
                let own = said.iter().filter(|said| said.choice == choice && said.key == key);
                let whole: String = own.map(|said| said.text.as_str()).collect();
                let left = texts(&events, choice, key);
                caught |= whole.contains(CANARY);
                prop_assert!(!left.contains(CANARY), "{key} of {choice}: {left}");
                if !blocks {
                    prop_assert_eq!(left, whole.replace(CANARY, "<*>"));
                }
            }
        }
        if blocks && caught {
            prop_assert!(out.contains("content_filter"));
        }
    }
}
