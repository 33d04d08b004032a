//! Services of the gateway, asked over the socket.

use std::io;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_contract::{Header, Reply};
use tidegate_pipeline::{Entry, HttpRequest, Level, NoAnswer, StoreError};

use super::socket::{Kind, Socket};
use super::told::latin1;
use super::verdict::characters;
use crate::reach::{Reach, Terms};

/// The services of one call.
pub(super) struct Remote<'a> {
    socket: &'a Socket,
    call: u32,
}

/// How the gateway begins what it says of a store that is down.
const NO_ANSWER: &str = "the store gives no answer: ";

/// Why a service gave no answer.
#[derive(Deserialize)]
struct Failure {
    kind: String,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Ok(Value),
    Error(Failure),
}

type Given = Result<(Value, Vec<u8>), Failure>;

impl<'a> Remote<'a> {
    pub(super) fn new(socket: &'a Socket, call: u32) -> Self {
        Self { socket, call }
    }

    /// Asks, and waits. Without a gateway nothing is left to do for anybody: the next read ends the process.
    fn ask(&self, mut meta: Value, body: &[u8]) -> Given {
        meta["call"] = self.call.into();
        let lost = |error: &io::Error| Failure { kind: "failed".into(), message: error.to_string() };
        let frame = self.socket.ask(&meta, body).map_err(|error| lost(&error))?;
        let answer = serde_json::from_slice(&frame.meta)
            .map_err(|error| Failure { kind: "failed".into(), message: error.to_string() })?;
        match answer {
            Answer::Ok(value) => Ok((value, frame.body)),
            Answer::Error(failure) => Err(failure),
        }
    }

    fn stored(&self, meta: Value, body: &[u8]) -> Result<(Value, Vec<u8>), StoreError> {
        self.ask(meta, body).map_err(|Failure { kind, message }| match kind.as_str() {
            "denied" => StoreError::Denied,
            "too_large" => StoreError::TooLarge,
            // The error says so itself.
            _ => StoreError::Unavailable(message.trim_start_matches(NO_ANSWER).into()),
        })
    }

    fn tell(&self, meta: &Value) {
        // Where the gateway is gone, the next read ends the process.
        let _ = self.socket.send(Kind::NOTE, self.call, meta, &[]);
    }
}

fn millis(ttl: Option<Duration>) -> Option<u64> {
    ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX))
}

impl Reach for Remote<'_> {
    fn attribute(&self, name: &str) -> Option<String> {
        let (value, _) = self.ask(json!({"service": "attribute", "name": name}), &[]).ok()?;
        value.as_str().map(Into::into)
    }

    fn note(&self, key: &str) -> Option<Vec<u8>> {
        let (value, body) = self.ask(json!({"service": "note", "key": key}), &[]).ok()?;
        (!value.is_null()).then_some(body)
    }

    fn set_note(&self, key: &str, value: &[u8]) -> Result<(), String> {
        let asked = self.ask(json!({"service": "set_note", "key": key}), value);
        asked.map(drop).map_err(|failure| failure.message)
    }

    fn log(&self, level: Level, message: &str, fields: &[(String, String)]) {
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        self.tell(&json!({"log": {"level": level, "message": message, "fields": fields}}));
    }

    fn count(&self, name: &str, by: f64, labels: &[(String, String)]) {
        self.tell(&json!({"count": {"name": name, "by": by, "labels": labels}}));
    }

    fn observe(&self, name: &str, value: f64, labels: &[(String, String)]) {
        self.tell(&json!({"observe": {"name": name, "value": value, "labels": labels}}));
    }

    fn secret(&self, name: &str) -> Result<String, String> {
        match self.ask(json!({"service": "secret", "name": name}), &[]) {
            Ok((value, _)) => value.as_str().map(Into::into).ok_or_else(|| "the gateway gave no text".into()),
            Err(failure) => Err(failure.message),
        }
    }

    fn get(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        let (value, body) = self.stored(json!({"service": "kv_get", "key": key}), &[])?;
        let version = value.get("version").and_then(Value::as_u64);
        Ok(version.map(|version| Entry { value: body.into(), version }))
    }

    fn set(&self, key: &str, value: &[u8], terms: Terms) -> Result<Option<u64>, StoreError> {
        let Terms { ttl, if_version } = terms;
        let asked = json!({"service": "kv_set", "key": key, "ttl_ms": millis(ttl), "if_version": if_version});
        Ok(self.stored(asked, value)?.0.as_u64())
    }

    fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let (value, _) = self.stored(json!({"service": "kv_delete", "key": key}), &[])?;
        Ok(value.as_bool().unwrap_or_default())
    }

    fn increment(&self, key: &str, by: i64, ttl: Option<Duration>) -> Result<i64, StoreError> {
        let asked = json!({"service": "kv_increment", "key": key, "by": by, "ttl_ms": millis(ttl)});
        let (value, _) = self.stored(asked, &[])?;
        value.as_i64().ok_or_else(|| StoreError::Unavailable("the gateway gave no number".into()))
    }

    fn send(&self, requests: Vec<HttpRequest>) -> Vec<Result<Reply, NoAnswer>> {
        let mut bodies = Vec::new();
        let mut shown = |request: &HttpRequest| {
            let HttpRequest { method, url, headers, body, timeout } = request;
            bodies.extend_from_slice(body);
            let headers: Value =
                headers.iter().map(|header| json!([header.name, characters(&header.value)])).collect();
            json!({
                "method": method, "url": url, "headers": headers, "length": body.len(),
                "timeout_ms": millis(*timeout),
            })
        };
        let list: Value = requests.iter().map(&mut shown).collect();
        match self.ask(json!({"service": "http", "requests": list}), &bodies) {
            Ok((value, body)) => replies(value, &body, requests.len()),
            Err(failure) => requests.iter().map(|_| Err(no_answer(&failure))).collect(),
        }
    }

    fn ask(&self, route: &str, body: &str) -> Result<String, NoAnswer> {
        let asked = self.ask(json!({"service": "model", "route": route}), body.as_bytes());
        let (_, said) = asked.map_err(|failure| no_answer(&failure))?;
        String::from_utf8(said).map_err(|_| NoAnswer::Failed("the gateway gave no text".into()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Replied {
    Ok { status: u16, headers: Vec<(String, String)>, length: usize },
    Error(Failure),
}

/// As many as were asked for, whatever came.
fn replies(value: Value, mut body: &[u8], count: usize) -> Vec<Result<Reply, NoAnswer>> {
    let list: Vec<Replied> = serde_json::from_value(value).unwrap_or_default();
    let mut read = |replied| match replied {
        Replied::Error(failure) => Err(no_answer(&failure)),
        Replied::Ok { status, headers, length } => {
            let (own, rest) = body.split_at(length.min(body.len()));
            body = rest;
            let field = |(name, value): (String, String)| Header { name, value: latin1(&value) };
            Ok(Reply { status, headers: headers.into_iter().map(field).collect(), body: own.to_vec() })
        }
    };
    let mut replies: Vec<_> = list.into_iter().take(count).map(&mut read).collect();
    replies.resize(count, Err(NoAnswer::Failed("the gateway gave no answer".into())));
    replies
}

fn no_answer(failure: &Failure) -> NoAnswer {
    let Failure { kind, message } = failure;
    match kind.as_str() {
        "denied" => NoAnswer::Denied(message.clone()),
        "timeout" => NoAnswer::Timeout,
        "too_large" => NoAnswer::TooLarge,
        _ => NoAnswer::Failed(message.clone()),
    }
}
