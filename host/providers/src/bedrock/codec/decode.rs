//! From a client's Converse request to the canonical one.

use crate::exchange::codec::Head;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Text};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Format, Hints, Message, Request, Role, Sampling, Tool, ToolChoice};

use super::{parts, reasoning, tools};

/// Names of fields that were not understood; collected over the whole body.
type Unknown = Vec<String>;

pub(super) fn request<'a>(body: Json<'a>, head: &Head<'a>) -> Result<Request<'a>, Refused> {
    let mut fields = Fields::of(body, Place::BODY)?;
    let mut unknown = Unknown::new();
    let mut request = Request {
        model: model(&mut fields, head)?,
        stream: head.stream,
        messages: messages(&mut fields, &mut unknown)?,
        service_tier: service_tier(&mut fields, &mut unknown)?,
        guardrail: fields.take("guardrailConfig"),
        hints: Hints { metadata: fields.object("requestMetadata")?, ..Hints::default() },
        ..Request::default()
    };
    inference(&mut fields, &mut request, &mut unknown)?;
    let (tools, choice) = tool_config(&mut fields, &mut unknown)?;
    (request.tools, request.tool_choice) = (tools, choice);
    let effort = output(&mut fields, &mut request, &mut unknown)?;
    additional(&mut fields, effort, &mut request, &mut unknown)?;
    told_fields(&mut fields, &mut unknown)?;
    fields.done(&mut unknown);
    Ok(Request { unknown, ..request })
}

fn model<'a>(fields: &mut Fields<'a, '_>, head: &Head<'a>) -> Result<Text<'a>, Refused> {
    let in_body = fields.text("modelId")?;
    head.model.map(Text::Borrowed).or(in_body).ok_or_else(|| fields.missing("modelId"))
}

fn messages<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Vec<Message<'a>>, Refused> {
    let place = fields.place();
    let mut messages = Vec::new();
    if let Some(system) = fields.list("system")?.filter(|system| !system.is_empty()) {
        messages.push(Message::new(Role::System, parts::content(system, place.key("system"), unknown)?));
    }
    let list = fields.list("messages")?.ok_or_else(|| fields.missing("messages"))?;
    let place = place.key("messages");
    for (index, message) in list.into_iter().enumerate() {
        let place = place.at(index);
        let mut message = Fields::of(message, place)?;
        let role = message.need_text("role")?;
        let role = match &*role {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => return Err(none_of(&place.key("role"), &role, "user, assistant, system")),
        };
        let content = message.list("content")?.ok_or_else(|| message.missing("content"))?;
        messages.push(Message::new(role, parts::content(content, place.key("content"), unknown)?));
        message.done(unknown);
    }
    Ok(messages)
}

fn inference<'a>(
    fields: &mut Fields<'a, '_>,
    request: &mut Request<'a>,
    unknown: &mut Unknown,
) -> Result<(), Refused> {
    let place = fields.place();
    let Some(config) = fields.object("inferenceConfig")? else { return Ok(()) };
    let mut config = Fields::of_object(config, place.key("inferenceConfig"));
    request.max_tokens = config.count("maxTokens")?;
    request.sampling = Sampling {
        temperature: config.number("temperature")?,
        top_p: config.number("topP")?,
        ..Sampling::default()
    };
    request.stop = config.texts("stopSequences")?;
    config.done(unknown);
    Ok(())
}

type Tools<'a> = (Vec<Tool<'a>>, Option<ToolChoice<'a>>);

fn tool_config<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Tools<'a>, Refused> {
    let place = fields.place();
    match fields.object("toolConfig")? {
        Some(config) => tools::decode(Fields::of_object(config, place.key("toolConfig")), unknown),
        None => Ok((Vec::new(), None)),
    }
}

fn service_tier<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Option<Text<'a>>, Refused> {
    let place = fields.place();
    let Some(tier) = fields.object("serviceTier")? else { return Ok(None) };
    let mut tier = Fields::of_object(tier, place.key("serviceTier"));
    let kind = tier.need_text("type")?;
    tier.done(unknown);
    Ok(Some(kind))
}

