//! From a client's chat completion to the canonical request.

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Text};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{
    Block, Format, Function, Hints, LogProbabilities, Message, Part, Reasoning, Request, Role, Sampling,
    Thought, Tool, ToolCall, ToolChoice, ToolResult,
};

use super::parts;

/// Names of fields that were not understood; collected over the whole body.
type Unknown = Vec<String>;

pub(super) fn request<'a>(body: Json<'a>) -> Result<Request<'a>, Refused> {
    let mut fields = Fields::of(body, Place::BODY)?;
    let mut unknown = Unknown::new();
    let reasoning = reasoning(&mut fields, &mut unknown)?;
    let max_tokens = fields.count("max_completion_tokens")?;
    let request = Request {
        model: fields.need_text("model")?,
        stream: fields.bool("stream")?.unwrap_or(false),
        stream_usage: Some(stream_usage(&mut fields, &mut unknown)?),
        messages: messages(&mut fields, &mut unknown)?,
        tools: tools(&mut fields, &mut unknown)?,
        tool_choice: tool_choice(&mut fields)?,
        parallel_tools: fields.bool("parallel_tool_calls")?,
        format: format(&mut fields, &mut unknown)?,
        reasoning,
        max_tokens: fields.count("max_tokens")?.filter(|_| max_tokens.is_none()).or(max_tokens),
        sampling: Sampling {
            temperature: fields.number("temperature")?,
            top_p: fields.number("top_p")?,
            top_k: fields.number("top_k")?,
            seed: fields.number("seed")?,
            frequency_penalty: fields.number("frequency_penalty")?,
            presence_penalty: fields.number("presence_penalty")?,
            logit_bias: fields.object("logit_bias")?.filter(|bias| !bias.is_empty()),
        },
        stop: fields.texts("stop")?,
        choices: fields.count("n")?,
        log_probabilities: log_probabilities(&mut fields)?,
        modalities: fields.texts("modalities")?,
        audio: fields.take("audio"),
        verbosity: fields.text("verbosity")?,
        service_tier: fields.text("service_tier")?,
        safety: fields.list("safetySettings")?.unwrap_or_default(),
        guardrail: fields.take("guardrailConfig"),
        hints: hints(&mut fields)?,
        betas: Vec::new(),
        unknown: Vec::new(),
    };
    fields.done(&mut unknown);
    Ok(Request { unknown, ..request })
}

fn hints<'a>(fields: &mut Fields<'a, '_>) -> Result<Hints<'a>, Refused> {
    // How OpenAI places and keeps marks by itself.
    fields.object("prompt_cache_options")?;
    let safety_identifier = fields.text("safety_identifier")?;
    Ok(Hints {
        end_user: fields.text("user")?.filter(|_| safety_identifier.is_none()).or(safety_identifier),
        cache_key: fields.text("prompt_cache_key")?,
        cache_retention: fields.text("prompt_cache_retention")?,
        metadata: fields.object("metadata")?,
        store: fields.bool("store")?,
    })
}

fn stream_usage(fields: &mut Fields<'_, '_>, unknown: &mut Unknown) -> Result<bool, Refused> {
    let place = fields.place();
    let Some(options) = fields.object("stream_options")? else { return Ok(false) };
    let mut options = Fields::of_object(options, place.key("stream_options"));
    let usage = options.bool("include_usage")?.unwrap_or(false);
    // Padding against who watches the line; a stream without it says the same.
    options.bool("include_obfuscation")?;
    options.done(unknown);
    Ok(usage)
}

fn log_probabilities(fields: &mut Fields<'_, '_>) -> Result<Option<LogProbabilities>, Refused> {
    let wanted = fields.bool("logprobs")?.unwrap_or(false);
    let top = fields.count("top_logprobs")?;
    Ok(wanted.then_some(LogProbabilities { top }))
}

