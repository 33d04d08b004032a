//! Tool calls: which function is called, and with arguments that fit its schema.

use serde_json::{Map, Value, json};

use super::chat::text_of;
use super::request::{Body, Refused};

/// Deeper parts of a schema, and references that lead round in a circle, become `null`.
const MAX_DEPTH: usize = 16;

/// A function of the request that is to be called.
pub(super) struct Tool<'a> {
    name: &'a str,
    schema: Option<&'a Value>,
}

/// A call of a function.
#[derive(Debug, Clone)]
pub(super) struct ToolCall {
    name: String,
    /// Compact JSON.
    pub(super) arguments: String,
    call: usize,
}

/// The function to call: the one that `tool_choice` demands, else one that the last user message names.
pub(super) fn wanted<'a>(body: &'a Body, messages: &[Value]) -> Result<Option<Tool<'a>>, Refused> {
    let Some(tools) = body.get("tools").and_then(Value::as_array) else { return Ok(None) };
    let mut functions = tools.iter().filter_map(Tool::of);
    match body.get("tool_choice") {
        Some(Value::String(choice)) if choice == "none" => Ok(None),
        Some(Value::String(choice)) if choice == "required" => Ok(functions.next()),
        Some(choice @ Value::Object(_)) => {
            let name = choice.pointer("/function/name").and_then(Value::as_str);
            let found = functions.find(|function| Some(function.name) == name);
            found
                .map(Some)
                .ok_or_else(|| Refused::field("tool_choice", "\"tool_choice\" names none of the tools"))
        }
        _ => {
            let asked = last_user_text(messages);
            Ok(functions.find(|function| asked.contains(function.name)))
        }
    }
}

/// Empty where the conversation does not end with the user: a tool's result is answered with text.
fn last_user_text(messages: &[Value]) -> String {
    match messages.last() {
        Some(message) if message.get("role").and_then(Value::as_str) == Some("user") => text_of(message),
        _ => String::new(),
    }
}

impl<'a> Tool<'a> {
    fn of(tool: &'a Value) -> Option<Self> {
        let function = tool.get("function")?;
        let name = function.get("name")?.as_str().filter(|name| !name.is_empty())?;
        Some(Self { name, schema: function.get("parameters") })
    }

    /// The call of this function in the model's call of that number.
    pub(super) fn called(&self, call: usize) -> ToolCall {
        let arguments = self.schema.map_or_else(|| json!({}), |schema| example(schema, schema, 0));
        ToolCall { name: self.name.to_owned(), arguments: arguments.to_string(), call }
    }
}

impl ToolCall {
    /// The call as an object, its id unique for each choice.
    pub(super) fn json(&self, choice: usize, arguments: &str) -> Value {
        let id = format!("call_mock_{}_{choice}", self.call);
        json!({"id": id, "type": "function", "function": {"name": self.name, "arguments": arguments}})
    }
}

/// A value that fits the schema: what it fixes or suggests, else the simplest of its type.
fn example(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    let given = schema.get("const").or_else(|| schema.get("default")).or_else(|| schema.pointer("/enum/0"));
    if let Some(value) = given {
        return value.clone();
    }
    if let Some(part) = part_of(schema, root) {
        return example(part, root, depth + 1);
    }
    match type_of(schema) {
        "string" => json!("mock"),
        "number" | "integer" => schema.get("minimum").cloned().unwrap_or(json!(0)),
        "boolean" => json!(false),
        "array" => array(schema, root, depth),
        "object" => object(schema, root, depth),
        _ => Value::Null,
    }
}

/// The schema that this one stands for: a local reference, or the first alternative.
fn part_of<'a>(schema: &'a Value, root: &'a Value) -> Option<&'a Value> {
    let referred = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    if let Some(pointer) = referred {
        return root.pointer(pointer);
    }
    ["anyOf", "oneOf", "allOf"].iter().find_map(|key| schema.get(key)?.get(0))
}

fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ => "null",
    }
}

fn array(schema: &Value, root: &Value, depth: usize) -> Value {
    let needs_one = schema.get("minItems").and_then(Value::as_u64).is_some_and(|least| least > 0);
    match schema.get("items") {
        Some(items) if needs_one => json!([example(items, root, depth + 1)]),
        _ => json!([]),
    }
}

fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let required = schema.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let property = |name: &Value| {
        let name = name.as_str()?;
        let value =
            schema.get("properties")?.get(name).map_or(Value::Null, |part| example(part, root, depth + 1));
        Some((name.to_owned(), value))
    };
    required.iter().filter_map(property).collect::<Map<_, _>>().into()
}
