use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_contract::{
    AdmissionVerdict, AuthVerdict, BodyChange, Change, Event, EventVerdict, Finding, Grant, Head, HeaderEdit,
    Hook, Hooks, JsonEdit, JsonSet, Judged, Judgement, Need, Outcome, Principal, Subscription, Text,
    TextEdit, TransformVerdict, Usage,
};
use tidegate_pipeline::{
    Answer, Call, Capabilities, Code, HookError, LoadError, Manifest, Payload, Plugin, Process, Services,
    Setup,
};

use crate::case::Case;
use crate::run::run;

/// A plugin with one small behaviour a hook.
struct Sample {
    subscription: Subscription,
    services: Arc<Services>,
}

fn ready<'a, T: Send + 'a>(value: Result<T, HookError>) -> Answer<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Plugin for Sample {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    fn authenticate<'a>(&'a self, _: Call<'a>, head: Head<'a>) -> Answer<'a, AuthVerdict> {
        let Some((_, key)) = head.headers.iter().find(|(name, _)| *name == "x-key") else {
            return ready(Ok(AuthVerdict::Pass));
        };
        let principal = Principal {
            attributes: vec![("digest".into(), head.body_sha256.is_some().to_string())],
            ..Principal::named(String::from_utf8_lossy(key))
        };
        let headers = vec![HeaderEdit::Remove("x-key".into()), HeaderEdit::Set("x-raw".into(), vec![0xff])];
        ready(Ok(AuthVerdict::Allow(Grant { principal: Arc::new(principal), headers })))
    }

    fn admit<'a>(&'a self, call: Call<'a>, estimate: Usage) -> Answer<'a, AdmissionVerdict> {
        call.scope.set_note("estimate", estimate.input.to_string().as_bytes()).unwrap();
        ready(Ok(AdmissionVerdict::Admitted(Some(format!("t{}", estimate.input)))))
    }

    fn settle<'a>(&'a self, call: Call<'a>, ticket: &'a str, actual: Usage) -> Answer<'a, ()> {
        Box::pin(async move {
            let note = call.scope.note("estimate").unwrap_or_default();
            let line = format!("{ticket} {} {}", String::from_utf8_lossy(&note), actual.output);
            let stored = self.services.set("settled", line.into_bytes(), None, None).await;
            stored.map(drop).map_err(|error| HookError::Failed(error.to_string()))
        })
    }

    fn transform_request<'a>(
        &'a self,
        call: Call<'a>,
        headers: &'a http::HeaderMap,
        body: Payload<'a>,
    ) -> Answer<'a, TransformVerdict> {
        let Payload::Fields(fields) = body else { return ready(Ok(TransformVerdict::Unchanged)) };
        let found: Vec<_> = fields.iter().map(|field| format!("{}={}", field.pointer, field.value)).collect();
        let seen = json!({"fields": found, "x-a": headers.get_all("x-a").iter().count(), "model": call.context.model});
        let pointer = if headers.contains_key("x-break") { "/model/x" } else { "/seen" };
        let set = JsonSet { pointer: pointer.into(), value: seen.to_string() };
        let body = Some(BodyChange::Edits(vec![JsonEdit::Set(set)]));
        ready(Ok(TransformVerdict::Changed(Change { body, ..Change::default() })))
    }

    fn transform_event<'a>(&'a self, _: Call<'a>, events: &'a [Event]) -> Answer<'a, Vec<EventVerdict>> {
        let verdict = |(index, event): (usize, &Event)| match index {
            0 => EventVerdict::Keep,
            1 => EventVerdict::Drop,
            _ => EventVerdict::Replace(vec![event.clone(), event.clone()]),
        };
        ready(Ok(events.iter().enumerate().map(verdict).collect()))
    }

    fn moderate_input<'a>(&'a self, _: Call<'a>, texts: &'a [Text<'a>]) -> Answer<'a, Judged> {
        let find = |text: &Text<'_>| text.content.find("rot").map(|at| (text.id, u32::try_from(at).unwrap()));
        let edits = texts.iter().filter_map(find);
        let edits: Vec<_> = edits
            .map(|(id, at)| TextEdit { id, start: at, end: at + 3, replacement: "grün".into() })
            .collect();
        let finding = Finding {
            category: "colour".into(),
            score: Some(0.9),
            text: None,
            detail: "{\"n\": 1.0}".into(),
        };
        ready(Ok(Judged { judgement: Judgement::Edit(edits), findings: vec![finding], hold: vec![(0, 3)] }))
    }

    fn moderate_output<'a>(&'a self, _: Call<'a>, _: &'a [Text<'a>], last: bool) -> Answer<'a, Judged> {
        assert!(last, "a panic of a plugin");
        let edits = vec![TextEdit { id: 0, start: 1, end: 2, replacement: String::new() }];
        ready(Ok(Judged { judgement: Judgement::Edit(edits), ..Judged::default() }))
    }

    fn completed<'a>(&'a self, _: Call<'a>, outcome: &'a Outcome) -> Answer<'a, ()> {
        self.services.count("seen", 1.0, &[("status".into(), outcome.status.to_string())]);
        ready(Err(HookError::Failed(format!("status {}", outcome.status))))
    }
}

