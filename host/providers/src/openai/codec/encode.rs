//! From the canonical request to a chat completion.

use crate::exchange::codec::Codec;
use crate::exchange::effort;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::refused::Refused;
use crate::exchange::request::{
    Block, Format, Function, Hints, Media, Message, Part, Reasoning, Request, Role, Sampling, Thought, Tool,
    ToolCall, ToolChoice, ToolResult,
};

use super::{Chat, mistral, parts};

pub(super) fn request<'a>(chat: Chat, mut request: Request<'a>) -> Result<Object<'a>, Refused> {
    let unsupported = |param: &str| Refused::unsupported(param, chat.name());
    if chat == Chat::Mistral {
        mistral::settle(&mut request).map_err(unsupported)?;
    }
    let Request {
        model,
        stream,
        stream_usage,
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
    if !safety.is_empty() {
        return Err(unsupported("safetySettings"));
    }
    if guardrail.is_some() {
        return Err(unsupported("guardrailConfig"));
    }
    let mut body = object! { "model": model, "messages": encode_messages(chat, messages)? };
    let limit = if chat == Chat::OpenAi { "max_completion_tokens" } else { "max_tokens" };
    body.set_some(limit, max_tokens);
    encode_sampling(chat, sampling, &mut body)?;
    if !stop.is_empty() {
        body.set("stop", stop);
    }
    body.set_some("n", choices);
    if let Some(log_probabilities) = log_probabilities {
        body.set("logprobs", true);
        body.set_some("top_logprobs", log_probabilities.top);
    }
    encode_tools(chat, tools, &mut body)?;
    body.set_some("tool_choice", tool_choice.map(encode_choice));
    body.set_some("parallel_tool_calls", parallel_tools);
    body.set_some("response_format", format.map(encode_format));
    body.set_some("reasoning_effort", reasoning.and_then(effort));
    if !modalities.is_empty() {
        body.set("modalities", modalities);
    }
    body.set_some("audio", audio);
    body.set_some("verbosity", verbosity);
    let tier = if chat == Chat::Mistral { service_tier } else { service_tier.map(tier) };
    body.set_some("service_tier", tier);
    encode_hints(chat, hints, &mut body);
    if stream {
        body.set("stream", true);
        // Without it a stream says nothing of what was used, which other dialects always say; and so does Mistral.
        if stream_usage.unwrap_or(true) && chat != Chat::Mistral {
            body.set("stream_options", object! { "include_usage": true });
        }
    }
    Ok(body)
}

fn encode_sampling<'a>(chat: Chat, sampling: Sampling<'a>, body: &mut Object<'a>) -> Result<(), Refused> {
    let Sampling { temperature, top_p, top_k, seed, frequency_penalty, presence_penalty, logit_bias } =
        sampling;
    if top_k.is_some() && chat == Chat::OpenAi {
        return Err(Refused::unsupported("top_k", chat.name()));
    }
    body.set_some("temperature", temperature);
    body.set_some("top_p", top_p);
    body.set_some("top_k", top_k);
    body.set_some(if chat == Chat::Mistral { "random_seed" } else { "seed" }, seed);
    body.set_some("frequency_penalty", frequency_penalty);
    body.set_some("presence_penalty", presence_penalty);
    body.set_some("logit_bias", logit_bias);
    Ok(())
}

/// Hints go to those who are known to have a place for them.
fn encode_hints<'a>(chat: Chat, hints: Hints<'a>, body: &mut Object<'a>) {
    let Hints { end_user, cache_key, cache_retention, metadata, store } = hints;
    if chat == Chat::Compatible {
        return;
    }
    body.set_some("prompt_cache_key", cache_key);
    body.set_some("metadata", metadata);
    if chat == Chat::OpenAi {
        body.set_some("safety_identifier", end_user);
        body.set_some("prompt_cache_retention", cache_retention);
        body.set_some("store", store);
    }
}

