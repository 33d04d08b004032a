//! The settings of `rate_limit`.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tidegate_pipeline::{Limit, SettingsProblem, World};

use super::RateLimit;
use super::key::KeySettings;
use crate::limits::{AlertSettings, Limiter, MissingPrice, StoreFailure, WindowSettings, limits, properties};
use crate::settings::{problem, unless};

/// How much somebody may use within a time: `requests_per_`, `tokens_per_`, `input_tokens_per_`, `output_tokens_per_` and
/// `cost_per_` (dollars), each with `second`, `minute`, `hour`, `day` or `month`. What any of them refuses is a 429.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    /// Whose use is counted together; `principal` unless set.
    key: KeySettings,
    /// How the time of each limit lies; `sliding` unless set.
    window: WindowSettings,
    /// Other limits for single values of the key, by value.
    overrides: HashMap<String, Map<String, Value>>,
    /// Whether the limits refuse nobody; what they are for then are alerts.
    soft: bool,
    /// Whether and how an operator is told that a limit is nearly or wholly used.
    alert: Option<AlertSettings>,
    /// What becomes of requests while the store gives no answer; as `on_error` of the entry says unless set.
    on_store_error: Option<StoreFailure>,
    /// What becomes of requests with models whose price nobody knows, where a cost is limited.
    on_missing_price: MissingPrice,
}

/// The schema, each limit in it.
pub(super) fn schema() -> Value {
    let mut schema = schemars::schema_for!(Settings).to_value();
    let limits: Map<String, Value> = properties().collect();
    if let Some(known) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        known.extend(limits.clone());
        known.insert(
            "overrides".into(),
            json!({
                "description": "Other limits for single values of the key, by value, in the place of all of these.",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "minProperties": 1,
                    "properties": limits,
                    "additionalProperties": false,
                },
            }),
        );
    }
    schema
}

impl Settings {
    /// The filter, or every problem.
    pub(super) fn checked(
        self,
        amounts: &Map<String, Value>,
        world: &World<'_>,
    ) -> Result<RateLimit, Vec<SettingsProblem>> {
        let mut problems = Vec::new();
        let key = self.key.checked(&mut problems);
        let all = limits(amounts, self.window);
        if all.is_empty() {
            problems.push(problem(
                "",
                "it sets no limit; give one such as \"requests_per_minute\" or \"tokens_per_day\"",
            ));
        }
        if !self.overrides.is_empty() && !key.is_single() {
            let text = "\"overrides\" are by the value of one thing, and \"key\" is made of several; make an entry for each";
            problems.push(problem("/overrides", text));
        }
        if self.soft && self.alert.is_none() {
            problems
                .push(problem("/soft", "a limit that is \"soft\" does nothing without \"alert\"; add it"));
        }
        let alerts = self.alert.map(|alert| alert.checked(world, &mut problems));
        let limiter = Limiter::new(world.place, world)
            .on_store_error(self.on_store_error)
            .on_missing_price(self.on_missing_price)
            .soft(self.soft)
            .alerts(alerts);
        let other = |(value, amounts): (String, Map<String, Value>)| (value, limits(&amounts, self.window));
        let overrides: HashMap<String, Vec<Limit>> = self.overrides.into_iter().map(other).collect();
        unless(problems, RateLimit { overrides, ..RateLimit::new(key, all, limiter) })
    }
}
