//! A case from beginning to end: the plugin is configured, asked, and what it did is looked at.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tidegate_contract::{Need, Subscription, Windows};
use tidegate_pipeline::{
    Backing, Code, Limits, LoadError, Manifest, Plugin, Process, Services, Setup, check_wanted, consent,
};

use crate::case::Case;
use crate::compare::difference;
use crate::decode::{Wrong, decode};
use crate::mismatch::Mismatch;
use crate::play::play;

/// What `configure` must come to: `configure` of the case file.
#[derive(Debug, Clone)]
pub(crate) enum Configured {
    /// An error whose text has this in it.
    Refused(String),
    /// These parts of the subscription.
    Subscribed(Map<String, Value>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    error: Option<String>,
    hooks: Option<Vec<String>>,
    headers: Option<Value>,
    request_body: Option<Value>,
    response_body: Option<Value>,
    body_digest: Option<bool>,
    windows: Option<Value>,
    dialects: Option<Vec<String>>,
}

impl Configured {
    pub(crate) fn decode(place: &str, value: Value) -> Result<Self, Wrong> {
        let File { error, hooks, headers, request_body, response_body, body_digest, windows, dialects } =
            decode(place, value)?;
        let parts = [
            (
                "hooks",
                hooks.map(|mut hooks| {
                    hooks.sort();
                    json!(hooks)
                }),
            ),
            ("headers", headers),
            ("request_body", request_body),
            ("response_body", response_body),
            ("body_digest", body_digest.map(Value::Bool)),
            ("windows", windows),
            ("dialects", dialects.map(|dialects| json!(dialects))),
        ];
        let parts: Map<_, _> =
            parts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        match error {
            Some(_) if !parts.is_empty() => {
                Err(Wrong::at(place, "has \"error\" and a subscription; keep one"))
            }
            Some(error) => Ok(Self::Refused(error)),
            None => Ok(Self::Subscribed(parts)),
        }
    }

    pub(crate) fn is_refusal(&self) -> bool {
        self.refusal().is_some()
    }

    pub(crate) fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused(text) => Some(text),
            Self::Subscribed(_) => None,
        }
    }
}

/// Configures a plugin as the case says, plays the case, and compares what the plugin did to the services.
///
/// `process` is for runtimes whose plugins are processes. The plugin is granted what its manifest asks for, or `grants` of the case; where those two differ, it is not loaded.
///
/// # Errors
/// The first thing that is not as the case says.
pub async fn run(
    case: &Case,
    code: &dyn Code,
    manifest: &Manifest,
    process: &Process,
) -> Result<(), Mismatch> {
    let (backing, recorder) = case.backing();
    let configured = configure(case, code, (manifest, process), backing).await;
    let subscription = configured.as_ref().map(|plugin| plugin.subscription());
    check_configure(case, subscription.map_err(Clone::clone))?;
    let Ok(plugin) = configured else { return Ok(()) };
    play(case, &plugin, manifest.stream.as_ref()).await?;
    recorder.check(case)
}

/// The plugin as a case configures it, for what is not about its answers.
///
/// # Errors
/// Where it refuses its configuration.
pub async fn configured(
    case: &Case,
    code: &dyn Code,
    manifest: &Manifest,
    process: &Process,
) -> Result<Arc<dyn Plugin>, Mismatch> {
    let made = configure(case, code, (manifest, process), case.backing().0).await;
    made.map_err(|error| {
        Mismatch::new(case.name(), "\"configure\"", format!("the configuration was refused: {error}"))
    })
}

async fn configure(
    case: &Case,
    code: &dyn Code,
    (manifest, process): (&Manifest, &Process),
    backing: Backing,
) -> Result<Arc<dyn Plugin>, LoadError> {
    let asked = &manifest.capabilities;
    let granted = consent(asked, case.grants().unwrap_or(asked))?;
    let setup = Setup {
        config: case.config(),
        services: Services::new(manifest.id.as_str().into(), granted, case.secrets(), backing),
        hooks: manifest.hooks,
        limits: Limits::default(),
        max_instances: 2,
        process: process.clone(),
        native: tidegate_pipeline::Native::default(),
        per_request: manifest.per_request,
    };
    let plugin = code.configure(setup).await?;
    check_wanted(plugin.subscription())?;
    Ok(plugin)
}

/// Compares how `configure` ended with what the case says of it.
///
/// # Errors
/// Where the configuration was refused and should not be, or the other way round, or another subscription came.
pub fn check_configure(case: &Case, ended: Result<&Subscription, LoadError>) -> Result<(), Mismatch> {
    let wrong = |problem: String| Err(Mismatch::new(case.name(), "\"configure\"", problem));
    match (ended, case.configured()) {
        (Err(error), Some(Configured::Refused(text))) => {
            let error = error.to_string();
            if error.contains(text.as_str()) {
                return Ok(());
            }
            wrong(format!("the error differs\n    expected a text with \"{text}\"\n    got      \"{error}\""))
        }
        (Err(error), _) => wrong(format!("the configuration was refused: {error}")),
        (Ok(_), Some(Configured::Refused(text))) => {
            wrong(format!("the configuration was taken, and an error with \"{text}\" was expected"))
        }
        (Ok(subscription), Some(Configured::Subscribed(parts))) => {
            let got = shown(subscription);
            let named = parts.keys().map(|key| (key.clone(), got[key].clone()));
            match difference(&Value::Object(parts.clone()), &Value::Object(named.collect())) {
                Some(text) => wrong(format!("the subscription differs{text}")),
                None => Ok(()),
            }
        }
        (Ok(_), None) => Ok(()),
    }
}

fn shown(subscription: &Subscription) -> Value {
    let need = |need: &Need| match need {
        Need::Nothing => json!("nothing"),
        Need::Fields(pointers) => json!({"fields": pointers}),
        Need::Whole => json!("whole"),
    };
    let windows = |windows: &Windows| {
        let Windows { mode, min, max, overlap, max_match, max_hold_ms } = windows;
        json!({"mode": mode, "min": min, "max": max, "overlap": overlap, "max_match": max_match,
            "max_hold_ms": max_hold_ms})
    };
    let mut hooks: Vec<_> = subscription.hooks.iter().map(|hook| hook.as_str()).collect();
    hooks.sort_unstable();
    json!({
        "hooks": hooks,
        "headers": need(&subscription.headers),
        "request_body": need(&subscription.request_body),
        "response_body": need(&subscription.response_body),
        "body_digest": subscription.body_digest,
        "windows": subscription.windows.as_ref().map(windows),
        "dialects": subscription.dialects,
    })
}
