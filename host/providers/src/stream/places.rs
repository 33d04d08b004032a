//! Places in events: every string that there is, and the way to one of them.

use serde_json::{Map, Value};

/// Every string that is not empty, with its pointer (RFC 6901), but those at and below the places that `skips`.
///
/// `skips` gets the pointer, the key that leads to the value (empty in a list) and the value.
pub(crate) fn strings<'v>(
    value: &'v Value,
    skips: &dyn Fn(&str, &str, &Value) -> bool,
) -> Vec<(String, &'v str)> {
    let mut found = Vec::new();
    collect(&mut String::new(), "", value, skips, &mut found);
    found
}

fn collect<'v>(
    at: &mut String,
    key: &str,
    value: &'v Value,
    skips: &dyn Fn(&str, &str, &Value) -> bool,
    found: &mut Vec<(String, &'v str)>,
) {
    if skips(at, key, value) {
        return;
    }
    let length = at.len();
    match value {
        Value::String(text) if !text.is_empty() => found.push((at.clone(), text)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push('/');
                at.push_str(&index.to_string());
                collect(at, "", item, skips, found);
                at.truncate(length);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                at.push('/');
                at.push_str(&key.replace('~', "~0").replace('/', "~1"));
                collect(at, key, field, skips, found);
                at.truncate(length);
            }
        }
        _ => {}
    }
}

/// A place in a value that holds nothing else, to be filled again and again.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    value: Value,
    pointer: String,
}

impl Way {
    /// The way to a place of a value. Each list on it has one entry. Of the fields beside it those stay that `keeps` names
    /// and that are no lists or objects; it gets the keys that lead to the field's object, and the field's own.
    pub(crate) fn to(value: &Value, pointer: &str, keeps: &dyn Fn(&[&str], &str) -> bool) -> Self {
        let tokens: Vec<&str> = pointer.split('/').skip(1).collect();
        let (mut way, mut out) = (String::new(), Value::Null);
        let mut at = value;
        for (depth, token) in tokens.iter().enumerate() {
            let here = match at {
                Value::Array(_) => Value::Array(vec![Value::Null]),
                _ => Value::Object(beside(at, &tokens[..depth], keeps)),
            };
            if let Some(place) = out.pointer_mut(&way) {
                *place = here;
            }
            let key = token.replace("~1", "/").replace("~0", "~");
            let next = match at {
                Value::Array(items) => {
                    way.push_str("/0");
                    token.parse().ok().and_then(|index: usize| items.get(index))
                }
                _ => {
                    if let Some(Value::Object(fields)) = out.pointer_mut(&way) {
                        fields.insert(key.clone(), Value::Null);
                    }
                    way.push('/');
                    way.push_str(token);
                    at.get(&key)
                }
            };
            at = next.unwrap_or(&Value::Null);
        }
        Self { value: out, pointer: way }
    }

    /// The value, with this in its place.
    pub(crate) fn filled(&self, content: Value) -> Value {
        let mut out = self.value.clone();
        if let Some(place) = out.pointer_mut(&self.pointer) {
            *place = content;
        }
        out
    }
}

fn beside(value: &Value, path: &[&str], keeps: &dyn Fn(&[&str], &str) -> bool) -> Map<String, Value> {
    let fields = value.as_object().into_iter().flatten();
    let kept = fields.filter(|(key, field)| !(field.is_object() || field.is_array()) && keeps(path, key));
    kept.map(|(key, field)| (key.clone(), field.clone())).collect()
}

/// Writes a text where a text, or a value that says one, stands.
pub(crate) fn write(event: &mut Value, pointer: &str, content: &str) {
    let Some(place) = event.pointer_mut(pointer) else { return };
    *place = match place {
        Value::Object(_) | Value::Array(_) if content.is_empty() => Value::Null,
        Value::Object(_) | Value::Array(_) => {
            serde_json::from_str(content).unwrap_or_else(|_| content.into())
        }
        _ => content.into(),
    };
}
