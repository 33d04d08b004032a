//! What the filters share in reading their settings.

use std::net::IpAddr;
use std::time::Duration;

use http::Uri;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidegate_pipeline::SettingsProblem;

/// What nobody should see.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("writeOnly" = true))]
pub(crate) struct Secret(pub(crate) String);

/// Reads settings that passed the schema; what is left is reported at `pointer`.
pub(crate) fn decode<T: DeserializeOwned>(
    settings: &Value,
    pointer: &str,
) -> Result<T, Vec<SettingsProblem>> {
    T::deserialize(settings).map_err(|error| vec![problem(pointer, &error.to_string())])
}

/// A problem at a place of the settings.
pub(crate) fn problem(pointer: &str, message: &str) -> SettingsProblem {
    SettingsProblem { pointer: pointer.to_owned(), message: message.to_owned() }
}

/// The pointer to a key below another (RFC 6901, section 3).
pub(crate) fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// What was made, unless there are problems.
pub(crate) fn unless<T>(problems: Vec<SettingsProblem>, made: T) -> Result<T, Vec<SettingsProblem>> {
    if problems.is_empty() { Ok(made) } else { Err(problems) }
}

/// A duration from a second to a day, or what it is where the settings have none.
pub(crate) fn duration(
    text: Option<&str>,
    usual: Duration,
    pointer: &str,
    problems: &mut Vec<SettingsProblem>,
) -> Duration {
    const ALLOWED: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);
    let Some(text) = text else { return usual };
    let found = humantime::parse_duration(text).ok().filter(|found| ALLOWED.contains(found));
    found.unwrap_or_else(|| {
        let key = pointer.rsplit('/').next().unwrap_or_default();
        let text = format!("\"{key}\" is no duration of 1s to 24h; write it as \"30s\" or \"5m\"");
        problems.push(problem(pointer, &text));
        usual
    })
}

/// What is wrong with the URL of a server that vouches for callers: what comes from it must not be changed on its way.
pub(crate) fn check_url(text: &str, allow_http: bool, pointer: &str) -> Option<SettingsProblem> {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    let uri = text.parse::<Uri>().ok();
    let authority = uri.as_ref().and_then(Uri::authority).filter(|named| !named.as_str().contains('@'));
    let scheme = uri.as_ref().and_then(Uri::scheme_str);
    match (scheme, authority) {
        (Some("https"), Some(_)) => None,
        (Some("http"), Some(named)) if allow_http || is_loopback(named.host()) => None,
        (Some("http"), Some(_)) => {
            let cause = "is plain http, which anybody on the way can change; write \"https://\", or set \"allow_http\"";
            Some(problem(pointer, &format!("\"{key}\" {cause}")))
        }
        _ => {
            let cause =
                "is no address of https or http, or has a user in it; write it as \"https://host/path\"";
            Some(problem(pointer, &format!("\"{key}\" {cause}")))
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
