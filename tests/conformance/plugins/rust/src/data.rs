//! Bytes as JSON: text where they are text, `{"hex": ...}` where they are not.

use tidegate_plugin::{Header, Value, json};

pub(crate) fn show(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({"hex": hex(bytes)}),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of `"text"`, `{"hex": "00ff"}` or `{"repeat": "text", "times": 3}`; nothing of anything else.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    if let Some(text) = value.as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(text) = value["repeat"].as_str() {
        let times = value["times"].as_u64().unwrap_or_default();
        return text.repeat(times as usize).into_bytes();
    }
    let digits: Vec<char> = value["hex"].as_str().unwrap_or_default().chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok();
    digits.chunks(2).filter_map(byte).collect()
}

/// The fields of `{"name": value, "name": [value, value]}`.
pub(crate) fn fields(value: &Value) -> Vec<(String, Vec<u8>)> {
    let mut fields = Vec::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        fields.extend(values.iter().map(|value| (name.clone(), bytes(value))));
    }
    fields
}

pub(crate) fn headers(value: &Value) -> Vec<Header> {
    fields(value).into_iter().map(|(name, value)| Header { name, value }).collect()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// `(name, value)` of each text of an object.
pub(crate) fn pairs(value: &Value) -> Vec<(&str, &str)> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())).collect()
}

/// `"name"` and `{"name": value}` as name and value.
pub(crate) fn verdict(value: &Value) -> (&str, &Value) {
    match value.as_object().and_then(|object| object.iter().next()) {
        Some((name, value)) => (name, value),
        None => (value.as_str().unwrap_or_default(), &Value::Null),
    }
}