struct Samples;

impl Code for Samples {
    fn configure(
        &self,
        setup: Setup,
    ) -> futures_util::future::BoxFuture<'_, Result<Arc<dyn Plugin>, LoadError>> {
        let config: Value = serde_json::from_str(&setup.config).unwrap();
        if config.get("wrong").is_some() {
            return Box::pin(std::future::ready(Err(LoadError::Configure("\"wrong\" is wrong".into()))));
        }
        let hooks: Hooks = Hook::ALL.into_iter().filter(|hook| *hook != Hook::TransformUpstream).collect();
        let request_body = Need::Fields(vec!["/a~1b".into(), "/model".into()]);
        let subscription = Subscription { request_body, ..Subscription::to(hooks) };
        let plugin: Arc<dyn Plugin> = Arc::new(Sample { subscription, services: setup.services });
        Box::pin(std::future::ready(Ok(plugin)))
    }
}

fn manifest() -> Manifest {
    let text = "[plugin]\nid = \"sample\"\nversion = \"1.0.0\"\nruntime = \"none\"\nentry = \"none\"\n\
        contract = \"0.1\"\nhooks = [\"admit\"]\n[capabilities]\nkv = true\nmetrics = true\n";
    Manifest::parse(text).unwrap()
}

async fn played(case: Value) -> Result<(), String> {
    let case = Case::parse("a.json", &case.to_string()).map_err(|error| error.to_string())?;
    run(&case, &Samples, &manifest(), &Process::default()).await.map_err(|error| error.to_string())
}

async fn steps(steps: Value) -> Result<(), String> {
    played(json!({"name": "sample", "steps": steps})).await
}

#[tokio::test]
async fn what_is_as_expected_passes() {
    let case = json!({
        "name": "all hooks",
        "services": {
            "kv_after": {"settled": {"value": "t7 7 3", "ttl_ms": null}},
            "metrics_after": [{"count": {"name": "seen", "labels": {"status": "499"}}}],
        },
        "configure": {"request_body": {"fields": ["/a~1b", "/model"]}, "response_body": "nothing"},
        "steps": [
            {"hook": "authenticate", "in": {}, "out": "pass"},
            {
                "hook": "authenticate",
                "in": {"head": {"headers": {"x-key": "ann"}, "body_sha256": "00".repeat(32)}},
                "out": {"allow": {
                    "principal": {"id": "ann", "attributes": {"digest": "false"}},
                    "headers": [{"remove": "x-key"}, {"set": {"name": "x-raw", "value": {"hex": "ff"}}}],
                }},
                "after": {"headers": {"x-raw": {"hex": "ff"}}},
            },
            {"hook": "admit", "in": {"estimate": {"input": 7}}, "out": {"admitted": "t7"}},
            {"hook": "settle", "in": {"ticket": "t7", "actual": {"output": 3}}},
            {
                "hook": "transform_request",
                "ctx": {"model": "m"},
                "in": {"headers": {"x-a": ["1", "2"]}, "body": {"model": "m", "a/b": [1]}},
                "out": {"changed": {"edits": [{"set": {
                    "pointer": "/seen", "value": {"fields": ["/a~1b=[1]", "/model=\"m\""], "x-a": 2, "model": "m"},
                }}]}},
                "after": {"body": {
                    "model": "m", "a/b": [1], "seen": {"fields": ["/a~1b=[1]", "/model=\"m\""], "x-a": 2, "model": "m"},
                }},
            },
            {"hook": "transform_request", "in": {"body": {"opaque": "image/png"}}, "out": "unchanged"},
            {
                "hook": "transform_event",
                "in": {"events": [{"data": {}}, {"data": {}}, {"name": "n", "data": {"a": 1}}]},
                "out": ["keep", "drop", {"replace": [{"name": "n", "data": {"a": 1}}, {"name": "n", "data": {"a": 1}}]}],
            },
            {
                "hook": "moderate_input",
                "in": {"texts": [{"content": "ein röter rot"}, {"content": "nichts"}]},
                "out": {
                    "edit": [{"start": 11, "end": 14, "replacement": "grün"}],
                    "findings": [{"category": "colour", "score": 0.9, "detail": {"json": {"n": 1}}}],
                    "hold": {"0": 3},
                },
                "after": {"texts": ["ein röter grün", "nichts"]},
            },
            {"hook": "completed", "in": {"outcome": {"status": 499}}, "out": {"error": "status 4"}},
        ],
    });
    played(case).await.unwrap();
}

