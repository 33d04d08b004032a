//! What workers ask of the gateway and tell it, each checked against what was granted.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_contract::{Header, Reply};
use tidegate_pipeline::{HttpRequest, Level, NoAnswer, Scope, Services, StoreError};

use crate::call::{Answered, AskError};
use crate::verdict;

/// The meta of `ask`.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    /// The call for which it asks.
    #[serde(default)]
    pub(crate) call: u32,
    #[serde(flatten)]
    ask: Ask,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "service", rename_all = "snake_case")]
enum Ask {
    Attribute { name: String },
    Note { key: String },
    SetNote { key: String },
    Secret { name: String },
    KvGet { key: String },
    KvSet { key: String, ttl_ms: Option<u64>, if_version: Option<u64> },
    KvDelete { key: String },
    KvIncrement { key: String, by: i64, ttl_ms: Option<u64> },
    Http { requests: Vec<SentRequest> },
    Model { route: String },
}

#[derive(Debug, Deserialize)]
struct SentRequest {
    #[serde(default = "get")]
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    length: usize,
    timeout_ms: Option<u64>,
}

fn get() -> String {
    "GET".into()
}

/// A value and the bytes beside it.
type Given = Result<(Value, Vec<u8>), AskError>;

impl Asked {
    /// Answers; `body` is the frame's, `left` what is left of the call's time.
    pub(crate) async fn answer(
        self,
        services: &Services,
        scope: &Scope,
        body: Bytes,
        left: Duration,
    ) -> (Answered, Vec<u8>) {
        match given(self.ask, services, scope, (body, left)).await {
            Ok((value, bytes)) => (Answered::Ok(value), bytes),
            Err(error) => (Answered::Error(error), Vec::new()),
        }
    }
}

async fn given(ask: Ask, services: &Services, scope: &Scope, (body, left): (Bytes, Duration)) -> Given {
    let plain = |value: Value| Ok((value, Vec::new()));
    let ttl = |ttl_ms: Option<u64>| ttl_ms.map(Duration::from_millis);
    match ask {
        Ask::Attribute { name } => plain(json!(scope.attribute(&name))),
        Ask::Note { key } => {
            Ok(scope.note(&key).map_or((Value::Null, Vec::new()), |note| (true.into(), note)))
        }
        Ask::SetNote { key } => match scope.set_note(&key, &body) {
            Ok(()) => plain(Value::Null),
            Err(error) => Err(AskError { kind: "full", message: error.to_string() }),
        },
        Ask::Secret { name } => match services.secret(&name) {
            Ok(secret) => plain(secret.into()),
            Err(message) => Err(AskError { kind: "denied", message }),
        },
        Ask::KvGet { key } => {
            let entry = services.get(&key).await.map_err(store_error)?;
            Ok(entry.map_or((Value::Null, Vec::new()), |entry| {
                (json!({"version": entry.version}), entry.value.to_vec())
            }))
        }
        Ask::KvSet { key, ttl_ms, if_version } => {
            let set = services.set(&key, body.to_vec(), ttl(ttl_ms), if_version).await;
            plain(json!(set.map_err(store_error)?))
        }
        Ask::KvDelete { key } => plain(services.delete(&key).await.map_err(store_error)?.into()),
        Ask::KvIncrement { key, by, ttl_ms } => {
            plain(services.increment(&key, by, ttl(ttl_ms)).await.map_err(store_error)?.into())
        }
        Ask::Http { requests } => {
            let requests = http_requests(requests, body, left)?;
            Ok(http_answers(services.send(&requests).await))
        }
        Ask::Model { route } => {
            let failed = |message: String| AskError { kind: "failed", message };
            let body = std::str::from_utf8(&body).map_err(|_| failed("the question is no UTF-8".into()))?;
            let said = services.ask(scope, &route, body).await.map_err(|error| no_answer(&error))?;
            Ok((Value::Null, said.into_bytes()))
        }
    }
}

fn store_error(error: StoreError) -> AskError {
    let kind = match error {
        StoreError::Denied => "denied",
        StoreError::TooLarge => "too_large",
        StoreError::Unavailable(_) => "unavailable",
    };
    AskError { kind, message: error.to_string() }
}

fn http_requests(
    sent: Vec<SentRequest>,
    mut body: Bytes,
    left: Duration,
) -> Result<Vec<HttpRequest>, AskError> {
    let wrong = |message: &str| AskError { kind: "failed", message: message.into() };
    let mut requests = Vec::with_capacity(sent.len());
    for SentRequest { method, url, headers, length, timeout_ms } in sent {
        if length > body.len() {
            return Err(wrong("the bodies of the requests are shorter than their lengths say"));
        }
        let field = |(name, value)| {
            let value = verdict::bytes(value).map_err(|error| wrong(&error.to_string()))?;
            Ok(Header { name, value })
        };
        requests.push(HttpRequest {
            method,
            url,
            headers: headers.into_iter().map(field).collect::<Result<_, AskError>>()?,
            body: body.split_to(length).to_vec(),
            timeout: Some(timeout_ms.map_or(left, Duration::from_millis).min(left)),
        });
    }
    Ok(requests)
}

fn http_answers(answers: Vec<Result<Reply, NoAnswer>>) -> (Value, Vec<u8>) {
    let mut bodies = Vec::new();
    let mut shown = |answer| match answer {
        Ok(Reply { status, headers, body }) => {
            bodies.extend_from_slice(&body);
            let text = |value: Vec<u8>| value.into_iter().map(char::from).collect::<String>();
            let fields: Vec<_> =
                headers.into_iter().map(|header| (header.name, text(header.value))).collect();
            json!({"ok": {"status": status, "headers": fields, "length": body.len()}})
        }
        Err(error) => {
            let AskError { kind, message } = no_answer(&error);
            json!({"error": {"kind": kind, "message": message}})
        }
    };
    let list: Vec<Value> = answers.into_iter().map(&mut shown).collect();
    (list.into(), bodies)
}

fn no_answer(error: &NoAnswer) -> AskError {
    let kind = match error {
        NoAnswer::Denied(_) => "denied",
        NoAnswer::Timeout => "timeout",
        NoAnswer::TooLarge => "too_large",
        NoAnswer::Failed(_) => "failed",
    };
    let message = match error {
        NoAnswer::Denied(text) | NoAnswer::Failed(text) => text.clone(),
        NoAnswer::Timeout | NoAnswer::TooLarge => error.to_string(),
    };
    AskError { kind, message }
}

/// The meta of `note`.
#[derive(Debug, Deserialize)]
pub(crate) struct Noted {
    log: Option<Line>,
    count: Option<Counted>,
    observe: Option<Observed>,
}

#[derive(Debug, Deserialize)]
struct Line {
    level: String,
    message: String,
    #[serde(default)]
    fields: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
struct Counted {
    name: String,
    by: f64,
    #[serde(default)]
    labels: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
struct Observed {
    name: String,
    value: f64,
    #[serde(default)]
    labels: Vec<(String, String)>,
}

impl Noted {
    pub(crate) fn note(self, services: &Services, scope: &Scope) {
        if let Some(Line { level, message, fields }) = self.log {
            let level = match level.as_str() {
                "debug" => Level::Debug,
                "warn" => Level::Warn,
                "error" => Level::Error,
                _ => Level::Info,
            };
            services.log(scope, level, &message, &fields);
        }
        if let Some(Counted { name, by, labels }) = self.count {
            services.count(&name, by, &labels);
        }
        if let Some(Observed { name, value, labels }) = self.observe {
            services.observe(&name, value, &labels);
        }
    }
}