/// Anthropic's word for the tier without a promise is `standard_only`.
pub(in crate::openai) fn tier(tier: Text<'_>) -> Text<'_> {
    if matches!(&*tier, "standard_only" | "standard") { Text::Borrowed("default") } else { tier }
}

/// The effort that was asked for, or that a budget amounts to. Models that cannot do without have no word for none, so
/// a client that turns thinking off without one gets the model's own.
pub(in crate::openai) fn effort(reasoning: Reasoning<'_>) -> Option<Text<'_>> {
    let Reasoning { enabled, effort, budget, adaptive: _, shown: _, summary: _ } = reasoning;
    if effort.is_some() {
        return effort;
    }
    budget.filter(|_| enabled != Some(false)).map(effort::of_budget)
}

fn encode_tools<'a>(chat: Chat, tools: Vec<Tool<'a>>, body: &mut Object<'a>) -> Result<(), Refused> {
    let mut encoded: Vec<Json<'a>> = Vec::with_capacity(tools.len());
    for (index, tool) in tools.into_iter().enumerate() {
        match tool {
            Tool::Function(Function { name, description, parameters, strict, cache: _ }) => {
                let mut function = object! { "name": name };
                function.set_some("description", description);
                function.set_some("parameters", parameters);
                function.set_some("strict", strict);
                encoded.push(object! { "type": "function", "function": function }.into());
            }
            Tool::Own { kind, .. } => {
                return Err(Refused::unsupported(format!("tools[{index}] of type {kind}"), chat.name()));
            }
        }
    }
    if !encoded.is_empty() {
        body.set("tools", encoded);
    }
    Ok(())
}

fn encode_choice(choice: ToolChoice<'_>) -> Json<'_> {
    let function = |name| object! { "type": "function", "function": object! { "name": name } };
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Any => "required".into(),
        ToolChoice::Named(name) => function(name).into(),
        ToolChoice::Among { names, required } => {
            let mode = if required { "required" } else { "auto" };
            let tools: Vec<Object<'_>> = names.into_iter().map(function).collect();
            let allowed = object! { "mode": mode, "tools": tools };
            object! { "type": "allowed_tools", "allowed_tools": allowed }.into()
        }
    }
}

fn encode_format(format: Format<'_>) -> Object<'_> {
    match format {
        Format::Text => object! { "type": "text" },
        Format::Json => object! { "type": "json_object" },
        Format::Schema { name, description, schema, strict } => {
            // The API demands a name; other dialects have none.
            let mut inner = object! { "name": name.unwrap_or(Text::Borrowed("answer")) };
            inner.set_some("description", description);
            inner.set("schema", schema);
            inner.set_some("strict", strict);
            object! { "type": "json_schema", "json_schema": inner }
        }
    }
}

fn encode_messages<'a>(chat: Chat, messages: Vec<Message<'a>>) -> Result<Vec<Json<'a>>, Refused> {
    let mut encoded = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        let refused = |what: &str| Refused::unsupported(format!("messages[{index}]: {what}"), chat.name());
        let Message { role, name, blocks } = message;
        match role {
            // Only OpenAI's own models know the system by another name, too.
            Role::Developer if chat == Chat::OpenAi => {
                encoded.push(spoken(chat, "developer", name, blocks).map_err(refused)?.into());
            }
            Role::System | Role::Developer => {
                encoded.push(spoken(chat, "system", name, blocks).map_err(refused)?.into());
            }
            Role::User => user(chat, name, blocks, &mut encoded).map_err(refused)?,
            Role::Assistant => encoded.push(assistant(chat, name, blocks).map_err(refused)?.into()),
        }
    }
    Ok(encoded)
}

fn spoken<'a>(
    chat: Chat,
    role: &'static str,
    name: Option<Text<'a>>,
    blocks: Vec<Block<'a>>,
) -> Result<Object<'a>, &'static str> {
    let mut message = object! { "role": role, "content": content(chat, blocks)? };
    message.set_some("name", name);
    Ok(message)
}

/// One text as a string, anything else as parts.
fn content(chat: Chat, blocks: Vec<Block<'_>>) -> Result<Json<'_>, &'static str> {
    let mut encoded = Vec::with_capacity(blocks.len());
    let is_alone = blocks.len() == 1;
    for block in blocks {
        match block.part {
            Part::Text(text) if is_alone => return Ok(text.into()),
            part => encoded.push(parts::encode(chat, part)?),
        }
    }
    Ok(encoded.into())
}

/// What tools answered is a message each; what the user says beside it follows.
fn user<'a>(
    chat: Chat,
    name: Option<Text<'a>>,
    blocks: Vec<Block<'a>>,
    messages: &mut Vec<Json<'a>>,
) -> Result<(), &'static str> {
    let mut said = Vec::new();
    let mut answers_calls = false;
    for block in blocks {
        match block.part {
            Part::ToolResult(result) => {
                answers_calls = true;
                let (message, media) = tool_message(chat, result)?;
                messages.push(message.into());
                said.extend(media.into_iter().map(Part::Media).map(Block::new));
            }
            _ => said.push(block),
        }
    }
    if !said.is_empty() || !answers_calls {
        messages.push(spoken(chat, "user", name, said)?.into());
    }
    Ok(())
}