/// `outputConfig`, whose effort is returned: it belongs to what vendors say of reasoning.
fn output<'a>(
    fields: &mut Fields<'a, '_>,
    request: &mut Request<'a>,
    unknown: &mut Unknown,
) -> Result<Option<Text<'a>>, Refused> {
    let place = fields.place();
    let Some(config) = fields.object("outputConfig")? else { return Ok(None) };
    let place = place.key("outputConfig");
    let mut config = Fields::of_object(config, place);
    if let Some(format) = config.object("textFormat")? {
        request.format = Some(format_of(Fields::of_object(format, place.key("textFormat")), unknown)?);
    }
    let effort = config.text("effort")?;
    config.done(unknown);
    Ok(effort)
}

/// `{type: json_schema, structure: {jsonSchema: {schema, name, description}}}`, the schema as JSON text.
fn format_of<'a>(mut format: Fields<'a, '_>, unknown: &mut Unknown) -> Result<Format<'a>, Refused> {
    let place = format.place();
    let kind = format.need_text("type")?;
    if kind != "json_schema" {
        return Err(none_of(&place.key("type"), &kind, "json_schema"));
    }
    let place = place.key("structure");
    let structure = format.object("structure")?.ok_or_else(|| format.missing("structure"))?;
    let mut structure = Fields::of_object(structure, place);
    let inner = structure.object("jsonSchema")?.ok_or_else(|| structure.missing("jsonSchema"))?;
    let place = place.key("jsonSchema");
    let mut inner = Fields::of_object(inner, place);
    let schema = parts::input(inner.need_text("schema")?);
    let read = Format::Schema {
        name: inner.text("name")?,
        description: inner.text("description")?,
        schema: schema
            .map_err(|_| Refused::invalid(&place.key("schema"), "must be a schema as JSON text"))?,
        // This API knows no schema that is not kept to.
        strict: Some(true),
    };
    inner.done(unknown);
    structure.done(unknown);
    format.done(unknown);
    Ok(read)
}

/// What the vendors of models have beside Converse's own fields.
fn additional<'a>(
    fields: &mut Fields<'a, '_>,
    effort: Option<Text<'a>>,
    request: &mut Request<'a>,
    unknown: &mut Unknown,
) -> Result<(), Refused> {
    let place = fields.place();
    let place = place.key("additionalModelRequestFields");
    let extra = fields.object("additionalModelRequestFields")?.unwrap_or_default();
    let mut extra = Fields::of_object(extra, place);
    request.reasoning = reasoning::decode(&mut extra, effort, unknown)?;
    request.betas = extra.texts("anthropic_beta")?;
    let own = extra.list("tools")?.unwrap_or_default();
    request.tools.extend(tools::decode_own(own, place.key("tools"))?);
    let nova = extra.object("inferenceConfig")?;
    let nova = nova.map(|nova| Fields::of_object(nova, place.key("inferenceConfig")));
    request.sampling.top_k = match nova {
        Some(mut nova) => {
            let top_k = nova.number("topK")?;
            nova.done(unknown);
            top_k
        }
        None => extra.number("top_k")?.or(extra.number("k")?),
    };
    if let Some(choice) = extra.object("tool_choice")? {
        parallel(Fields::of_object(choice, place.key("tool_choice")), request, unknown)?;
    }
    extra.done(unknown);
    Ok(())
}

/// Anthropic's `{type, name, disable_parallel_tool_use}`.
fn parallel<'a>(
    mut choice: Fields<'a, '_>,
    request: &mut Request<'a>,
    unknown: &mut Unknown,
) -> Result<(), Refused> {
    request.parallel_tools = choice.bool("disable_parallel_tool_use")?.map(|disabled| !disabled);
    let said = match choice.text("type")?.as_deref() {
        Some("any") => Some(ToolChoice::Any),
        Some("tool") => Some(ToolChoice::Named(choice.need_text("name")?)),
        Some("none") => Some(ToolChoice::None),
        _ => None,
    };
    request.tool_choice = request.tool_choice.take().or(said);
    choice.done(unknown);
    Ok(())
}

/// Of the fields that are wanted back beside the answer, the stop sequence is told anyway.
fn told_fields(fields: &mut Fields<'_, '_>, unknown: &mut Unknown) -> Result<(), Refused> {
    let key = "additionalModelResponseFieldPaths";
    if fields.texts(key)?.iter().any(|path| path != "/stop_sequence") {
        unknown.push(key.to_owned());
    }
    Ok(())
}

/// The error of a word that is none of those that are known.
fn none_of(place: &Place<'_>, word: &str, known: &str) -> Refused {
    let shown: String = word.chars().take(64).collect();
    Refused::invalid(place, format_args!("is \"{shown}\", which is none of {known}"))
}
