//! From the canonical request to a response.

use crate::exchange::ids::Ids;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::refused::Refused;
use crate::exchange::request::{
    Block, Format, Function, Hints, Message, Part, Reasoning, Request, Role, Sampling, Thought, Tool,
    ToolCall, ToolChoice, ToolResult,
};
use crate::openai::codec::encode::{effort, tier};

use super::{NAME, annotations, output, own, parts};

/// The least that an answer may be limited to.
const LEAST_TOKENS: u64 = 16;

/// The longest id that a call may have.
const LONGEST_ID: usize = 64;

pub(super) fn request<'a>(request: Request<'a>) -> Result<Object<'a>, Refused> {
    let Request {
        model,
        stream,
        // A stream of this API always says what was used.
        stream_usage: _,
        messages,
        tools,
        tool_choice,
        parallel_tools,
        format,
        reasoning,
        max_tokens,
        sampling,
        stop,
        choices,
        log_probabilities,
        modalities,
        audio,
        verbosity,
        service_tier,
        safety,
        guardrail,
        hints,
        betas: _,
        unknown: _,
    } = request;
    let refused = [
        ("stop", !stop.is_empty()),
        ("n", choices.is_some_and(|choices| choices != 1)),
        ("modalities", modalities.iter().any(|modality| modality != "text")),
        ("audio", audio.is_some()),
        ("safetySettings", !safety.is_empty()),
        ("guardrailConfig", guardrail.is_some()),
    ];
    if let Some((param, _)) = refused.into_iter().find(|(_, is_said)| *is_said) {
        return Err(unsupported(param));
    }
    let mut body = object! { "model": model };
    encode_messages(messages, &mut body)?;
    body.set_some("max_output_tokens", max_tokens.map(|limit| limit.max(LEAST_TOKENS)));
    encode_sampling(sampling, &mut body)?;
    let mut include = Vec::new();
    if let Some(log_probabilities) = log_probabilities {
        include.push("message.output_text.logprobs");
        body.set_some("top_logprobs", log_probabilities.top);
    }
    encode_tools(tools, tool_choice, &mut body)?;
    body.set_some("parallel_tool_calls", parallel_tools);
    let mut text = Object::default();
    text.set_some("format", format.map(encode_format));
    text.set_some("verbosity", verbosity);
    if !text.is_empty() {
        body.set("text", text);
    }
    // Models that do not think refuse to tell thoughts.
    if reasoning.as_ref().is_some_and(thinks) {
        include.push("reasoning.encrypted_content");
    }
    body.set_some("reasoning", reasoning.and_then(encode_reasoning));
    body.set_some("service_tier", service_tier.map(tier));
    if !include.is_empty() {
        body.set("include", include);
    }
    encode_hints(hints, &mut body);
    if stream {
        body.set("stream", true);
    }
    Ok(body)
}

fn unsupported(param: impl Into<String>) -> Refused {
    Refused::unsupported(param, NAME)
}

fn encode_sampling<'a>(sampling: Sampling<'a>, body: &mut Object<'a>) -> Result<(), Refused> {
    let without_words = ["top_k", "seed", "frequency_penalty", "presence_penalty", "logit_bias"];
    if let Some(param) = sampling.first_said(&without_words) {
        return Err(unsupported(param));
    }
    let Sampling {
        temperature,
        top_p,
        top_k: _,
        seed: _,
        frequency_penalty: _,
        presence_penalty: _,
        logit_bias: _,
    } = sampling;
    body.set_some("temperature", temperature);
    body.set_some("top_p", top_p);
    Ok(())
}

/// Unlike every other API this one keeps what it is not told to forget.
fn encode_hints<'a>(hints: Hints<'a>, body: &mut Object<'a>) {
    let Hints { end_user, cache_key, cache_retention, metadata, store } = hints;
    body.set_some("safety_identifier", end_user);
    body.set_some("prompt_cache_key", cache_key);
    body.set_some("prompt_cache_retention", cache_retention);
    body.set_some("metadata", metadata);
    body.set("store", store.unwrap_or(false));
}

fn thinks(reasoning: &Reasoning<'_>) -> bool {
    reasoning.enabled != Some(false) && reasoning.effort.as_deref() != Some("none")
}