/// `reasoning_effort`, and `thinking` as Anthropic writes it, which several gateways know beside it.
fn reasoning<'a>(
    fields: &mut Fields<'a, '_>,
    unknown: &mut Unknown,
) -> Result<Option<Reasoning<'a>>, Refused> {
    let place = fields.place();
    let effort = fields.text("reasoning_effort")?;
    let thinking = fields.object("thinking")?;
    if effort.is_none() && thinking.is_none() {
        return Ok(None);
    }
    let mut reasoning = Reasoning {
        enabled: effort.as_deref().map(|effort| effort != "none"),
        effort,
        ..Reasoning::default()
    };
    if let Some(thinking) = thinking {
        let mut thinking = Fields::of_object(thinking, place.key("thinking"));
        let kind = thinking.need_text("type")?;
        reasoning.enabled = Some(kind != "disabled");
        reasoning.adaptive = kind == "adaptive";
        reasoning.budget = thinking.count("budget_tokens")?;
        reasoning.shown = thinking.bool("includeThoughts")?;
        thinking.done(unknown);
    }
    Ok(Some(reasoning))
}

fn format<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Option<Format<'a>>, Refused> {
    let place = fields.place();
    let Some(format) = fields.object("response_format")? else { return Ok(None) };
    let place = place.key("response_format");
    let mut format = Fields::of_object(format, place);
    let kind = format.need_text("type")?;
    let read = match &*kind {
        "text" => Format::Text,
        "json_object" => Format::Json,
        "json_schema" => {
            let inner = format.object("json_schema")?.ok_or_else(|| format.missing("json_schema"))?;
            let mut inner = Fields::of_object(inner, place.key("json_schema"));
            let schema = Format::Schema {
                name: inner.text("name")?,
                description: inner.text("description")?,
                schema: inner.take("schema").ok_or_else(|| inner.missing("schema"))?,
                strict: inner.bool("strict")?,
            };
            inner.done(unknown);
            schema
        }
        _ => return Err(none_of(&place.key("type"), &kind, "text, json_object, json_schema")),
    };
    format.done(unknown);
    Ok(Some(read))
}

fn tools<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Vec<Tool<'a>>, Refused> {
    let place = fields.place();
    let place = place.key("tools");
    let mut tools = Vec::new();
    for (index, tool) in fields.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        let place = place.at(index);
        let mut tool = Fields::of(tool, place)?;
        let kind = tool.need_text("type")?;
        if kind != "function" {
            tools.push(Tool::Own { kind, spec: tool.rest() });
            continue;
        }
        let cache = parts::cache(&mut tool, unknown)?;
        let function = tool.object("function")?.ok_or_else(|| tool.missing("function"))?;
        let function = parts::function(function, place.key("function"), unknown)?;
        tools.push(Tool::Function(Function { cache, ..function }));
        tool.done(unknown);
    }
    // The list that was there before tools were.
    let place = fields.place();
    let place = place.key("functions");
    for (index, function) in fields.list("functions")?.unwrap_or_default().into_iter().enumerate() {
        let function = Fields::of(function, place.at(index))?;
        tools.push(Tool::Function(parts::function(function.rest(), place.at(index), unknown)?));
    }
    Ok(tools)
}

fn tool_choice<'a>(fields: &mut Fields<'a, '_>) -> Result<Option<ToolChoice<'a>>, Refused> {
    let place = fields.place();
    if let Some(choice) = fields.take("tool_choice") {
        return read_choice(choice, place.key("tool_choice")).map(Some);
    }
    // As it was before tools were: a word, or `{name}`.
    match fields.take("function_call") {
        None => Ok(None),
        Some(Json::Object(mut named)) => {
            let name = named.take("name").map(|name| name.into_text()).unwrap_or_default();
            Ok(Some(ToolChoice::Named(name)))
        }
        Some(word) => read_choice(word, place.key("function_call")).map(Some),
    }
}

fn read_choice<'a>(choice: Json<'a>, place: Place<'_>) -> Result<ToolChoice<'a>, Refused> {
    let word = match choice {
        Json::Text(word) => word,
        other => return chosen(Fields::of(other, place)?),
    };
    match &*word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" | "any" => Ok(ToolChoice::Any),
        _ => Err(none_of(&place, &word, "auto, none, required, or an object that names a tool")),
    }
}