#[tokio::test]
async fn what_differs_is_told() {
    let told = steps(json!([{"hook": "admit", "out": {"admitted": "t1"}}])).await.unwrap_err();
    assert_eq!(
        told,
        "case \"sample\", step 1 (admit): the answer differs\n  at /admitted\n    expected \"t1\"\n    got      \"t0\"\n  \
         all that was got: {\"admitted\":\"t0\"}"
    );
    let told = steps(json!([{"hook": "completed"}])).await.unwrap_err();
    assert!(told.contains("step 1 (completed): the plugin failed: status 200"), "{told}");
    let told = steps(json!([{"hook": "admit", "out": {"error": "x"}}])).await.unwrap_err();
    assert!(told.contains("a failure with \"x\" was expected"), "{told}");
    let told = steps(json!([{"hook": "transform_upstream", "out": "unchanged"}])).await.unwrap_err();
    assert!(told.contains("does not subscribe to this hook"), "{told}");
}

#[tokio::test]
async fn what_cannot_be_carried_out_is_a_failure() {
    let body = json!({"headers": {"x-break": "1"}, "body": {"model": "m"}});
    let error = json!({"error": "cannot be carried out: the pointer \"/model/x\" goes through"});
    steps(json!([{"hook": "transform_request", "in": body, "out": error}])).await.unwrap();
    let texts = |content: &str| json!({"texts": [{"content": content}]});
    let error = json!({"error": "borders of characters"});
    steps(json!([{"hook": "moderate_output", "in": texts("aä"), "out": error}])).await.unwrap();
    let released = json!({"texts": [{"content": "abc", "released": 2}]});
    steps(json!([{"hook": "moderate_output", "in": released, "out": {"error": "has left already"}}]))
        .await
        .unwrap();
    let panics = json!({"texts": [], "last": false});
    steps(json!([{"hook": "moderate_output", "in": panics, "out": {"error": "panicked"}}])).await.unwrap();
}

#[tokio::test]
async fn what_stands_afterwards_is_compared() {
    let step = json!({"hook": "moderate_input", "in": {"texts": [{"content": "rot"}]}, "after": {"texts": ["rot"]},
        "out": {"edit": [{"start": 0, "end": 3, "replacement": "grün"}], "hold": {"0": 3},
            "findings": [{"category": "colour", "score": 0.9, "detail": "{\"n\": 1.0}"}]}});
    let told = steps(json!([step])).await.unwrap_err();
    assert!(told.contains("\"texts\" of \"after\" differs\n  at /0\n    expected \"rot\""), "{told}");
}

#[tokio::test]
async fn a_refused_configuration_is_compared() {
    let case = |error: &str| json!({"name": "x", "config": {"wrong": 1}, "configure": {"error": error}});
    played(case("is wrong")).await.unwrap();
    assert!(played(case("else")).await.unwrap_err().contains("expected a text with \"else\""));
    let taken = json!({"name": "x", "configure": {"error": "x"}});
    assert!(played(taken).await.unwrap_err().contains("the configuration was taken"));
    let step = json!([{"hook": "admit", "out": "admitted"}]);
    let refused = json!({"name": "x", "config": {"wrong": 1}, "steps": step});
    assert!(played(refused).await.unwrap_err().contains("the configuration was refused: configure failed"));
    let other = json!({"name": "x", "configure": {"hooks": ["admit"]}, "steps": step});
    assert!(played(other).await.unwrap_err().contains("the subscription differs"));
}

#[tokio::test]
async fn services_are_compared_afterwards() {
    let settle = json!([{"hook": "settle", "in": {"ticket": "a"}}]);
    let case = json!({"name": "x", "services": {"kv_after": {}}, "steps": settle});
    assert!(played(case).await.unwrap_err().contains("at /settled\n    expected nothing"));
    let none = Capabilities::default();
    assert!(!none.kv);
    let refused = json!({"error": "asks for kv: true, metrics: true, which"});
    played(json!({"name": "x", "grants": {}, "configure": refused})).await.unwrap();
    let unsent = json!({"name": "x", "steps": settle,
        "services": {"http": [{"request": {"url": "http://a/"}, "reply": {}}]}});
    assert!(played(unsent).await.unwrap_err().contains("the request GET http://a/ was never sent"));
}
