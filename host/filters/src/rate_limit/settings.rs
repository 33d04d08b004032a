//! The settings of `rate_limit`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tidegate_pipeline::{Counted, SettingsProblem, Shape, Unit, Window};

use super::Limit;
use super::key::{Key, KeySettings};
use crate::settings::{problem, unless};

/// How many requests and tokens somebody may use within a time: `requests_per_`, `tokens_per_`, `input_tokens_per_` and
/// `output_tokens_per_`, each with `second`, `minute`, `hour`, `day` or `month`. What any of them refuses is a 429.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    /// Whose use is counted together; `principal` unless set.
    key: KeySettings,
    /// How the time of each limit lies; `sliding` unless set.
    window: WindowSettings,
}

/// How a time lies.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "LimitWindow")]
enum WindowSettings {
    /// It is the time before now.
    #[default]
    Sliding,
    /// It begins with the first use.
    Fixed,
    /// It is the second, minute, hour, day or month of UTC.
    Calendar,
}

/// The largest number that every reader of JSON reads as it is.
const MOST: u64 = (1 << 53) - 1;

/// The limits that may be set: their names, what they count, and within which time.
fn names() -> impl Iterator<Item = (String, Counted, Unit)> {
    let units = |counted: Counted| {
        Unit::ALL.map(|unit| (format!("{}_per_{}", counted.as_str(), unit.as_str()), counted, unit))
    };
    Counted::ALL.into_iter().flat_map(units)
}

/// The schema, each limit in it.
pub(super) fn schema() -> Value {
    let mut schema = schemars::schema_for!(Settings).to_value();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, counted, unit) in names() {
            let words = counted.as_str().replace('_', " ");
            let described = format!("The most {words} within one {}.", unit.as_str());
            let limit = json!({"type": "integer", "minimum": 1, "maximum": MOST, "description": described});
            properties.insert(name, limit);
        }
    }
    schema
}

/// The settings besides the limits, and the limits.
pub(super) fn split(settings: &Value) -> (Value, Map<String, Value>) {
    let settings = settings.as_object().cloned().unwrap_or_default();
    let (limits, other) = settings.into_iter().partition(|(key, _)| names().any(|(name, ..)| name == *key));
    (Value::Object(other), limits)
}

impl Settings {
    /// The key and the limits, or every problem.
    pub(super) fn checked(
        self,
        amounts: &Map<String, Value>,
    ) -> Result<(Key, Vec<Limit>), Vec<SettingsProblem>> {
        let mut problems = Vec::new();
        let key = self.key.checked(&mut problems);
        let shape = match self.window {
            WindowSettings::Sliding => Shape::Sliding,
            WindowSettings::Fixed => Shape::Fixed,
            WindowSettings::Calendar => Shape::Calendar,
        };
        let limit = |(name, counted, unit): (String, Counted, Unit)| {
            let most = amounts.get(&name)?.as_u64()?;
            Some(Limit { counted, window: Window { shape, unit }, most })
        };
        let limits: Vec<Limit> = names().filter_map(limit).collect();
        if limits.is_empty() {
            problems.push(problem(
                "",
                "it sets no limit; give one such as \"requests_per_minute\" or \"tokens_per_day\"",
            ));
        }
        unless(problems, (key, limits))
    }
}
