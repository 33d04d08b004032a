use std::sync::Arc;

use http::HeaderMap;
use serde_json::{Value, json};
use tidegate_contract::{Finding, Hook, Hooks, Judged, Judgement, Subscription, Text, TextEdit};
use tidegate_telemetry::Metrics;

use crate::chain::{AuthMode, Chain, Denied};
use crate::document::{Body, Document};
use crate::guard::{Link, OnError};
use crate::inbound::{Flow, Message};
use crate::plugin::{Answer, Call, HookError, Plugin};
use crate::session::Session;
use crate::tally::Outcome;
use crate::texts::{FindTexts, TextPlace};

/// Says what the text asks it to.
struct Obeys(Subscription);

impl Plugin for Obeys {
    fn subscription(&self) -> &Subscription {
        &self.0
    }

    fn moderate_input<'a>(&'a self, call: Call<'a>, texts: &'a [Text<'a>]) -> Answer<'a, Judged> {
        assert_eq!((call.context.request_id, call.context.model), ("r-1", Some("m")));
        let finding = Finding { category: "word".into(), score: None, text: Some(0), detail: String::new() };
        let judged = match &*texts[0].content {
            "block" => Judged { judgement: Judgement::Block("no".into()), ..Judged::default() },
            "flag" => Judged { findings: vec![finding], ..Judged::default() },
            "edit" => {
                let edit = TextEdit { id: 0, start: 0, end: 4, replacement: "x".into() };
                Judged { judgement: Judgement::Edit(vec![edit]), ..Judged::default() }
            }
            "fail" => return Box::pin(std::future::ready(Err(HookError::Failed("broken".into())))),
            _ => Judged::default(),
        };
        Box::pin(std::future::ready(Ok(judged)))
    }
}

struct Only;

impl FindTexts for Only {
    fn request(&self, body: &Value) -> Vec<TextPlace> {
        let place = |pointer: &str, kind, shown| TextPlace {
            pointer: pointer.into(),
            role: "user",
            kind,
            new_turn: true,
            shown,
        };
        let image = body.get("image").map(|_| place("/image", "media", Some("image_url cat".to_owned())));
        [place("/text", "text", None)].into_iter().chain(image).collect()
    }

    fn answer(&self, _: &Value) -> Vec<TextPlace> {
        Vec::new()
    }
}

/// What a request with this body comes to, before it is sent and after.
async fn judge(body: Value, change: impl FnOnce(Link) -> Link) -> (Result<(), Denied>, Session) {
    let obeys = Obeys(Subscription::to(Hooks::NONE.with(Hook::ModerateInput)));
    let link = Link::new("obeys".into(), Arc::new(obeys), &Metrics::new().unwrap());
    let chain = Chain::new(vec![Arc::new(change(link))], AuthMode::Any);
    let mut session = Session {
        request_id: "r-1".into(),
        model: Some("m".into()),
        operation: "chat",
        ..Session::default()
    };
    let mut headers = HeaderMap::new();
    let mut body = Body::Json(Document::from_tree(body));
    let mut message =
        Message { headers: &mut headers, body: &mut body, texts: &Only, clusters: &|_: &str| false };
    match chain.inbound(&mut session, &mut message).await {
        Ok(flow) => assert!(matches!(flow, Flow::On(_))),
        Err(denied) => return (Err(denied), session),
    }
    let beside = std::mem::take(&mut session.beside);
    match beside.judge().await {
        Ok(judged) => {
            judged.note(&mut session);
            (Ok(()), session)
        }
        Err(denied) => (Err(denied), session),
    }
}

fn says(text: &str) -> Value {
    json!({"text": text})
}

#[tokio::test]
async fn the_verdict_comes_after_the_request_went_on() {
    let (outcome, session) = judge(says("fine"), |link| link.beside(true)).await;
    assert!(outcome.is_ok());
    assert_eq!(session.moderation.input, Some(Outcome::Allow));
    let (outcome, session) = judge(says("flag"), |link| link.beside(true)).await;
    assert!(outcome.is_ok());
    assert_eq!((session.moderation.input, session.findings.len()), (Some(Outcome::Flag), 1));
    let (outcome, _) = judge(says("block"), |link| link.beside(true)).await;
    assert!(matches!(outcome, Err(Denied::Blocked { answer: false, .. })));
}

#[tokio::test]
async fn what_was_sent_cannot_be_edited() {
    let (outcome, _) = judge(says("edit"), |link| link.beside(true)).await;
    assert!(matches!(outcome, Err(Denied::Failed { .. })));
    let (outcome, session) = judge(says("edit"), |link| link.beside(true).on_error(OnError::Allow)).await;
    assert!(outcome.is_ok());
    assert_eq!(session.moderation.input, Some(Outcome::FailOpen));
    let (outcome, session) = judge(says("edit"), |link| link).await;
    assert!(outcome.is_ok());
    assert_eq!(session.moderation.input, Some(Outcome::Redact));
}

#[tokio::test]
async fn a_failure_is_what_the_entry_says() {
    let (outcome, _) = judge(says("fail"), |link| link.beside(true)).await;
    assert!(matches!(outcome, Err(Denied::Failed { .. })));
    let (outcome, session) = judge(says("fail"), |link| link.beside(true).on_error(OnError::Allow)).await;
    assert!(outcome.is_ok());
    assert_eq!(session.moderation.input, Some(Outcome::FailOpen));
    let (outcome, session) = judge(says("block"), |link| link.beside(true).shadow(true)).await;
    assert!(outcome.is_ok());
    assert_eq!(session.moderation.input, None);
}

#[tokio::test]
async fn media_that_nobody_judges_does_not_pass() {
    let image = || json!({"text": "fine", "image": true});
    for beside in [false, true] {
        let (outcome, session) = judge(image(), |link| link.beside(beside)).await;
        let Err(Denied::Blocked { reason, .. }) = outcome else { panic!("it passed") };
        assert!(reason.contains("image_url cat"), "{reason}");
        assert_eq!(session.moderation.input, Some(Outcome::Block));
        let (outcome, _) = judge(image(), |link| link.beside(beside).unjudged_media(true)).await;
        assert!(outcome.is_ok());
        let (outcome, _) = judge(image(), |link| link.beside(beside).shadow(true)).await;
        assert!(outcome.is_ok());
    }
}