/// `{type: function, function: {name}}` or `{type: allowed_tools, allowed_tools: {mode, tools}}`.
fn chosen<'a>(mut choice: Fields<'a, '_>) -> Result<ToolChoice<'a>, Refused> {
    let place = choice.place();
    let kind = choice.need_text("type")?;
    let inner = choice.object(&kind)?.ok_or_else(|| choice.missing(&kind))?;
    let mut inner = Fields::of_object(inner, place.key(&kind));
    match &*kind {
        "function" => inner.need_text("name").map(ToolChoice::Named),
        "allowed_tools" => {
            let required = inner.text("mode")?.is_some_and(|mode| mode == "required");
            let name = |tool: Json<'a>| {
                let Json::Object(mut tool) = tool else { return None };
                let Json::Object(mut function) = tool.take("function")? else { return None };
                function.take("name").map(Json::into_text)
            };
            let names = inner.list("tools")?.unwrap_or_default().into_iter().filter_map(name).collect();
            Ok(ToolChoice::Among { names, required })
        }
        _ => Err(none_of(&place.key("type"), &kind, "function, allowed_tools")),
    }
}

fn messages<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Vec<Message<'a>>, Refused> {
    let list = fields.list("messages")?.ok_or_else(|| fields.missing("messages"))?;
    let place = fields.place();
    let place = place.key("messages");
    let mut messages: Vec<Message<'a>> = Vec::with_capacity(list.len());
    let mut answers_a_call = false;
    for (index, message) in list.into_iter().enumerate() {
        let mut message = Fields::of(message, place.at(index))?;
        let role = message.need_text("role")?;
        let is_result = matches!(&*role, "tool" | "function");
        let read = match &*role {
            "system" => spoken(Role::System, &mut message, unknown)?,
            "developer" => spoken(Role::Developer, &mut message, unknown)?,
            "user" => spoken(Role::User, &mut message, unknown)?,
            "assistant" => assistant(&mut message, unknown)?,
            "tool" | "function" => Message::new(Role::User, vec![result(&mut message, unknown)?]),
            _ => {
                let known = "system, developer, user, assistant, tool";
                return Err(none_of(&message.place().key("role"), &role, known));
            }
        };
        message.done(unknown);
        // What tools answered to calls of one turn belongs together.
        match messages.last_mut().filter(|_| is_result && answers_a_call) {
            Some(last) => last.blocks.extend(read.blocks),
            None => messages.push(read),
        }
        answers_a_call = is_result;
    }
    Ok(messages)
}

fn spoken<'a>(
    role: Role,
    message: &mut Fields<'a, '_>,
    unknown: &mut Unknown,
) -> Result<Message<'a>, Refused> {
    let name = message.text("name")?;
    let content = message.take("content").ok_or_else(|| message.missing("content"))?;
    let place = message.place();
    let mut blocks = parts::content(content, place.key("content"), unknown)?;
    mark_last(&mut blocks, message, unknown)?;
    Ok(Message { role, name, blocks })
}

/// A mark beside the content of a message stands for one at its end.
fn mark_last<'a>(
    blocks: &mut [Block<'a>],
    message: &mut Fields<'a, '_>,
    unknown: &mut Unknown,
) -> Result<(), Refused> {
    let cache = parts::cache(message, unknown)?;
    if let Some(last) = blocks.last_mut().filter(|_| cache.is_some()) {
        last.cache = cache;
    }
    Ok(())
}

