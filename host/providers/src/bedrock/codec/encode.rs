//! From the canonical request to Converse. The body holds neither the model nor whether a stream is wanted.

use crate::exchange::codec::Codec;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::refused::Refused;
use crate::exchange::request::{Block, Cache, Format, Hints, Message, Part, Request, Role, Sampling};

use super::Converse;
use super::media::Names;
use super::model::{Model, Vendor};
use super::parts::Writer;
use super::reasoning;
use super::tools::{self, Wanted};

/// What fields of a request come to that stand together here.
#[derive(Debug, Default)]
pub(super) struct Sent<'a> {
    /// `inferenceConfig`.
    pub(super) inference: Object<'a>,
    /// `additionalModelRequestFields`.
    pub(super) additional: Object<'a>,
    /// `outputConfig`.
    pub(super) output: Object<'a>,
    /// `toolConfig`.
    pub(super) tools: Option<Object<'a>>,
}

fn unsupported(param: impl Into<String>) -> Refused {
    Refused::unsupported(param, Converse.name())
}

pub(super) fn request(request: Request<'_>) -> Result<Object<'_>, Refused> {
    let Request {
        model,
        stream: _,
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
        betas,
        unknown: _,
    } = request;
    let has_no_place = [
        ("n", choices.is_some_and(|choices| choices > 1)),
        ("logprobs", log_probabilities.is_some()),
        ("modalities", modalities.iter().any(|modality| modality != "text")),
        ("audio", audio.is_some()),
        // Medium is how wordy models are unasked.
        ("verbosity", verbosity.is_some_and(|verbosity| verbosity != "medium")),
        ("safetySettings", !safety.is_empty()),
    ];
    if let Some((param, _)) = has_no_place.iter().find(|(_, is_said)| *is_said) {
        return Err(unsupported(*param));
    }
    let model = Model::of(&model);
    let mut writer = Writer { model, names: Names::default() };
    let mut sent = Sent::default();
    sent.inference.set_some("maxTokens", max_tokens);
    encode_sampling(model, sampling, &mut sent)?;
    let wants_stop = !stop.is_empty();
    if wants_stop {
        sent.inference.set("stopSequences", stop);
    }
    if let Some(reasoning) = reasoning {
        reasoning::encode(model, reasoning, &mut sent).map_err(unsupported)?;
    }
    let called = tools::called(&messages);
    let wanted = Wanted { tools, choice: tool_choice, parallel: parallel_tools, called };
    tools::encode(wanted, &writer, &mut sent)?;
    encode_format(format, &mut sent)?;
    if model.vendor == Vendor::Anthropic && !betas.is_empty() {
        sent.additional.set("anthropic_beta", betas);
    }
    let mut body = encode_messages(messages, &mut writer)?;
    sent.write(&mut body);
    if wants_stop && model.vendor == Vendor::Anthropic {
        // Which of them it was, Converse itself does not say.
        body.set("additionalModelResponseFieldPaths", vec!["/stop_sequence"]);
    }
    body.set_some("guardrailConfig", guardrail);
    body.set_some("serviceTier", encode_tier(service_tier)?);
    encode_hints(hints, &mut body);
    Ok(body)
}

impl<'a> Sent<'a> {
    fn write(self, body: &mut Object<'a>) {
        let Self { inference, additional, output, tools } = self;
        let some = |object: Object<'a>| Some(object).filter(|object| !object.is_empty());
        body.set_some("inferenceConfig", some(inference));
        body.set_some("toolConfig", tools);
        body.set_some("outputConfig", some(output));
        body.set_some("additionalModelRequestFields", some(additional));
    }
}

fn encode_sampling<'a>(model: Model, sampling: Sampling<'a>, sent: &mut Sent<'a>) -> Result<(), Refused> {
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
    sent.inference.set_some("temperature", temperature);
    sent.inference.set_some("topP", top_p);
    match (model.vendor, top_k) {
        (_, None) => {}
        (Vendor::Nova, Some(top_k)) => sent.additional.set("inferenceConfig", object! { "topK": top_k }),
        (Vendor::Cohere, Some(top_k)) => sent.additional.set("k", top_k),
        (_, Some(top_k)) => sent.additional.set("top_k", top_k),
    }
    Ok(())
}

/// The schema is told as JSON text, and always strict.
fn encode_format<'a>(format: Option<Format<'a>>, sent: &mut Sent<'a>) -> Result<(), Refused> {
    let Some(format) = format else { return Ok(()) };
    match format {
        Format::Text => Ok(()),
        Format::Json => Err(unsupported("response_format")),
        Format::Schema { name, description, schema, strict: _ } => {
            let mut inner = object! { "schema": schema.to_text() };
            inner.set_some("name", name);
            inner.set_some("description", description);
            let structure = object! { "jsonSchema": inner };
            sent.output.set("textFormat", object! { "type": "json_schema", "structure": structure });
            Ok(())
        }
    }
}

