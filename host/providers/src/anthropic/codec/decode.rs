//! From a client's message to the canonical request.

use crate::exchange::codec::Head;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Text};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{
    Format, Function, Hints, Message, Part, Request, Role, Sampling, Tool, ToolChoice,
};

use super::{parts, thinking};

/// Names of fields that were not understood; collected over the whole body.
pub(super) type Unknown = Vec<String>;

pub(super) fn request<'a>(body: Json<'a>, head: &Head<'a>) -> Result<Request<'a>, Refused> {
    let mut fields = Fields::of(body, Place::BODY)?;
    let mut unknown = Unknown::new();
    let (effort, format) = output(&mut fields, &mut unknown)?;
    let (tool_choice, parallel_tools) = tool_choice(&mut fields, &mut unknown)?;
    let model = fields.text("model")?.or(head.model.map(Text::Borrowed));
    let request = Request {
        model: model.ok_or_else(|| fields.missing("model"))?,
        stream: fields.bool("stream")?.unwrap_or(head.stream),
        stream_usage: None,
        messages: conversation(&mut fields, &mut unknown)?,
        tools: tools(&mut fields, &mut unknown)?,
        tool_choice,
        parallel_tools,
        format,
        reasoning: thinking::decode(&mut fields, effort, &mut unknown)?,
        max_tokens: fields.count("max_tokens")?,
        sampling: Sampling {
            temperature: fields.number("temperature")?,
            top_p: fields.number("top_p")?,
            top_k: fields.number("top_k")?,
            ..Sampling::default()
        },
        stop: fields.texts("stop_sequences")?,
        service_tier: fields.text("service_tier")?.map(tier),
        hints: hints(&mut fields, &mut unknown)?,
        ..Request::default()
    };
    fields.done(&mut unknown);
    Ok(Request { unknown, ..request })
}

/// The tier without a promise is called `default` everywhere else.
fn tier(tier: Text<'_>) -> Text<'_> {
    if tier == "standard_only" { Text::Borrowed("default") } else { tier }
}

fn hints<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Hints<'a>, Refused> {
    let place = fields.place();
    let Some(metadata) = fields.object("metadata")? else { return Ok(Hints::default()) };
    let mut metadata = Fields::of_object(metadata, place.key("metadata"));
    let end_user = metadata.text("user_id")?;
    metadata.done(unknown);
    Ok(Hints { end_user, ..Hints::default() })
}

/// The effort and the format of `output_config`, and the place where the format stood before.
fn output<'a>(
    fields: &mut Fields<'a, '_>,
    unknown: &mut Unknown,
) -> Result<(Option<Text<'a>>, Option<Format<'a>>), Refused> {
    let place = fields.place();
    let before = match fields.take("output_format") {
        Some(format) => Some(format_of(Fields::of(format, place.key("output_format"))?, unknown)?),
        None => None,
    };
    let Some(config) = fields.object("output_config")? else { return Ok((None, before)) };
    let place = place.key("output_config");
    let mut config = Fields::of_object(config, place);
    let effort = config.text("effort")?;
    let format = match config.take("format") {
        Some(format) => Some(format_of(Fields::of(format, place.key("format"))?, unknown)?),
        None => before,
    };
    config.done(unknown);
    Ok((effort, format))
}

fn format_of<'a>(mut format: Fields<'a, '_>, unknown: &mut Unknown) -> Result<Format<'a>, Refused> {
    let kind = format.need_text("type")?;
    if kind != "json_schema" {
        return Err(none_of(&format.place().key("type"), &kind, "json_schema"));
    }
    let schema = format.take("schema").ok_or_else(|| format.missing("schema"))?;
    format.done(unknown);
    // This API knows no schema that is not kept to.
    Ok(Format::Schema { name: None, description: None, schema, strict: Some(true) })
}

fn tools<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Vec<Tool<'a>>, Refused> {
    let place = fields.place();
    let place = place.key("tools");
    let list = fields.list("tools")?.unwrap_or_default();
    let read = |(index, tool)| tool_of(Fields::of(tool, place.at(index))?, unknown);
    list.into_iter().enumerate().map(read).collect()
}

fn tool_of<'a>(mut tool: Fields<'a, '_>, unknown: &mut Unknown) -> Result<Tool<'a>, Refused> {
    if let Some(kind) = tool.text("type")?.filter(|kind| kind != "custom") {
        return Ok(Tool::Own { kind, spec: tool.rest() });
    }
    let function = Function {
        name: tool.need_text("name")?,
        description: tool.text("description")?,
        parameters: Some(tool.take("input_schema").ok_or_else(|| tool.missing("input_schema"))?),
        strict: tool.bool("strict")?,
        cache: parts::cache(&mut tool, unknown)?,
    };
    tool.done(unknown);
    Ok(Tool::Function(function))
}

/// Which tool, and whether several at once.
fn tool_choice<'a>(
    fields: &mut Fields<'a, '_>,
    unknown: &mut Unknown,
) -> Result<(Option<ToolChoice<'a>>, Option<bool>), Refused> {
    let place = fields.place();
    let place = place.key("tool_choice");
    let Some(choice) = fields.object("tool_choice")? else { return Ok((None, None)) };
    let mut choice = Fields::of_object(choice, place);
    let kind = choice.need_text("type")?;
    let read = match &*kind {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Any,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(choice.need_text("name")?),
        _ => return Err(none_of(&place.key("type"), &kind, "auto, any, tool, none")),
    };
    let parallel = choice.bool("disable_parallel_tool_use")?.map(|disabled| !disabled);
    choice.done(unknown);
    Ok((Some(read), parallel))
}

/// The system's words, and all that was said since.
fn conversation<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Vec<Message<'a>>, Refused> {
    let list = fields.list("messages")?.ok_or_else(|| fields.missing("messages"))?;
    let system = fields.take("system");
    let place = fields.place();
    let mut messages = Vec::with_capacity(list.len() + 1);
    if let Some(system) = system {
        let blocks = parts::content(system, place.key("system"), unknown)?;
        messages.push(Message::new(Role::System, blocks));
    }
    let place = place.key("messages");
    for (index, message) in list.into_iter().enumerate() {
        messages.push(message_of(Fields::of(message, place.at(index))?, unknown)?);
    }
    // A mark on the whole stands for one on the last block that can have it.
    let marked = parts::cache(fields, unknown)?;
    let blocks = messages.iter_mut().rev().flat_map(|message| message.blocks.iter_mut().rev());
    let mut markable = blocks.filter(|block| !matches!(block.part, Part::Reasoning(_)));
    if let Some(last) = markable.next().filter(|last| last.cache.is_none()) {
        last.cache = marked;
    }
    Ok(messages)
}

fn message_of<'a>(mut message: Fields<'a, '_>, unknown: &mut Unknown) -> Result<Message<'a>, Refused> {
    let word = message.need_text("role")?;
    let place = message.place();
    let role = match &*word {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        // Between the turns, where the newest models take it.
        "system" => Role::System,
        _ => return Err(none_of(&place.key("role"), &word, "user, assistant, system")),
    };
    let content = message.take("content").ok_or_else(|| message.missing("content"))?;
    let blocks = parts::content(content, place.key("content"), unknown)?;
    message.done(unknown);
    Ok(Message::new(role, blocks))
}

/// The error of a word that is none of those that are known.
pub(super) fn none_of(place: &Place<'_>, word: &str, known: &str) -> Refused {
    let shown: String = word.chars().take(64).collect();
    Refused::invalid(place, format_args!("is \"{shown}\", which is none of {known}"))
}
