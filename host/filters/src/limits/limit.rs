//! One limit: what it counts, within which time, and how settings name it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use tidegate_pipeline::{Counted, Limit, Shape, Unit, Window};

use super::estimate::Expected;

/// How a time lies.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "LimitWindow")]
pub(crate) enum WindowSettings {
    /// It is the time before now.
    #[default]
    Sliding,
    /// It begins with the first use.
    Fixed,
    /// It is the second, minute, hour, day or month of UTC.
    Calendar,
}

impl WindowSettings {
    fn shape(self) -> Shape {
        match self {
            Self::Sliding => Shape::Sliding,
            Self::Fixed => Shape::Fixed,
            Self::Calendar => Shape::Calendar,
        }
    }
}

/// The largest number that every reader of JSON reads as it is.
pub(super) const MOST: u64 = (1 << 53) - 1;

/// Millionths of a dollar in a dollar.
const MICRO: f64 = 1e6;

/// The most dollars of a limit.
const MOST_DOLLARS: u64 = 1_000_000_000;

/// As in `60 requests a minute`.
pub(super) fn told(limit: &Limit) -> String {
    let unit = limit.window.unit;
    let article = if unit == Unit::Hour { "an" } else { "a" };
    let most = match limit.counted {
        Counted::Cost => dollars(limit.most),
        counted => format!("{} {}", limit.most, counted.as_str().replace('_', " ")),
    };
    format!("{most} {article} {}", unit.as_str())
}

/// The key of settings that sets a limit.
pub(super) fn name_of(limit: &Limit) -> String {
    name(limit.counted, limit.window.unit)
}

/// A guess refuses nobody for good: of what is more than the limit, all of the limit is reserved.
pub(super) fn reserved(limit: &Limit, expected: Expected) -> u64 {
    expected.of(limit.counted).min(limit.most)
}

/// As in `$12.50`.
pub(super) fn dollars(micro: u64) -> String {
    let (whole, rest) = (micro / 1_000_000, micro % 1_000_000);
    let fraction = format!("{rest:06}");
    let fraction = fraction.trim_end_matches('0');
    format!("${whole}.{fraction:0<2}")
}

fn name(counted: Counted, unit: Unit) -> String {
    format!("{}_per_{}", counted.as_str(), unit.as_str())
}

/// The limits that may be set: their names, what they count, and within which time.
fn names() -> impl Iterator<Item = (String, Counted, Unit)> {
    let units = |counted: Counted| Unit::ALL.map(|unit| (name(counted, unit), counted, unit));
    Counted::ALL.into_iter().flat_map(units)
}

/// The key of each limit, and the schema of its value.
pub(crate) fn properties() -> impl Iterator<Item = (String, Value)> {
    names().map(|(name, counted, unit)| {
        let unit = unit.as_str();
        let schema = if counted == Counted::Cost {
            let described = format!("The most dollars within one {unit}.");
            json!({"type": "number", "minimum": 0.000_001, "maximum": MOST_DOLLARS, "description": described})
        } else {
            let described = format!("The most {} within one {unit}.", counted.as_str().replace('_', " "));
            json!({"type": "integer", "minimum": 1, "maximum": MOST, "description": described})
        };
        (name, schema)
    })
}

/// The settings besides the limits, and the limits.
pub(crate) fn split(settings: &Value) -> (Value, Map<String, Value>) {
    let settings = settings.as_object().cloned().unwrap_or_default();
    let (limits, other) = settings.into_iter().partition(|(key, _)| names().any(|(name, ..)| name == *key));
    (Value::Object(other), limits)
}

/// The limits that settings name, in the order of their names.
pub(crate) fn limits(amounts: &Map<String, Value>, window: WindowSettings) -> Vec<Limit> {
    let limit = |(name, counted, unit): (String, Counted, Unit)| {
        let amount = amounts.get(&name)?;
        let most = if counted == Counted::Cost { micro(amount.as_f64()?) } else { amount.as_u64()? };
        (most > 0).then_some(Limit { counted, window: Window { shape: window.shape(), unit }, most })
    };
    names().filter_map(limit).collect()
}

/// Limits of somebody's own: the keys of `rate_limit` that set limits, and `window`.
#[derive(Debug, Clone)]
pub(crate) struct OwnLimits(Vec<Limit>);

impl OwnLimits {
    pub(crate) fn limits(self) -> Vec<Limit> {
        self.0
    }
}

impl OwnLimits {
    /// What the schema says, for settings that no schema was asked about.
    ///
    /// # Errors
    /// One sentence that names the limit.
    pub(crate) fn of(mut settings: Map<String, Value>) -> Result<Self, String> {
        let window = match settings.remove("window") {
            None => WindowSettings::default(),
            Some(window) => WindowSettings::deserialize(&window).map_err(|_| {
                format!("\"window\" must be \"sliding\", \"fixed\" or \"calendar\", not {window}")
            })?,
        };
        for (name, amount) in &settings {
            let known = names().find(|(known, ..)| known == name);
            let (_, counted, _) = known.ok_or_else(|| {
                format!("unknown limit \"{name}\"; a limit is named as \"requests_per_minute\" or \"cost_per_month\"")
            })?;
            if !is_amount(counted, amount) {
                let bounds = match counted {
                    Counted::Cost => format!("a number of dollars from 0.000001 to {MOST_DOLLARS}"),
                    _ => format!("a whole number from 1 to {MOST}"),
                };
                return Err(format!("\"{name}\" must be {bounds}, not {amount}"));
            }
        }
        if settings.is_empty() {
            return Err(
                "it sets no limit; give one such as \"requests_per_minute\" or \"cost_per_month\"".into()
            );
        }
        Ok(Self(limits(&settings, window)))
    }
}

fn is_amount(counted: Counted, amount: &Value) -> bool {
    match counted {
        Counted::Cost => {
            amount.as_f64().is_some_and(|dollars| (1e-6..=as_dollars(MOST_DOLLARS)).contains(&dollars))
        }
        _ => amount.as_u64().is_some_and(|count| (1..=MOST).contains(&count)),
    }
}

/// A billion is the most, which every float has as it is.
fn as_dollars(whole: u64) -> f64 {
    whole as f64
}

impl<'de> Deserialize<'de> for OwnLimits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for OwnLimits {
    fn schema_name() -> Cow<'static, str> {
        "OwnLimits".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut known: Map<String, Value> = properties().collect();
        known.insert("window".into(), generator.subschema_for::<WindowSettings>().to_value());
        json_schema!({
            "description": "Limits of one's own, as those of `rate_limit`.",
            "type": "object",
            "minProperties": 1,
            "properties": known,
            "additionalProperties": false,
        })
    }
}

/// The schema holds it between nothing and a billion dollars; the cast saturates.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the schema bounds it")]
fn micro(dollars: f64) -> u64 {
    (dollars * MICRO).round() as u64
}