/// The message of a tool has text only: media follow in the user's name, but with Mistral, which lets no user speak then.
fn tool_message(chat: Chat, result: ToolResult<'_>) -> Result<(Object<'_>, Vec<Media<'_>>), &'static str> {
    // There is no word for a call that failed; what the tool says of it is the model's to read.
    let ToolResult { id, name: _, parts, is_error: _ } = result;
    if chat == Chat::Mistral && parts.iter().any(|part| matches!(part, Part::Media(_))) {
        let content = content(chat, parts.into_iter().map(Block::new).collect())?;
        return Ok((object! { "role": "tool", "tool_call_id": id, "content": content }, Vec::new()));
    }
    let (mut texts, mut media) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Media(one) => media.push(one),
            Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) => texts.push(text),
            Part::Reasoning(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Own { .. } => {}
        }
    }
    let content: Json<'_> = match texts.len() {
        1 => texts.remove(0).into(),
        0 => "".into(),
        _ => {
            texts.into_iter().map(|text| object! { "type": "text", "text": text }).collect::<Vec<_>>().into()
        }
    };
    Ok((object! { "role": "tool", "tool_call_id": id, "content": content }, media))
}

fn assistant<'a>(
    chat: Chat,
    name: Option<Text<'a>>,
    blocks: Vec<Block<'a>>,
) -> Result<Object<'a>, &'static str> {
    let (mut texts, mut refusals, mut thoughts) = (Vec::new(), Vec::new(), Vec::<Thought<'a>>::new());
    let mut calls: Vec<Json<'a>> = Vec::new();
    for block in blocks {
        match block.part {
            Part::Text(text) | Part::Cited { text, .. } => texts.push(text),
            Part::Refusal(refusal) => refusals.push(refusal),
            Part::Reasoning(thought) => thoughts.push(thought),
            Part::ToolCall(call) => {
                // OpenAI refuses fields that it does not know, and could make nothing of what another provider signed.
                let signature = call.signature.filter(|_| chat == Chat::Compatible);
                calls.push(encode_call(ToolCall { signature, ..call }).into());
            }
            Part::Media(_) => return Err("media in what the assistant said"),
            Part::ToolResult(_) => return Err("a tool's result in what the assistant said"),
            Part::Own { .. } => return Err("a call of a tool that another provider runs"),
        }
    }
    let mut message = object! { "role": "assistant" };
    // The API wants content where there is nothing else; several texts of a turn are one.
    let alone = refusals.is_empty() && calls.is_empty();
    let said = joined(texts).or(alone.then_some(Text::Borrowed("")));
    thoughts.retain(|thought| !thought.text.is_empty());
    if chat == Chat::Mistral && !thoughts.is_empty() {
        message.set("content", mistral::content(thoughts, said));
    } else {
        message.set_some("content", said);
        let told = thoughts.into_iter().map(|thought| thought.text).collect();
        message.set_some("reasoning_content", joined(told).filter(|_| chat == Chat::Compatible));
    }
    message.set_some("refusal", joined(refusals).filter(|_| chat != Chat::Mistral));
    message.set_some("name", name);
    if !calls.is_empty() {
        message.set("tool_calls", calls);
    }
    Ok(message)
}

pub(super) fn encode_call(call: ToolCall<'_>) -> Object<'_> {
    let ToolCall { id, name, arguments, signature } = call;
    let arguments = if arguments.is_empty() { Text::Borrowed("{}") } else { arguments };
    let function = object! { "name": name, "arguments": arguments };
    let mut call = object! { "id": id, "type": "function", "function": function };
    call.set_some("extra_content", signature.map(extra));
    call
}

/// Where clients of Gemini's endpoint for this API look for it, and give it back.
pub(super) fn extra(signature: Text<'_>) -> Object<'_> {
    object! { "google": object! { "thought_signature": signature } }
}

/// Several texts as one; `None` where there is none.
pub(super) fn joined(mut texts: Vec<Text<'_>>) -> Option<Text<'_>> {
    match texts.len() {
        0 => None,
        1 => texts.pop(),
        _ => Some(Text::Owned(texts.concat())),
    }
}
