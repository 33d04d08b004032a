//! From the canonical request to a message of Anthropic's.

use crate::exchange::ids::Ids;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::refused::Refused;
use crate::exchange::request::{
    Block, Cache, Format, Function, Hints, Message, Part, Request, Role, Sampling, Tool, ToolCall,
    ToolChoice, ToolResult,
};

use super::thinking::{Limits, plan};
use super::{NAME, citations, parts};

pub(super) fn request<'a>(request: Request<'a>) -> Result<Object<'a>, Refused> {
    let Request {
        model,
        stream,
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
        // They go into a header, or to the top of another provider's body.
        betas,
        unknown: _,
    } = request;
    let has_other_modality = modalities.iter().any(|modality| modality != "text");
    // What a field says that is the only way here anyway need not be said.
    let refused = [
        ("n", choices.is_some_and(|choices| choices != 1)),
        ("logprobs", log_probabilities.is_some()),
        ("modalities", has_other_modality),
        ("audio", audio.is_some()),
        ("verbosity", verbosity.is_some_and(|verbosity| verbosity != "medium")),
        ("safetySettings", !safety.is_empty()),
        ("guardrailConfig", guardrail.is_some()),
    ];
    if let Some((param, _)) = refused.into_iter().find(|(_, is_said)| *is_said) {
        return Err(unsupported(param));
    }
    let interleaved = betas.iter().any(|beta| beta.starts_with("interleaved-thinking"));
    let plan = plan(&model, reasoning, Limits { max_tokens, interleaved });
    let mut body = object! { "model": model, "max_tokens": plan.max_tokens };
    encode_messages(messages, &mut body)?;
    encode_tools(tools, tool_choice, parallel_tools, &mut body)?;
    body.set_some("thinking", plan.thinking);
    let mut output = Object::default();
    output.set_some("effort", plan.effort);
    output.set_some("format", format.map(encode_format).transpose()?.flatten());
    if !output.is_empty() {
        body.set("output_config", output);
    }
    encode_sampling(sampling, &mut body)?;
    if !stop.is_empty() {
        body.set("stop_sequences", stop);
    }
    body.set_some("service_tier", service_tier.map(tier).transpose()?);
    // The API keeps books by user only.
    let Hints { end_user, cache_key: _, cache_retention: _, metadata: _, store: _ } = hints;
    body.set_some("metadata", end_user.map(|user| object! { "user_id": user }));
    if stream {
        body.set("stream", true);
    }
    Ok(body)
}

fn unsupported(param: impl Into<String>) -> Refused {
    Refused::unsupported(param, NAME)
}

fn encode_sampling<'a>(sampling: Sampling<'a>, body: &mut Object<'a>) -> Result<(), Refused> {
    let without_words = ["seed", "frequency_penalty", "presence_penalty", "logit_bias"];
    if let Some(param) = sampling.first_said(&without_words) {
        return Err(unsupported(param));
    }
    let Sampling {
        temperature,
        top_p,
        top_k,
        seed: _,
        frequency_penalty: _,
        presence_penalty: _,
        logit_bias: _,
    } = sampling;
    body.set_some("temperature", temperature);
    body.set_some("top_p", top_p);
    body.set_some("top_k", top_k);
    Ok(())
}

