//! Values with a syntax of their own: durations, sizes, secrets. Each schema carries the words for its errors.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) const ADDRESS: &str =
    "must be an address and a port, such as \"0.0.0.0:10000\" or \"[::1]:10000\"";
const PERIOD: &str = "must be a duration such as \"500ms\", \"10s\", \"5m\" or \"1h\"";
const SIZE: &str = "must be a size such as \"64KiB\", \"32MiB\" or \"1MB\", or a number of bytes";
const SIZE_MAX: u64 = 1 << 50;

/// A duration: digits and one of `ms`, `s`, `m`, `h`.
#[derive(Clone, Copy)]
pub(crate) struct Period(pub(crate) Duration);

impl Period {
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    fn parse(text: &str) -> Option<Self> {
        let (count, unit) = split_unit(text)?;
        let millis: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        count.checked_mul(millis).map(|millis| Self(Duration::from_millis(millis)))
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(PERIOD))
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.0.as_millis();
        match millis % 1_000 {
            0 => serializer.collect_str(&format_args!("{}s", millis / 1_000)),
            _ => serializer.collect_str(&format_args!("{millis}ms")),
        }
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration, such as `500ms`, `10s`, `5m` or `1h`.",
            "type": "string",
            "pattern": "^[0-9]{1,9}(ms|s|m|h)$",
            "errorMessage": PERIOD,
        })
    }
}

/// A size in bytes: a number, or digits and a unit.
#[derive(Clone, Copy)]
pub(crate) struct Size(pub(crate) usize);

impl Size {
    pub(crate) const fn kib(kib: usize) -> Self {
        Self(kib * 1024)
    }

    fn parse(text: &str) -> Option<Self> {
        let (count, unit) = split_unit(text)?;
        let bytes: u64 = match unit {
            "" | "B" => 1,
            "KB" => 1_000,
            "KiB" => 1 << 10,
            "MB" => 1_000_000,
            "MiB" => 1 << 20,
            "GB" => 1_000_000_000,
            "GiB" => 1 << 30,
            _ => return None,
        };
        Self::bytes(count.checked_mul(bytes)?)
    }

    fn bytes(bytes: u64) -> Option<Self> {
        usize::try_from(bytes).ok().map(Self)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SizeForm {
    Bytes(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let size = match SizeForm::deserialize(deserializer)? {
            SizeForm::Bytes(bytes) => Self::bytes(bytes),
            SizeForm::Text(text) => Self::parse(&text),
        };
        size.ok_or_else(|| D::Error::custom(SIZE))
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const MIB: usize = 1 << 20;
        match self.0 {
            bytes if bytes % MIB == 0 => serializer.collect_str(&format_args!("{}MiB", bytes / MIB)),
            bytes if bytes % 1024 == 0 => serializer.collect_str(&format_args!("{}KiB", bytes / 1024)),
            bytes => serializer.collect_str(&format_args!("{bytes}B")),
        }
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A size, such as `64KiB`, `32MiB` or `1MB`, or a number of bytes.",
            "type": ["integer", "string"],
            "minimum": 0,
            "maximum": SIZE_MAX,
            "pattern": "^[0-9]{1,9}(B|KB|KiB|MB|MiB|GB|GiB)?$",
            "errorMessage": SIZE,
        })
    }
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(end);
    Some((count.parse().ok()?, unit))
}

/// A text that is never shown.
pub(crate) struct Secret(pub(crate) SecretString);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A secret; take it from the environment or a file: `${VAR}`, `${file:PATH}`.",
            "type": "string",
            "minLength": 1,
            "writeOnly": true,
        })
    }
}

#[cfg(test)]
#[path = "scalar_tests.rs"]
mod tests;
