//! Expected and got, compared as values, and told place by place.

use std::fmt::Write;

use serde_json::{Map, Number, Value, json};

/// Places that are told of one comparison.
const TOLD: usize = 12;

/// Compares; `None` where both are the same.
///
/// Where `{"json": ...}` is expected and a text came, the text is read as JSON. Numbers are compared by value: 1.0 is 1.
pub(crate) fn difference(expected: &Value, got: &Value) -> Option<String> {
    let (mut expected, mut got) = (expected.clone(), got.clone());
    align(&expected, &mut got);
    plain(&mut expected);
    plain(&mut got);
    let mut places = Vec::new();
    walk(&mut String::new(), Some(&expected), Some(&got), &mut places);
    if places.is_empty() {
        return None;
    }
    let mut text = String::new();
    for (pointer, expected, got) in places.iter().take(TOLD) {
        let at = if pointer.is_empty() { "the whole" } else { pointer };
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  at {at}\n    expected {}\n    got      {}", shown(*expected), shown(*got));
    }
    if let Some(more) = places.len().checked_sub(TOLD).filter(|more| *more > 0) {
        let _ = write!(text, "\n  and {more} more");
    }
    let _ = write!(text, "\n  all that was got: {}", shown(Some(&got)));
    Some(text)
}

/// Whether both are the same.
pub(crate) fn same(expected: &Value, got: &Value) -> bool {
    difference(expected, got).is_none()
}

/// Characters of a value that are told.
const SHOWN: usize = 2000;

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing".into() };
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}… ({} bytes)", &text[..cut], text.len()),
        None => text,
    }
}

/// Reads texts as JSON where JSON is expected.
fn align(expected: &Value, got: &mut Value) {
    match (expected, got) {
        (Value::Object(expected), got @ Value::String(_)) if is_json(expected) => {
            let text = got.as_str().unwrap_or_default();
            if let Ok(value) = serde_json::from_str::<Value>(text) {
                *got = json!({"json": value});
                align(&Value::Object(expected.clone()), got);
            }
        }
        (Value::Object(expected), Value::Object(got)) => {
            for (key, expected) in expected {
                if let Some(got) = got.get_mut(key) {
                    align(expected, got);
                }
            }
        }
        (Value::Array(expected), Value::Array(got)) => {
            expected.iter().zip(got).for_each(|(expected, got)| align(expected, got));
        }
        _ => {}
    }
}

fn is_json(object: &Map<String, Value>) -> bool {
    object.len() == 1 && object.contains_key("json")
}

/// One form for each number.
fn plain(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < EXACT) {
                #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
                let whole = Number::from(whole as i64);
                *number = whole;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Object(object) => object.values_mut().for_each(plain),
        _ => {}
    }
}

/// Below it every whole number is a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

type Place<'v> = (String, Option<&'v Value>, Option<&'v Value>);

fn walk<'v>(
    pointer: &mut String,
    expected: Option<&'v Value>,
    got: Option<&'v Value>,
    places: &mut Vec<Place<'v>>,
) {
    match (expected, got) {
        (Some(Value::Object(expected)), Some(Value::Object(got))) => {
            let more = got.keys().filter(|key| !expected.contains_key(*key));
            for key in expected.keys().chain(more) {
                let token = key.replace('~', "~0").replace('/', "~1");
                step(pointer, &token, (expected.get(key), got.get(key)), places);
            }
        }
        (Some(Value::Array(expected)), Some(Value::Array(got))) => {
            for index in 0..expected.len().max(got.len()) {
                step(pointer, &index.to_string(), (expected.get(index), got.get(index)), places);
            }
        }
        (expected, got) if expected == got => {}
        (expected, got) => places.push((pointer.clone(), expected, got)),
    }
}

fn step<'v>(
    pointer: &mut String,
    token: &str,
    (expected, got): (Option<&'v Value>, Option<&'v Value>),
    places: &mut Vec<Place<'v>>,
) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(token);
    walk(pointer, expected, got, places);
    pointer.truncate(length);
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