fn assistant<'a>(message: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Message<'a>, Refused> {
    let place = message.place();
    let name = message.text("name")?;
    let mut blocks: Vec<Block<'a>> = thoughts(message)?.into_iter().map(Block::new).collect();
    if let Some(content) = message.take("content") {
        let said = parts::content(content, place.key("content"), unknown)?;
        let says_nothing = |block: &Block<'_>| matches!(&block.part, Part::Text(text) if text.is_empty());
        blocks.extend(said.into_iter().filter(|block| !says_nothing(block)));
    }
    if let Some(refusal) = message.text("refusal")? {
        blocks.push(Block::new(Part::Refusal(refusal)));
    }
    // What an answer says beside its text; of a request it tells the model nothing.
    message.take("annotations");
    for (index, call) in message.list("tool_calls")?.unwrap_or_default().into_iter().enumerate() {
        let list = place.key("tool_calls");
        blocks.push(Block::new(Part::ToolCall(call_of(call, list.at(index), unknown)?)));
    }
    if let Some(function) = message.object("function_call")? {
        let mut function = Fields::of_object(function, place.key("function_call"));
        let name = function.need_text("name")?;
        // There were no ids yet: the name ties the answer to its call.
        let arguments = function.text("arguments")?.unwrap_or_default();
        blocks.push(Block::new(Part::ToolCall(ToolCall {
            id: name.clone(),
            name,
            arguments,
            signature: None,
        })));
    }
    mark_last(&mut blocks, message, unknown)?;
    Ok(Message { role: Role::Assistant, name, blocks })
}

/// `thinking_blocks` with signatures, else `reasoning_content`: what gateways and vendors call the thoughts of a message.
fn thoughts<'a>(message: &mut Fields<'a, '_>) -> Result<Vec<Part<'a>>, Refused> {
    let place = message.place();
    let place = place.key("thinking_blocks");
    let told = message.text("reasoning_content")?;
    let also_told = message.text("reasoning")?;
    let blocks = message.list("thinking_blocks")?.unwrap_or_default();
    if blocks.is_empty() {
        let told = told.or(also_told).filter(|text| !text.is_empty());
        return Ok(told
            .map(|text| Part::Reasoning(Thought { text, ..Thought::default() }))
            .into_iter()
            .collect());
    }
    let thought = |(index, block)| {
        let mut block = Fields::of(block, place.at(index))?;
        Ok(Part::Reasoning(Thought {
            text: block.text("thinking")?.unwrap_or_default(),
            signature: block.text("signature")?,
            redacted: block.text("data")?,
        }))
    };
    blocks.into_iter().enumerate().map(thought).collect()
}

fn call_of<'a>(call: Json<'a>, place: Place<'_>, unknown: &mut Unknown) -> Result<ToolCall<'a>, Refused> {
    let mut call = Fields::of(call, place)?;
    let kind = call.text("type")?.unwrap_or(Text::Borrowed("function"));
    if kind != "function" {
        return Err(none_of(&place.key("type"), &kind, "function"));
    }
    let id = call.need_text("id")?;
    let function = call.object("function")?.ok_or_else(|| call.missing("function"))?;
    let mut function = Fields::of_object(function, place.key("function"));
    let name = function.need_text("name")?;
    let arguments = function.text("arguments")?.unwrap_or_default();
    function.done(unknown);
    // The position in the list of a stream.
    call.take("index");
    let signature = call.object("extra_content")?.and_then(parts::thought_signature);
    call.done(unknown);
    Ok(ToolCall { id, name, arguments, signature })
}

fn result<'a>(message: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Block<'a>, Refused> {
    let place = message.place();
    let name = message.text("name")?;
    let id = match message.text("tool_call_id")?.or_else(|| name.clone()) {
        Some(id) => id,
        None => return Err(message.missing("tool_call_id")),
    };
    let cache = parts::cache(message, unknown)?;
    let content = message.take("content").unwrap_or(Json::Text(Text::Borrowed("")));
    let blocks = parts::content(content, place.key("content"), unknown)?;
    let marked = blocks.iter().rev().find_map(|block| block.cache.clone());
    let parts = blocks.into_iter().map(|block| block.part).collect();
    let result = ToolResult { id, name, parts, is_error: false };
    Ok(Block { part: Part::ToolResult(result), cache: cache.or(marked) })
}

/// The error of a word that is none of those that are known.
pub(in crate::openai) fn none_of(place: &Place<'_>, word: &str, known: &str) -> Refused {
    let shown: String = word.chars().take(64).collect();
    Refused::invalid(place, format_args!("is \"{shown}\", which is none of {known}"))
}
