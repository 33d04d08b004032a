//! Sums of exchanges in groups.

use std::collections::HashMap;

use tidegate_pipeline::{Dimension, UsageGroup, UsageQuery, UsageReport};

use super::seen::Seen;

/// Groups of one report, whatever its query asks for.
const GROUPS: usize = 10_000;

/// Groups that are held while a report is made: which of them cost most is known only at the end.
const HELD: usize = 250_000;

/// No sum is larger, so that all accounts give the same: SQLite has no larger numbers.
const LARGEST: u64 = i64::MAX.unsigned_abs();

/// The groups of a query so far.
pub(super) struct Sums<'q> {
    query: &'q UsageQuery,
    /// By their values, as [`Sums::name`] writes them.
    groups: HashMap<Vec<u8>, UsageGroup>,
    name: Vec<u8>,
}

impl<'q> Sums<'q> {
    pub(super) fn of(query: &'q UsageQuery) -> Self {
        Self { query, groups: HashMap::new(), name: Vec::new() }
    }

    /// Adds an exchange, where the query asks for it.
    pub(super) fn add(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let is_value =
            |(dimension, value): &(Dimension, String)| seen.value(dimension).is_some_and(|is| is == *value);
        let in_time = (self.query.from..self.query.to).contains(&seen.time);
        if !in_time || !self.query.only.iter().all(is_value) {
            return Ok(());
        }
        self.name(seen);
        if let Some(group) = self.groups.get_mut(&self.name) {
            count(group, seen);
            return Ok(());
        }
        if self.groups.len() == HELD {
            return Err(format!(
                "the report has more than {HELD} groups; ask for a shorter time or fewer dimensions"
            ));
        }
        let mut group = UsageGroup { values: self.values(seen), ..UsageGroup::default() };
        count(&mut group, seen);
        self.groups.insert(self.name.clone(), group);
        Ok(())
    }

    fn values(&self, seen: &Seen<'_>) -> Vec<Option<String>> {
        let value = |dimension| seen.value(dimension).map(String::from);
        self.query.group_by.iter().map(value).collect()
    }

    /// Writes what tells a group from any other: for each dimension the length of its value and the value, or a length
    /// that no text has, where there is none.
    fn name(&mut self, seen: &Seen<'_>) {
        self.name.clear();
        for dimension in &self.query.group_by {
            match seen.value(dimension) {
                Some(value) => {
                    self.name.extend_from_slice(&value.len().to_le_bytes());
                    self.name.extend_from_slice(value.as_bytes());
                }
                None => self.name.extend_from_slice(&usize::MAX.to_le_bytes()),
            }
        }
    }

    /// Those that cost most first, then those with most tokens, then by their values.
    pub(super) fn report(self) -> UsageReport {
        let limit = self.query.limit.min(GROUPS);
        let mut groups: Vec<_> = self.groups.into_values().collect();
        groups.sort_unstable_by(|a, b| {
            let most = |group: &UsageGroup| (group.cost_micro_usd, group.input.saturating_add(group.output));
            most(b).cmp(&most(a)).then_with(|| a.values.cmp(&b.values))
        });
        let truncated = groups.len() > limit;
        groups.truncate(limit);
        UsageReport { groups, truncated }
    }
}

fn count(group: &mut UsageGroup, seen: &Seen<'_>) {
    let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more).min(LARGEST);
    add(&mut group.requests, 1);
    add(&mut group.errors, u64::from(seen.status >= 400));
    add(&mut group.input, seen.input);
    add(&mut group.output, seen.output);
    add(&mut group.cached_input, seen.cached_input);
    add(&mut group.cache_write, seen.cache_write);
    add(&mut group.reasoning, seen.reasoning);
    add(&mut group.cost_micro_usd, seen.cost_micro_usd.unwrap_or(0));
    let has_tokens = seen.input > 0 || seen.output > 0;
    add(&mut group.unpriced, u64::from(has_tokens && seen.cost_micro_usd.is_none()));
    add(&mut group.duration_ms, seen.duration_ms);
}
