//! `tidegate usage`: what was used, as a table.

use serde_json::Value;

use crate::admin_call::{AdminCall, encoded, printable};

/// Which time and groups, and whom to ask.
#[derive(clap::Args)]
pub(crate) struct UsageCommand {
    /// What to add up by, such as principal, tenant, model, provider, route, day or tag:NAME; several with commas.
    #[arg(long, value_name = "NAMES", default_value = "principal,model")]
    by: String,
    /// The time before now, such as 24h or 30d.
    #[arg(long, value_name = "DURATION", conflicts_with = "from")]
    since: Option<String>,
    /// The first moment, such as 2027-01-31 or 2027-01-31T12:00:00Z; a day ago unless set.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The end; now unless set.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only exchanges with this value, such as principal=alice; may be given several times.
    #[arg(long = "only", value_name = "NAME=VALUE", value_parser = pair)]
    only: Vec<(String, String)>,
    /// Rows at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    call: AdminCall,
    /// As the JSON of the admin API.
    #[arg(long)]
    json: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let split = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    split.ok_or_else(|| "write it as NAME=VALUE, such as principal=alice".to_owned())
}

impl UsageCommand {
    /// # Errors
    /// Where nobody answers, or the gateway keeps no account.
    pub(crate) fn run(self) -> Result<String, String> {
        let Self { by, since, from, to, only, limit, call, json } = self;
        let limit = limit.to_string();
        let named = [
            ("group_by", Some(&by)),
            ("since", since.as_ref()),
            ("from", from.as_ref()),
            ("to", to.as_ref()),
            ("limit", Some(&limit)),
        ];
        let named = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let only = only.iter().map(|(name, value)| (name.as_str(), value));
        let query: Vec<String> =
            named.chain(only).map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let told = call.get(&format!("/v1/usage?{}", query.join("&")))?;
        Ok(if json { told.to_string() } else { shown(&told) })
    }
}

/// Columns of numbers, after those of the groups.
const NUMBERS: [&str; 7] = ["requests", "errors", "input", "cached", "output", "reasoning", "cost ($)"];

/// A line for each group and one for all.
fn shown(report: &Value) -> String {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let names: Vec<String> = list(&report["group_by"]).iter().map(text).collect();
    let groups = list(&report["groups"]);
    let mut rows = vec![names.iter().cloned().chain(NUMBERS.map(str::to_owned)).collect::<Vec<_>>()];
    let mut total = [0_u64; NUMBERS.len()];
    for group in &groups {
        let counts = counts(group);
        for (sum, count) in total.iter_mut().zip(counts) {
            *sum = sum.saturating_add(count);
        }
        let key = names.iter().map(|name| text(&group["key"][name]));
        rows.push(key.chain(numbers(counts)).collect());
    }
    if names.is_empty() || groups.len() != 1 {
        let mut label = vec![String::new(); names.len()];
        if let Some(first) = label.first_mut() {
            "total".clone_into(first);
        }
        rows.push(label.into_iter().chain(numbers(total)).collect());
    }
    if names.is_empty() {
        rows.truncate(2);
    }
    let mut table =
        format!("{} to {}\n\n{}", text(&report["from"]), text(&report["to"]), aligned(&rows, names.len()));
    if report["truncated"] == true {
        table.push_str("\nThere are more groups; raise --limit.\n");
    }
    let unpriced: u64 = groups.iter().filter_map(|group| group["unpriced_requests"].as_u64()).sum();
    if unpriced > 0 {
        table.push_str(&format!("\n{unpriced} requests have no price; add their models under \"prices\".\n"));
    }
    table
}

fn counts(group: &Value) -> [u64; NUMBERS.len()] {
    let of = |value: &Value| value.as_u64().unwrap_or_default();
    let tokens = &group["tokens"];
    [
        of(&group["requests"]),
        of(&group["errors"]),
        of(&tokens["input"]),
        of(&tokens["cached_input"]),
        of(&tokens["output"]),
        of(&tokens["reasoning"]),
        of(&group["cost_micro_usd"]),
    ]
}

fn numbers(counts: [u64; NUMBERS.len()]) -> impl Iterator<Item = String> {
    let [rest @ .., cost] = counts;
    let dollars = format!("{}.{:06}", cost / 1_000_000, cost % 1_000_000);
    rest.into_iter().map(|count| count.to_string()).chain([dollars])
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| "-".to_owned(), printable)
}

/// Texts to the left, numbers to the right.
fn aligned(rows: &[Vec<String>], texts: usize) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut table = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column < texts { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

#[cfg(test)]
#[path = "usage_command_tests.rs"]
mod tests;