fn encode_reasoning(reasoning: Reasoning<'_>) -> Option<Object<'_>> {
    let summary = reasoning.summary.clone();
    let summary = summary.or_else(|| reasoning.shown.filter(|shown| *shown).map(|_| Text::Borrowed("auto")));
    let mut encoded = Object::default();
    encoded.set_some("effort", effort(reasoning));
    encoded.set_some("summary", summary);
    Some(encoded).filter(|encoded| !encoded.is_empty())
}

fn encode_tools<'a>(
    tools: Vec<Tool<'a>>,
    choice: Option<ToolChoice<'a>>,
    body: &mut Object<'a>,
) -> Result<(), Refused> {
    let mut encoded: Vec<Object<'a>> = Vec::with_capacity(tools.len());
    for (index, tool) in tools.into_iter().enumerate() {
        encoded.push(encode_tool(tool, index)?);
    }
    // Without tools a choice says nothing, unless it demands one.
    let says = !encoded.is_empty() || !matches!(choice, Some(ToolChoice::Auto | ToolChoice::None));
    if !encoded.is_empty() {
        body.set("tools", encoded);
    }
    body.set_some("tool_choice", choice.filter(|_| says).map(encode_choice));
    Ok(())
}

/// The API demands a schema, and keeps to it where it is not told otherwise.
fn encode_tool(tool: Tool<'_>, index: usize) -> Result<Object<'_>, Refused> {
    match tool {
        Tool::Function(Function { name, description, parameters, strict, cache: _ }) => {
            let nothing = || object! { "type": "object", "properties": Object::default() }.into();
            let mut encoded = object! { "type": "function", "name": name };
            encoded.set_some("description", description);
            encoded.set("parameters", parameters.unwrap_or_else(nothing));
            encoded.set("strict", strict.unwrap_or(false));
            Ok(encoded)
        }
        Tool::Own { kind, spec } if own::is_tool(&kind) && spec.get(&kind).is_none() => {
            Ok(output::typed(kind, spec))
        }
        Tool::Own { kind, .. } => Err(unsupported(format!("tools[{index}] of type {kind}"))),
    }
}

fn encode_choice(choice: ToolChoice<'_>) -> Json<'_> {
    let function = |name| object! { "type": "function", "name": name };
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Any => "required".into(),
        ToolChoice::Named(name) => function(name).into(),
        ToolChoice::Among { names, required } => {
            let mode = if required { "required" } else { "auto" };
            let tools: Vec<Object<'_>> = names.into_iter().map(function).collect();
            object! { "type": "allowed_tools", "mode": mode, "tools": tools }.into()
        }
    }
}

fn encode_format(format: Format<'_>) -> Object<'_> {
    match format {
        Format::Text => object! { "type": "text" },
        Format::Json => object! { "type": "json_object" },
        Format::Schema { name, description, schema, strict } => {
            // The API demands a name; other dialects have none.
            let name = name.unwrap_or(Text::Borrowed("answer"));
            let mut encoded = object! { "type": "json_schema", "name": name };
            encoded.set_some("description", description);
            encoded.set("schema", schema);
            encoded.set_some("strict", strict);
            encoded
        }
    }
}

/// What the system says first stands apart where it is one text.
fn encode_messages<'a>(mut messages: Vec<Message<'a>>, body: &mut Object<'a>) -> Result<(), Refused> {
    let is_text = |message: &Message<'a>| {
        message.role == Role::System
            && matches!(&*message.blocks, [Block { part: Part::Text(text), .. }] if !text.is_empty())
    };
    let mut first = 0;
    if messages.first().is_some_and(is_text) {
        let mut blocks = messages.remove(0).blocks;
        first = 1;
        if let Some(Block { part: Part::Text(text), .. }) = blocks.pop() {
            body.set("instructions", text);
        }
    }
    let mut writer = Writer { items: Vec::with_capacity(messages.len()), ids: Ids::new("call_", LONGEST_ID) };
    for (index, message) in messages.into_iter().enumerate() {
        let refused = |what: &str| unsupported(format!("messages[{}]: {what}", index + first));
        // Which of several users it is has no place in this API.
        let Message { role, name: _, blocks } = message;
        match role {
            Role::System => writer.spoken("system", blocks).map_err(refused)?,
            Role::Developer => writer.spoken("developer", blocks).map_err(refused)?,
            Role::User => writer.user(blocks).map_err(refused)?,
            Role::Assistant => writer.assistant(blocks).map_err(refused)?,
        }
    }
    body.set("input", writer.items);
    Ok(())
}

/// Items as they are written.
struct Writer<'a> {
    items: Vec<Object<'a>>,
    ids: Ids,
}

