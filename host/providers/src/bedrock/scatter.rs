//! A whole answer as the events of a stream.

use serde_json::{Map, Value, json};
use tidegate_contract::Event;

/// The events that say this answer, in the order in which Converse's clients expect them.
pub(crate) fn scatter(answer: &Value) -> Vec<Event> {
    let Some(Value::Object(message)) = answer.pointer("/output/message") else {
        return vec![exception(answer)];
    };
    let mut start = message.clone();
    start.shift_remove("content");
    let mut events = vec![named("messageStart", &start.into())];
    let content = message.get("content").and_then(Value::as_array);
    for (index, block) in content.into_iter().flatten().enumerate() {
        let (begun, deltas) = parts(block);
        if let Some(begun) = begun {
            events.push(named("contentBlockStart", &json!({"start": begun, "contentBlockIndex": index})));
        }
        let delta = |delta| named("contentBlockDelta", &json!({"delta": delta, "contentBlockIndex": index}));
        events.extend(deltas.into_iter().map(delta));
        events.push(named("contentBlockStop", &json!({ "contentBlockIndex": index })));
    }
    events.extend(end(answer));
    events
}

/// How the message ends, and what is told of it after that.
fn end(answer: &Value) -> Vec<Event> {
    if !answer["error"].is_null() {
        return vec![exception(&answer["error"])];
    }
    let (mut stop, mut metadata) = (Map::new(), Map::new());
    for (key, field) in answer.as_object().into_iter().flatten() {
        match key.as_str() {
            "output" => {}
            "stopReason" | "additionalModelResponseFields" => drop(stop.insert(key.clone(), field.clone())),
            _ => drop(metadata.insert(key.clone(), field.clone())),
        }
    }
    vec![named("messageStop", &stop.into()), named("metadata", &metadata.into())]
}

/// A block as it begins, where its kind says so, and what its deltas bring.
fn parts(block: &Value) -> (Option<Value>, Vec<Value>) {
    let alone = block.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.iter().next());
    match alone.map(|(key, field)| (key.as_str(), field)) {
        Some(("toolUse", Value::Object(call))) => {
            let (begun, input) = without(call, "input");
            let text = |input: Value| input.as_str().map_or_else(|| input.to_string(), str::to_owned);
            // Clients read the pieces as JSON, which none are not.
            let input = input.map_or_else(|| "{}".to_owned(), text);
            (Some(json!({ "toolUse": begun })), vec![json!({"toolUse": {"input": input}})])
        }
        Some(("toolResult", Value::Object(result))) => {
            let (begun, content) = without(result, "content");
            let content = content.map(|content| json!({ "toolResult": content }));
            (Some(json!({ "toolResult": begun })), content.into_iter().collect())
        }
        Some(("image", Value::Object(image))) => {
            let begun: Map<String, Value> = image
                .iter()
                .filter(|(key, _)| *key == "format")
                .map(|(key, field)| (key.clone(), field.clone()))
                .collect();
            let rest = image.iter().filter(|(key, _)| *key != "format");
            let deltas = rest.map(|(key, field)| json!({"image": {key: field}})).collect();
            (Some(json!({ "image": begun })), deltas)
        }
        Some(("reasoningContent", Value::Object(thought))) => (None, of_thought(thought)),
        Some(("citationsContent", Value::Object(cited))) if cited.keys().all(|key| is_cited(key)) => {
            let list = |key: &str| cited.get(key).and_then(Value::as_array).into_iter().flatten();
            let citations = list("citations").map(|citation| json!({ "citation": citation }));
            (None, list("content").cloned().chain(citations).collect())
        }
        _ => (None, vec![block.clone()]),
    }
}

fn is_cited(key: &str) -> bool {
    matches!(key, "content" | "citations")
}

/// Text and signature come one after the other.
fn of_thought(thought: &Map<String, Value>) -> Vec<Value> {
    let fields = thought.iter().flat_map(|(key, field)| match field {
        Value::Object(told) if key == "reasoningText" => told.iter().collect::<Vec<_>>(),
        field => vec![(key, field)],
    });
    fields.map(|(key, field)| json!({"reasoningContent": {key: field}})).collect()
}

fn without(fields: &Map<String, Value>, key: &str) -> (Map<String, Value>, Option<Value>) {
    let mut rest = fields.clone();
    let taken = rest.shift_remove(key);
    (rest, taken)
}

/// Which one it was, its data says only where a model's server has failed.
fn exception(data: &Value) -> Event {
    let is_of_model = !data["originalStatusCode"].is_null();
    named(if is_of_model { "modelStreamErrorException" } else { "internalServerException" }, data)
}

pub(super) fn named(name: &str, data: &Value) -> Event {
    Event { name: Some(name.to_owned()), data: data.to_string() }
}

#[cfg(test)]
#[path = "scatter_tests.rs"]
mod tests;