/// Whether the dear capacity may be used; there is none that is cheap and slow.
fn tier(tier: Text<'_>) -> Result<Text<'static>, Refused> {
    match &*tier {
        "auto" | "priority" => Ok(Text::Borrowed("auto")),
        "default" | "standard" | "standard_only" => Ok(Text::Borrowed("standard_only")),
        other => Err(unsupported(format!("service_tier of \"{other}\""))),
    }
}

/// What the schema is for stands in the schema; its name says nothing to the model.
fn encode_format(format: Format<'_>) -> Result<Option<Object<'_>>, Refused> {
    match format {
        Format::Text => Ok(None),
        Format::Json => Err(unsupported("response_format of type json_object")),
        Format::Schema { name: _, description, mut schema, strict: _ } => {
            if let Json::Object(schema) = &mut schema
                && schema.get("description").is_none()
            {
                schema.set_some("description", description);
            }
            Ok(Some(object! { "type": "json_schema", "schema": schema }))
        }
    }
}

fn encode_tools<'a>(
    tools: Vec<Tool<'a>>,
    choice: Option<ToolChoice<'a>>,
    parallel: Option<bool>,
    body: &mut Object<'a>,
) -> Result<(), Refused> {
    let mut encoded: Vec<Object<'a>> = Vec::with_capacity(tools.len());
    for (index, tool) in tools.into_iter().enumerate() {
        encoded.push(encode_tool(tool, index)?);
    }
    // There is no choice among some: the others are kept from the model.
    if let Some(ToolChoice::Among { names, .. }) = &choice {
        let is_allowed = |name: &str| names.iter().any(|allowed| allowed == name);
        encoded.retain(|tool| tool.get("name").and_then(Json::as_str).is_some_and(is_allowed));
    }
    let choice = encode_choice(choice, parallel, !encoded.is_empty());
    if !encoded.is_empty() {
        body.set("tools", encoded);
    }
    body.set_some("tool_choice", choice);
    Ok(())
}

fn encode_tool(tool: Tool<'_>, index: usize) -> Result<Object<'_>, Refused> {
    match tool {
        Tool::Function(Function { name, description, parameters, strict, cache }) => {
            let mut encoded = object! { "name": name };
            encoded.set_some("description", description);
            encoded.set("input_schema", input_schema(parameters));
            encoded.set_some("strict", strict.filter(|strict| *strict));
            encoded.set_some("cache_control", cache.map(parts::encode_cache));
            Ok(encoded)
        }
        Tool::Own { kind, spec } if is_own(&kind) => Ok(parts::typed(kind, spec)),
        Tool::Own { kind, .. } => Err(unsupported(format!("tools[{index}] of type {kind}"))),
    }
}

/// Anthropic's own tools carry the day of their version.
fn is_own(kind: &str) -> bool {
    let day = kind.rsplit('_').next().unwrap_or_default();
    let is_dated = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
    is_dated || kind == "mcp_toolset" || kind.starts_with("tool_search_tool_")
}

/// The API demands the schema of an object, also where there is nothing to say.
fn input_schema(parameters: Option<Json<'_>>) -> Json<'_> {
    match parameters {
        Some(Json::Object(mut schema)) => {
            if schema.get("type").is_none() {
                schema.set("type", "object");
            }
            schema.into()
        }
        Some(other) => other,
        None => object! { "type": "object", "properties": Object::default() }.into(),
    }
}

fn encode_choice<'a>(
    choice: Option<ToolChoice<'a>>,
    parallel: Option<bool>,
    has_tools: bool,
) -> Option<Object<'a>> {
    let one_at_once = parallel == Some(false);
    let mut encoded = match choice {
        // Without tools the API takes no choice, which then is none anyway.
        None | Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Among { .. }) if !has_tools => {
            return None;
        }
        Some(ToolChoice::None) => return Some(object! { "type": "none" }),
        None if !one_at_once => return None,
        None | Some(ToolChoice::Auto | ToolChoice::Among { required: false, .. }) => {
            object! { "type": "auto" }
        }
        Some(ToolChoice::Any | ToolChoice::Among { required: true, .. }) => object! { "type": "any" },
        Some(ToolChoice::Named(name)) => object! { "type": "tool", "name": name },
    };
    if one_at_once {
        encoded.set("disable_parallel_tool_use", true);
    }
    Some(encoded)
}

/// What one side says until the other does. What tools answered comes first, as the API demands.
struct Turn<'a> {
    is_user: bool,
    results: Vec<Object<'a>>,
    said: Vec<Object<'a>>,
}

/// The system's words stand apart, wherever they were said; turns of one role are one.
fn encode_messages<'a>(messages: Vec<Message<'a>>, body: &mut Object<'a>) -> Result<(), Refused> {
    let (mut system, mut turns, mut ids) =
        (Vec::new(), Vec::<Turn<'a>>::new(), Ids::new("toolu_", usize::MAX));
    for (index, message) in messages.into_iter().enumerate() {
        let refused = |what: &str| unsupported(format!("messages[{index}]: {what}"));
        // Which of several users it is has no place in this API.
        let Message { role, name: _, blocks } = message;
        if matches!(role, Role::System | Role::Developer) {
            system
                .extend(blocks.into_iter().filter_map(|block| of_system(block).map_err(refused).transpose()));
            continue;
        }
        let is_user = role == Role::User;
        // An assistant of whose turn nothing is left has said nothing: unsigned thoughts, empty texts.
        turns.pop_if(|last| is_user && last.says_nothing());
        if turns.last().is_none_or(|last| last.is_user != is_user) {
            turns.push(Turn { is_user, results: Vec::new(), said: Vec::new() });
        }
        let Some(turn) = turns.last_mut() else { continue };
        for block in blocks {
            turn.add(block, &mut ids).map_err(refused)?;
        }
    }
    let system = system.into_iter().collect::<Result<Vec<_>, Refused>>()?;
    if !system.is_empty() {
        body.set("system", content(system));
    }
    turns.pop_if(|last| last.says_nothing());
    body.set("messages", turns.into_iter().map(Turn::encode).collect::<Vec<_>>());
    Ok(())
}

