//! Filter entries: which filter, and what every filter takes.

use crate::check::edge::positive;
use crate::checked::{Filter, OnError, OnStreamMissing, Unmoderated};
use crate::node::Node;
use crate::raw::service as raw;
use crate::scope::At;

/// The keys of an entry that are not the filter's name.
const COMMON: [&str; 8] =
    ["name", "on_error", "timeout", "shadow", "when", "unmoderated", "parallel", "on_stream_missing"];

pub(crate) fn filters(raw: Vec<raw::Filter>, at: At<'_>) -> Vec<Filter> {
    raw.into_iter().enumerate().filter_map(|(index, raw)| filter(raw, at.item(index))).collect()
}

fn filter(raw: raw::Filter, at: At<'_>) -> Option<Filter> {
    let entries = at.node().map(Node::entries).unwrap_or_default();
    let chosen = entries.iter().find(|entry| !COMMON.contains(&entry.key.as_str()))?;
    let on_error = match raw.on_error {
        raw::OnError::Deny => OnError::Deny,
        raw::OnError::Allow => OnError::Allow,
    };
    Some(Filter {
        name: raw.name.unwrap_or_else(|| chosen.key.clone()).into(),
        kind: chosen.key.clone(),
        settings: chosen.value.clone(),
        on_error,
        timeout: raw.timeout.map(|timeout| positive(timeout, "timeout", at)),
        shadow: raw.shadow,
        unmoderated: raw.unmoderated.map(|unmoderated| match unmoderated {
            raw::Unmoderated::Deny => Unmoderated::Deny,
            raw::Unmoderated::Allow => Unmoderated::Allow,
        }),
        parallel: raw.parallel,
        on_stream_missing: raw.on_stream_missing.map(|missing| match missing {
            raw::OnStreamMissing::Buffer => OnStreamMissing::Buffer,
            raw::OnStreamMissing::Reject => OnStreamMissing::Reject,
        }),
        when: raw.when.and_then(|_| at.key("when").node().cloned()),
    })
}