impl<'a> Writer<'a> {
    /// The API caches by itself; marks say nothing to it.
    fn spoken(&mut self, role: &'static str, blocks: Vec<Block<'a>>) -> Result<(), &'static str> {
        let parts = blocks.into_iter().map(|block| block.part).collect();
        let content = parts::encode_content(parts)?;
        self.items.push(object! { "type": "message", "role": role, "content": content });
        Ok(())
    }

    /// What tools answered comes first, an item each.
    fn user(&mut self, blocks: Vec<Block<'a>>) -> Result<(), &'static str> {
        let mut said = Vec::new();
        let before = self.items.len();
        for block in blocks {
            match block.part {
                Part::ToolResult(result) => {
                    let item = self.result(result)?;
                    self.items.push(item);
                }
                Part::Own { kind, spec } if own::is_result(&kind) => {
                    self.items.push(output::typed(kind, spec));
                }
                part => said.push(Block { part, cache: None }),
            }
        }
        if said.is_empty() && self.items.len() > before {
            return Ok(());
        }
        self.spoken("user", said)
    }

    fn result(&mut self, result: ToolResult<'a>) -> Result<Object<'a>, &'static str> {
        // There is no word for a call that failed; what the tool says of it is the model's to read.
        let ToolResult { id, name, parts, is_error: _ } = result;
        let id = self.ids.of_result(id, name.as_deref());
        let output = if parts.is_empty() { "".into() } else { parts::encode_content(parts)? };
        Ok(object! { "type": "function_call_output", "call_id": id, "output": output })
    }

    /// Words that follow each other are one message.
    fn assistant(&mut self, blocks: Vec<Block<'a>>) -> Result<(), &'static str> {
        let (mut said, mut thoughts) = (Vec::new(), None);
        for block in blocks {
            match block.part {
                part @ (Part::Text(_) | Part::Cited { .. } | Part::Refusal(_)) => said.extend(words(part)),
                part => {
                    self.items.extend(message(&mut said));
                    let item = self.done(part, &mut thoughts)?;
                    self.items.extend(item);
                }
            }
        }
        self.items.extend(message(&mut said));
        Ok(())
    }

    /// What the model did beside speaking; `None` for thoughts of which the API takes nothing back. What was told of a thought
    /// may stand before what its provider sealed of it.
    fn done(
        &mut self,
        part: Part<'a>,
        thoughts: &mut Option<Text<'a>>,
    ) -> Result<Option<Object<'a>>, &'static str> {
        let told = thoughts.take();
        match part {
            Part::Reasoning(Thought { text, signature, redacted: None }) => {
                *thoughts = Some(text).filter(|_| signature.is_none());
                Ok(None)
            }
            Part::Reasoning(Thought { text, redacted: Some(sealed), .. }) => {
                let text = Some(text).filter(|text| !text.is_empty()).or(told).unwrap_or_default();
                let mut item = output::thought(text);
                item.set("encrypted_content", sealed);
                Ok(Some(item))
            }
            Part::ToolCall(call) => Ok(Some(self.call(call))),
            Part::Own { kind, spec } if own::is_call(&kind) => Ok(Some(output::typed(kind, spec))),
            Part::Own { .. } => Err("a call of a tool that another provider runs"),
            Part::Media(_) => Err("media in what the assistant said"),
            Part::ToolResult(_) => Err("a tool's result in what the assistant said"),
            Part::Text(_) | Part::Cited { .. } | Part::Refusal(_) => Ok(None),
        }
    }

    fn call(&mut self, call: ToolCall<'a>) -> Object<'a> {
        // A signature is of another provider's thoughts.
        let ToolCall { id, name, arguments, signature: _ } = call;
        let id = self.ids.of_call(id, &name);
        let arguments = if arguments.is_empty() { Text::Borrowed("{}") } else { arguments };
        object! { "type": "function_call", "call_id": id, "name": name, "arguments": arguments }
    }
}

/// A part of what the assistant said.
fn words(part: Part<'_>) -> Option<Object<'_>> {
    match part {
        Part::Text(text) => Some(object! { "type": "output_text", "text": text }),
        Part::Cited { text, citations } => {
            let length = text.chars().count() as u64;
            let cited = citations.into_iter().filter_map(|one| annotations::encode(one, length));
            let cited: Vec<_> = cited.collect();
            Some(object! { "type": "output_text", "text": text, "annotations": cited })
        }
        Part::Refusal(refusal) => Some(object! { "type": "refusal", "refusal": refusal }),
        _ => None,
    }
}

/// The message of what the assistant said since the last one; `None` where it said nothing.
fn message<'a>(said: &mut Vec<Object<'a>>) -> Option<Object<'a>> {
    let mut parts = std::mem::take(said);
    let is_plain = |part: &Object<'a>| part.keys().eq(["type", "text"]);
    let alone = if parts.len() == 1 { parts.pop_if(|part| is_plain(part)) } else { None };
    let content = match alone.and_then(|mut part| part.take("text")) {
        Some(text) => text,
        None if parts.is_empty() => return None,
        None => parts.into(),
    };
    Some(object! { "type": "message", "role": "assistant", "content": content })
}