fn of_system(block: Block<'_>) -> Result<Option<Object<'_>>, &'static str> {
    let Block { part, cache } = block;
    match part {
        Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) => {
            Ok(Some(text).filter(|text| !text.is_empty()).map(|text| marked(parts::spoken(text), cache)))
        }
        _ => Err("anything but text in what the system says"),
    }
}

fn marked<'a>(mut block: Object<'a>, cache: Option<Cache<'a>>) -> Object<'a> {
    block.set_some("cache_control", cache.map(parts::encode_cache));
    block
}

/// One text as a string, anything else as blocks.
fn content(mut blocks: Vec<Object<'_>>) -> Json<'_> {
    let is_plain = |block: &Object<'_>| block.keys().eq(["type", "text"]);
    let alone = if blocks.len() == 1 { blocks.pop_if(|block| is_plain(block)) } else { None };
    alone.and_then(|mut block| block.take("text")).unwrap_or_else(|| blocks.into())
}

impl<'a> Turn<'a> {
    fn add(&mut self, block: Block<'a>, ids: &mut Ids) -> Result<(), &'static str> {
        let Block { part, cache } = block;
        let encoded = match part {
            Part::ToolResult(result) if self.is_user => {
                self.results.push(marked(encode_result(result, ids)?, cache));
                return Ok(());
            }
            Part::ToolResult(_) => return Err("a tool's result in what the assistant said"),
            Part::ToolCall(_) if self.is_user => return Err("a call of a tool in what the user said"),
            Part::ToolCall(call) => Some(encode_call(call, ids)),
            Part::Media(_) if !self.is_user => return Err("media in what the assistant said"),
            // The API takes no marks on thoughts.
            Part::Reasoning(thought) => {
                self.said.extend(parts::encode_thought(thought));
                return Ok(());
            }
            part => encode_part(part)?,
        };
        self.said.extend(encoded.map(|block| marked(block, cache)));
        Ok(())
    }

    fn says_nothing(&self) -> bool {
        !self.is_user && self.said.is_empty()
    }

    fn encode(self) -> Object<'a> {
        let Self { is_user, mut results, said } = self;
        results.extend(said);
        let content = if results.is_empty() { "".into() } else { content(results) };
        object! { "role": if is_user { "user" } else { "assistant" }, "content": content }
    }
}

/// What may stand in a turn as in a tool's result; `None` for an empty text, which the API refuses.
fn encode_part(part: Part<'_>) -> Result<Option<Object<'_>>, &'static str> {
    match part {
        Part::Text(text) | Part::Refusal(text) => {
            Ok(Some(text).filter(|text| !text.is_empty()).map(parts::spoken))
        }
        Part::Cited { text, citations } => {
            let mut block = parts::spoken(text);
            let cited: Vec<_> = citations.into_iter().filter_map(citations::encode_earlier).collect();
            if !cited.is_empty() {
                block.set("citations", cited);
            }
            Ok(Some(block))
        }
        Part::Media(media) => parts::encode_media(media).map(Some),
        Part::Own { kind, spec } if kind == "document" || parts::is_own(&kind) => {
            Ok(Some(parts::typed(kind, spec)))
        }
        Part::Own { .. } => Err("what only another provider knows"),
        Part::Reasoning(_) | Part::ToolCall(_) | Part::ToolResult(_) => Err("a part of this kind"),
    }
}

fn encode_call<'a>(call: ToolCall<'a>, ids: &mut Ids) -> Object<'a> {
    // A signature is of another provider's thoughts.
    let ToolCall { id, name, arguments, signature: _ } = call;
    let id = ids.of_call(id, &name);
    object! { "type": "tool_use", "id": id, "name": name, "input": parts::input(arguments) }
}

fn encode_result<'a>(result: ToolResult<'a>, ids: &mut Ids) -> Result<Object<'a>, &'static str> {
    let ToolResult { id, name, parts, is_error } = result;
    let mut block = object! { "type": "tool_result", "tool_use_id": ids.of_result(id, name.as_deref()) };
    let mut encoded = Vec::with_capacity(parts.len());
    for part in parts {
        encoded.extend(encode_part(part)?);
    }
    if !encoded.is_empty() {
        block.set("content", content(encoded));
    }
    if is_error {
        block.set("is_error", true);
    }
    Ok(block)
}
