//! A whole answer as the events of a stream.

use serde_json::{Value, json};
use tidegate_contract::Event;

/// One event that says all, since each event of the API is an answer; an error comes behind it.
pub(crate) fn scatter(answer: &Value) -> Vec<Event> {
    let mut said = answer.clone();
    let fields = said.as_object_mut().filter(|fields| fields.contains_key("candidates"));
    let error = fields.and_then(|fields| fields.shift_remove("error"));
    let error = error.map(|error| json!({ "error": error }));
    [said].iter().chain(&error).map(event).collect()
}

/// Events of this API have no names.
pub(super) fn event(data: &Value) -> Event {
    Event { name: None, data: data.to_string() }
}

#[cfg(test)]
#[path = "scatter_tests.rs"]
mod tests;