fn encode_tier(tier: Option<Text<'_>>) -> Result<Option<Object<'_>>, Refused> {
    let tier = match tier {
        None => return Ok(None),
        Some(tier) if tier == "auto" => return Ok(None),
        // Anthropic's words for the tier without a promise.
        Some(tier) if matches!(&*tier, "standard_only" | "standard") => Text::Borrowed("default"),
        Some(tier) if matches!(&*tier, "default" | "priority" | "flex" | "reserved") => tier,
        Some(_) => return Err(unsupported("service_tier")),
    };
    Ok(Some(object! { "type": tier }))
}

/// Pairs of metadata at most.
const MAX_METADATA: usize = 16;

/// Pairs that Bedrock would refuse are left out, as all that only helps to keep books.
fn encode_hints<'a>(hints: Hints<'a>, body: &mut Object<'a>) {
    let Hints { end_user: _, cache_key: _, cache_retention: _, metadata, store: _ } = hints;
    let is_safe = |text: &str| {
        let is_safe = |letter: char| {
            letter.is_ascii_alphanumeric() || letter.is_ascii_whitespace() || ":_@$#=/+,-.".contains(letter)
        };
        text.len() <= 256 && text.chars().all(is_safe)
    };
    let pairs = metadata.unwrap_or_default().into_entries().map(|(key, value)| (key, value.into_text()));
    let pairs = pairs.filter(|(key, value)| !key.is_empty() && is_safe(key) && is_safe(value));
    let pairs: Object<'a> = pairs.take(MAX_METADATA).map(|(key, value)| (key, Json::Text(value))).collect();
    if !pairs.is_empty() {
        body.set("requestMetadata", pairs);
    }
}

/// A turn of the conversation, joined of messages that follow each other.
struct Turn<'a> {
    role: Role,
    content: Vec<Object<'a>>,
}

fn encode_messages<'a>(messages: Vec<Message<'a>>, writer: &mut Writer) -> Result<Object<'a>, Refused> {
    check_names(&messages)?;
    let mut system: Vec<Object<'a>> = Vec::new();
    let mut turns: Vec<Turn<'a>> = Vec::new();
    for (index, message) in messages.into_iter().enumerate() {
        let Message { role, name: _, blocks } = message;
        let content = encode_content(role, blocks, writer);
        let content = content.map_err(|what| unsupported(format!("messages[{index}]: {what}")))?;
        match turns.last_mut() {
            _ if matches!(role, Role::System | Role::Developer) => system.extend(content),
            Some(last) if last.role == role => last.content.extend(content),
            // Of an answer that says nothing, nothing is left.
            _ if role == Role::Assistant && content.is_empty() => {}
            _ => turns.push(Turn { role, content }),
        }
    }
    let turn = |turn: Turn<'a>| {
        let role = if turn.role == Role::Assistant { "assistant" } else { "user" };
        object! { "role": role, "content": beside_documents(turn.content) }
    };
    let mut body = object! { "messages": turns.into_iter().map(turn).collect::<Vec<_>>() };
    if !system.is_empty() {
        body.set("system", system);
    }
    Ok(body)
}

/// Bedrock knows no names. One that all of a role share says nothing; several are what the model is to tell apart.
fn check_names(messages: &[Message<'_>]) -> Result<(), Refused> {
    for (index, message) in messages.iter().enumerate() {
        let Some(name) = &message.name else { continue };
        let others = messages.iter().take(index).filter(|other| other.role == message.role);
        if others.filter_map(|other| other.name.as_ref()).any(|other| other != name) {
            return Err(unsupported(format!("messages[{index}].name")));
        }
    }
    Ok(())
}

fn encode_content<'a>(
    role: Role,
    blocks: Vec<Block<'a>>,
    writer: &mut Writer,
) -> Result<Vec<Object<'a>>, String> {
    let mut content = Vec::with_capacity(blocks.len());
    for Block { part, cache } in blocks {
        check_role(role, &part)?;
        content.extend(writer.part(part)?);
        push_point(&mut content, cache, writer);
    }
    Ok(content)
}

/// Nothing is marked twice, and nothing at all before the first block.
fn push_point<'a>(content: &mut Vec<Object<'a>>, cache: Option<Cache<'a>>, writer: &Writer) {
    if content.last().is_some_and(|last| last.get("cachePoint").is_none()) {
        content.extend(writer.point(cache));
    }
}

fn check_role(role: Role, part: &Part<'_>) -> Result<(), String> {
    let what = match (role, part) {
        // What only another API knows is refused by its name.
        (_, Part::Text(_) | Part::Cited { .. } | Part::Refusal(_) | Part::Own { .. }) => return Ok(()),
        (Role::User, Part::Media(_) | Part::ToolResult(_)) => return Ok(()),
        (Role::Assistant, Part::Reasoning(_) | Part::ToolCall(_)) => return Ok(()),
        (Role::System | Role::Developer, _) => "what the system says beside text",
        (Role::User, _) => "a part of this kind",
        (Role::Assistant, Part::Media(_)) => "media in what the assistant said",
        (Role::Assistant, _) => "a tool's result in what the assistant said",
    };
    Err(what.to_owned())
}

/// A document is refused where no text stands beside it; its own name says nothing new.
fn beside_documents(mut content: Vec<Object<'_>>) -> Vec<Object<'_>> {
    let has_text = content.iter().any(|block| block.get("text").is_some());
    let name = content.iter().find_map(|block| block.get("document")?.at(&["name"])?.as_str());
    if let Some(name) = name.filter(|_| !has_text).map(str::to_owned) {
        content.push(object! { "text": name });
    }
    content
}
