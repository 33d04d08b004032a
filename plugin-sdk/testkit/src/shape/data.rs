//! Bytes and fields: text where they are text, `{"hex": ...}` where they are not.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use tidegate_contract::{Header, HeaderEdit};

/// Bytes of a header, a body or a stored value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Text(String),
    Hex(Vec<u8>),
    /// Text that is JSON: compared as a value, whatever its white space and the order of its keys.
    Json(Value),
}

impl Data {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Hex(bytes.to_vec()),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Hex(bytes) => bytes.clone(),
            Self::Json(value) => value.to_string().into_bytes(),
        }
    }

    pub(crate) fn from_value(value: Value) -> Result<Self, String> {
        const FORMS: &str =
            "a string, {\"hex\": \"00ff\"}, {\"json\": VALUE} or {\"repeat\": \"text\", \"times\": N}";
        let object = match value {
            Value::String(text) => return Ok(Self::Text(text)),
            Value::Object(object) => object,
            other => return Err(format!("{other} is none of the forms of bytes: {FORMS}")),
        };
        let get = |key: &str| object.get(key);
        match (object.len(), get("hex"), get("json"), get("repeat"), get("times")) {
            (1, Some(Value::String(hex)), ..) => unhex(hex).map(Self::Hex),
            (1, _, Some(value), ..) => Ok(Self::Json(value.clone())),
            (2, .., Some(Value::String(text)), Some(Value::Number(times))) => {
                let times = times.as_u64().and_then(|times| usize::try_from(times).ok());
                let times = times.filter(|times| times.saturating_mul(text.len()) <= MAX_REPEATED);
                let times = times.ok_or_else(|| format!("\"times\" makes more than {MAX_REPEATED} bytes"))?;
                Ok(Self::Text(text.repeat(times)))
            }
            _ => Err(format!("{} is none of the forms of bytes: {FORMS}", Value::Object(object))),
        }
    }
}

/// The largest text that a case may ask for, in bytes.
const MAX_REPEATED: usize = 16 * 1024 * 1024;

pub(crate) fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("\"{text}\" is no hexadecimal text with two digits a byte");
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong());
    (0..text.len()).step_by(2).map(byte).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(Error::custom)
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Hex(bytes) => json!({"hex": hex(bytes)}).serialize(serializer),
            Self::Json(value) => json!({"json": value}).serialize(serializer),
        }
    }
}

/// Header fields: `{name: value}`, and a list where a name is repeated.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fields(pub(crate) Vec<(String, Vec<Data>)>);

impl Fields {
    pub(crate) fn of(headers: &[Header]) -> Self {
        let mut fields = Self::default();
        for header in headers {
            let value = Data::of(&header.value);
            match fields.0.iter_mut().find(|(name, _)| *name == header.name) {
                Some((_, values)) => values.push(value),
                None => fields.0.push((header.name.clone(), vec![value])),
            }
        }
        fields
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &Data)> {
        self.0.iter().flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), value)))
    }

    pub(crate) fn headers(&self) -> Vec<Header> {
        self.pairs().map(|(name, value)| Header { name: name.to_owned(), value: value.bytes() }).collect()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of header fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = entries.next_entry::<String, Value>()? {
                    let values = match value {
                        Value::Array(values) => values.into_iter().map(Data::from_value).collect(),
                        value => Data::from_value(value).map(|value| vec![value]),
                    };
                    let values =
                        values.map_err(|error| A::Error::custom(format!("header \"{name}\": {error}")))?;
                    fields.push((name, values));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Map)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, values) in &self.0 {
            match &values[..] {
                [value] => map.serialize_entry(name, value)?,
                values => map.serialize_entry(name, values)?,
            }
        }
        map.end()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum HeaderEditShape {
    Set { name: String, value: Data },
    Add { name: String, value: Data },
    Remove(String),
}

impl HeaderEditShape {
    pub(crate) fn of(edit: &HeaderEdit) -> Self {
        match edit {
            HeaderEdit::Set(name, value) => Self::Set { name: name.clone(), value: Data::of(value) },
            HeaderEdit::Add(name, value) => Self::Add { name: name.clone(), value: Data::of(value) },
            HeaderEdit::Remove(name) => Self::Remove(name.clone()),
        }
    }
}

#[cfg(test)]
#[path = "data_tests.rs"]
mod tests;
