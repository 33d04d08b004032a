//! Tells an operator that a part of a limit is used: in the log, and by a webhook.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_contract::Header;
use tidegate_pipeline::{
    Call, Count, Counted, HttpClient, HttpRequest, KeyValue, Limit, SettingsProblem, World, tell_beside,
};

use super::limit::name_of;
use crate::hex::hex;
use crate::settings::{Secret, check_url, problem};

/// When whoever runs the gateway is told, and how besides the log.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LimitAlert")]
pub(crate) struct AlertSettings {
    /// Parts of each limit: 0.8 is when four fifths are used. Each is told once for each key and window.
    #[serde(default = "parts")]
    #[schemars(length(min = 1, max = 16), inner(range(min = 0.01, max = 1.0)))]
    at: Vec<f64>,
    /// A server that is sent each alert as JSON, too.
    webhook: Option<Webhook>,
}

/// A server that is told of alerts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LimitAlertWebhook")]
struct Webhook {
    /// Its address.
    #[schemars(length(min = 1))]
    url: String,
    /// What each body is signed with: `x-tidegate-signature: sha256=` and its HMAC-SHA256 in hexadecimal digits.
    secret: Option<Secret>,
    /// Whether plain http is allowed beyond this machine.
    #[serde(default)]
    allow_http: bool,
}

fn parts() -> Vec<f64> {
    vec![0.8, 1.0]
}

/// How long a server has for an alert, and how often it is tried.
const TIMEOUT: Duration = Duration::from_secs(5);
const TRIES: u32 = 4;

/// Alerts of which this gateway knows that they were told.
const REMEMBERED: usize = 16 * 1024;

/// The longest time for which a store keeps that an alert was told.
const LONGEST: Duration = Duration::from_secs(32 * 24 * 60 * 60);

/// Tells of parts of limits.
pub(crate) struct Alerts {
    parts: Vec<f64>,
    webhook: Option<(String, Option<hmac::Key>)>,
    http: Arc<dyn HttpClient>,
    kv: Arc<dyn KeyValue>,
    told: Mutex<HashMap<String, Instant>>,
}

impl AlertSettings {
    pub(crate) fn checked(self, world: &World<'_>, problems: &mut Vec<SettingsProblem>) -> Alerts {
        let webhook = self.webhook.map(|Webhook { url, secret, allow_http }| {
            problems.extend(check_url(&url, allow_http, "/alert/webhook/url"));
            if secret.as_ref().is_some_and(|Secret(secret)| secret.is_empty()) {
                problems.push(problem(
                    "/alert/webhook/secret",
                    "\"secret\" is empty, so that anybody could sign",
                ));
            }
            (url, secret.map(|Secret(secret)| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())))
        });
        let mut parts = self.at;
        parts.sort_by(f64::total_cmp);
        let (http, kv) = (Arc::clone(&world.http), Arc::clone(&world.kv));
        Alerts { parts, webhook, http, kv, told: Mutex::default() }
    }
}

impl Alerts {
    /// Tells of the largest part that is used, unless it was told before.
    pub(super) fn look(
        self: &Arc<Self>,
        call: Call<'_>,
        (place, whose): (&str, &str),
        limit: &Limit,
        Count { used, reset }: Count,
    ) {
        let part = as_float(used) / as_float(limit.most);
        let Some(reached) = self.parts.iter().rev().find(|at| part >= **at) else { return };
        let name = |part: &f64| format!("{place}\u{1f}{whose}\u{1f}{}\u{1f}{part}", name_of(limit));
        if !self.is_new(&name(reached), reset) {
            return;
        }
        // Of what is given back again nobody is told.
        for less in self.parts.iter().take_while(|part| *part < reached) {
            self.is_new(&name(less), reset);
        }
        let name = name(reached);
        let alert = json!({
            "type": "limit.reached",
            "part": reached,
            "limit": name_of(limit),
            "key": whose,
            "principal": call.context.principal.map(|principal| &principal.id),
            "tenant": call.context.principal.and_then(|principal| principal.tenant.as_ref()),
            "model": call.context.model,
            "used": shown(limit.counted, used),
            "most": shown(limit.counted, limit.most),
            "resets_in_seconds": reset.as_secs(),
            "time": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        });
        let alerts = Arc::clone(self);
        tell_beside(async move { alerts.tell(&name, alert, reset).await });
    }

    /// Whether this gateway has not told it within the window.
    fn is_new(&self, name: &str, reset: Duration) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if told.get(name).is_some_and(|until| *until > now) {
            return false;
        }
        if told.len() >= REMEMBERED {
            told.retain(|_, until| *until > now);
        }
        if told.len() < REMEMBERED {
            told.insert(name.to_owned(), now + reset.min(LONGEST));
        }
        true
    }

    /// Unless another gateway on the same store has.
    async fn tell(&self, name: &str, alert: Value, reset: Duration) {
        let key = format!("rate_limit\u{1f}alert\u{1f}{}", hex(digest(&SHA256, name.as_bytes()).as_ref()));
        let ttl = Some(reset.clamp(Duration::from_secs(1), LONGEST));
        // Better told twice than not at all: a store that gives no answer is no reason.
        if let Ok(None) = self.kv.set(&key, Bytes::from_static(b"told"), ttl, Some(0)).await {
            return;
        }
        tracing::warn!(
            limit = alert["limit"].as_str(),
            part = alert["part"].as_f64(),
            principal = alert["principal"].as_str(),
            tenant = alert["tenant"].as_str(),
            used = %alert["used"],
            most = %alert["most"],
            "a limit is used up to a part that was to be told"
        );
        if let Some((url, key)) = &self.webhook {
            self.post(url, key.as_ref(), alert.to_string().into_bytes()).await;
        }
    }

    async fn post(&self, url: &str, key: Option<&hmac::Key>, body: Vec<u8>) {
        let mut headers = vec![Header { name: "content-type".into(), value: b"application/json".to_vec() }];
        if let Some(key) = key {
            let signature = format!("sha256={}", hex(hmac::sign(key, &body).as_ref()));
            headers.push(Header { name: "x-tidegate-signature".into(), value: signature.into_bytes() });
        }
        let (method, url) = ("POST".to_owned(), url.to_owned());
        let request = HttpRequest { method, url, headers, body, timeout: Some(TIMEOUT) };
        let mut failure = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_secs(1 << (attempt - 1))).await;
            }
            match self.http.send(&request).await {
                Ok(answer) if (200..300).contains(&answer.status) => return,
                Ok(answer) => failure = format!("status {}", answer.status),
                Err(error) => failure = error.to_string(),
            }
        }
        tracing::error!(error = failure, "an alert of a limit could not be delivered to its webhook");
    }
}

/// Dollars of a cost.
fn shown(counted: Counted, amount: u64) -> Value {
    match counted {
        Counted::Cost => json!(as_float(amount) / 1e6),
        _ => json!(amount),
    }
}

/// What is lost beyond 2^53 is no part that anybody would be told of.
fn as_float(amount: u64) -> f64 {
    amount as f64
}
