//! `GET /v1/usage`: what a query asks for, and the report as JSON.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use tidegate_admin::ApiError;
use tidegate_pipeline::{Dimension, UsageGroup, UsageLog, UsageQuery, UsageReport};

/// Groups of a report, unless a query says otherwise, and the most of one.
const GROUPS: usize = 1000;
const MOST: usize = 10_000;

/// What a report is about, unless a query says otherwise: the last day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Dimensions of a group.
const DIMENSIONS: usize = 6;

/// The report that a query asks for.
pub(crate) async fn report(log: &dyn UsageLog, query: &[(String, String)]) -> Result<Value, ApiError> {
    let query = read(query, SystemTime::now()).map_err(ApiError::Invalid)?;
    let report = log.report(&query).await.map_err(|error| ApiError::Unavailable(error.to_string()))?;
    Ok(shown(&query, &report, log.lost()))
}

fn read(pairs: &[(String, String)], now: SystemTime) -> Result<UsageQuery, String> {
    let mut query = UsageQuery { from: 0, to: millis(now), limit: GROUPS, ..UsageQuery::default() };
    let mut from = now - DAY;
    for (name, value) in pairs {
        match name.as_str() {
            "from" => from = moment(name, value)?,
            "to" => query.to = millis(moment(name, value)?),
            "since" => from = now - span(value)?,
            "group_by" => query.group_by = dimensions(value)?,
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                query.limit =
                    limit.ok_or_else(|| format!("\"limit\" must be a whole number from 1 to {MOST}"))?;
            }
            _ => query.only.push((dimension(name)?, value.clone())),
        }
    }
    query.from = millis(from);
    if query.from >= query.to {
        return Err("\"from\" must be before \"to\"".into());
    }
    Ok(query)
}

fn dimensions(list: &str) -> Result<Vec<Dimension>, String> {
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    let found = names.map(dimension).collect::<Result<Vec<_>, _>>()?;
    if found.len() > DIMENSIONS {
        return Err(format!("\"group_by\" takes at most {DIMENSIONS} names"));
    }
    Ok(found)
}

fn dimension(name: &str) -> Result<Dimension, String> {
    Dimension::of(name).filter(|_| name.len() <= 128).ok_or_else(|| {
        let known: Vec<_> = Dimension::NAMED.iter().map(|(name, _)| *name).collect();
        format!(
            "unknown parameter or group \"{}\"; known are {}, tag:NAME, and from, to, since, group_by, limit",
            name.escape_debug(),
            known.join(", ")
        )
    })
}

/// RFC 3339, or a day of UTC.
fn moment(name: &str, text: &str) -> Result<SystemTime, String> {
    let found =
        humantime::parse_rfc3339(text).or_else(|_| humantime::parse_rfc3339(&format!("{text}T00:00:00Z")));
    found.map_err(|_| {
        format!("\"{name}\" must be a time such as \"2027-01-31T12:00:00Z\" or a day such as \"2027-01-31\"")
    })
}

fn span(text: &str) -> Result<Duration, String> {
    let longest = DAY * 366 * 50;
    let span = humantime::parse_duration(text).ok().filter(|span| *span <= longest);
    span.ok_or_else(|| "\"since\" must be a duration such as \"24h\" or \"30d\"".into())
}

fn millis(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

fn shown(query: &UsageQuery, report: &UsageReport, lost: u64) -> Value {
    let time = |millis: u64| {
        humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(millis)).to_string()
    };
    let names: Vec<String> = query.group_by.iter().map(Dimension::name).collect();
    let groups: Vec<Value> = report.groups.iter().map(|one| group(&names, one)).collect();
    json!({
        "from": time(query.from),
        "to": time(query.to),
        "group_by": names,
        "groups": groups,
        "truncated": report.truncated,
        "lost_records": lost,
    })
}

fn group(names: &[String], group: &UsageGroup) -> Value {
    let key: Map<String, Value> =
        names.iter().cloned().zip(group.values.iter().map(|value| json!(value))).collect();
    let UsageGroup { requests, errors, input, output, cached_input, cache_write, reasoning, .. } = *group;
    json!({
        "key": key,
        "requests": requests,
        "errors": errors,
        "tokens": {
            "input": input,
            "output": output,
            "cached_input": cached_input,
            "cache_write": cache_write,
            "reasoning": reasoning,
        },
        "cost_micro_usd": group.cost_micro_usd,
        "unpriced_requests": group.unpriced,
        "duration_ms": group.duration_ms,
    })
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
