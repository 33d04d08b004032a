//! From a client's response to the canonical request.

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Text};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{
    Format, Function, Hints, LogProbabilities, Reasoning, Request, Sampling, Tool, ToolChoice,
};
use crate::openai::codec::decode::none_of;

use super::items;

/// Names of fields that were not understood; collected over the whole body.
pub(super) type Unknown = Vec<String>;

pub(super) fn request<'a>(body: Json<'a>) -> Result<Request<'a>, Refused> {
    let mut fields = Fields::of(body, Place::BODY)?;
    let mut unknown = Unknown::new();
    let tools = tools(&mut fields, &mut unknown)?;
    let runs_tools = tools.iter().any(|tool| matches!(tool, Tool::Own { .. }));
    leave_out(&mut fields, runs_tools, &mut unknown)?;
    let (format, verbosity) = text(&mut fields, &mut unknown)?;
    let request = Request {
        model: fields.need_text("model")?,
        stream: fields.bool("stream")?.unwrap_or(false),
        stream_usage: None,
        messages: items::conversation(&mut fields, &mut unknown)?,
        tools,
        tool_choice: tool_choice(&mut fields, &mut unknown)?,
        parallel_tools: fields.bool("parallel_tool_calls")?,
        format,
        reasoning: reasoning(&mut fields, &mut unknown)?,
        max_tokens: fields.count("max_output_tokens")?,
        sampling: Sampling {
            temperature: fields.number("temperature")?,
            top_p: fields.number("top_p")?,
            ..Sampling::default()
        },
        log_probabilities: log_probabilities(&mut fields, runs_tools, &mut unknown)?,
        verbosity,
        service_tier: fields.text("service_tier")?,
        hints: hints(&mut fields)?,
        ..Request::default()
    };
    fields.done(&mut unknown);
    Ok(Request { unknown, ..request })
}

/// Takes fields whose values say nothing, or only how OpenAI keeps its books. What is left of them asks for a conversation or
/// a template that OpenAI keeps, and which nobody else can look up.
fn leave_out(fields: &mut Fields<'_, '_>, runs_tools: bool, unknown: &mut Unknown) -> Result<(), Refused> {
    if fields.bool("background")?.unwrap_or(false) {
        unknown.push("background".to_owned());
    }
    if fields.text("truncation")?.is_some_and(|truncation| truncation != "disabled") {
        unknown.push("truncation".to_owned());
    }
    // How many calls of tools that the provider runs; of a client's own it says nothing.
    if !runs_tools {
        fields.count("max_tool_calls")?;
    }
    fields.object("prompt_cache_options")?;
    let place = fields.place();
    if let Some(options) = fields.object("stream_options")? {
        let mut options = Fields::of_object(options, place.key("stream_options"));
        // Padding against who watches the line; a stream without it says the same.
        options.bool("include_obfuscation")?;
        options.done(unknown);
    }
    Ok(())
}

fn hints<'a>(fields: &mut Fields<'a, '_>) -> Result<Hints<'a>, Refused> {
    let safety_identifier = fields.text("safety_identifier")?;
    Ok(Hints {
        end_user: fields.text("user")?.filter(|_| safety_identifier.is_none()).or(safety_identifier),
        cache_key: fields.text("prompt_cache_key")?,
        cache_retention: fields.text("prompt_cache_retention")?,
        metadata: fields.object("metadata")?,
        store: fields.bool("store")?,
    })
}

/// Log probabilities are one of the things that an answer may include. Thoughts always come as they can be given back, and
/// the others are of tools that the provider runs.
fn log_probabilities(
    fields: &mut Fields<'_, '_>,
    runs_tools: bool,
    unknown: &mut Unknown,
) -> Result<Option<LogProbabilities>, Refused> {
    let top = fields.count("top_logprobs")?;
    let mut wanted = false;
    for include in fields.texts("include")? {
        match &*include {
            "message.output_text.logprobs" => wanted = true,
            "reasoning.encrypted_content" | "message.input_image.image_url" => {}
            "file_search_call.results"
            | "web_search_call.results"
            | "web_search_call.action.sources"
            | "computer_call_output.output.image_url"
            | "code_interpreter_call.outputs"
                if !runs_tools => {}
            _ => unknown.push("include".to_owned()),
        }
    }
    Ok(wanted.then_some(LogProbabilities { top }))
}

fn reasoning<'a>(
    fields: &mut Fields<'a, '_>,
    unknown: &mut Unknown,
) -> Result<Option<Reasoning<'a>>, Refused> {
    let place = fields.place();
    let Some(reasoning) = fields.object("reasoning")? else { return Ok(None) };
    let place = place.key("reasoning");
    let mut reasoning = Fields::of_object(reasoning, place);
    let effort = reasoning.text("effort")?;
    let before = reasoning.text("generate_summary")?;
    let summary = reasoning.text("summary")?.or(before);
    // What is asked of everybody anyway.
    let usual = [("context", ["auto", "all_turns"]), ("mode", ["standard", "standard"])];
    for (key, words) in usual {
        if reasoning.text(key)?.is_some_and(|word| !words.contains(&&*word)) {
            unknown.push(place.key(key).to_string());
        }
    }
    reasoning.done(unknown);
    let says = effort.is_some() || summary.is_some();
    let enabled = effort.as_deref().map(|effort| effort != "none");
    Ok(says.then(|| Reasoning { enabled, effort, summary, ..Reasoning::default() }))
}

/// What the answer's text must be, and how wordy.
fn text<'a>(
    fields: &mut Fields<'a, '_>,
    unknown: &mut Unknown,
) -> Result<(Option<Format<'a>>, Option<Text<'a>>), Refused> {
    let place = fields.place();
    let Some(text) = fields.object("text")? else { return Ok((None, None)) };
    let place = place.key("text");
    let mut text = Fields::of_object(text, place);
    let verbosity = text.text("verbosity")?;
    let format = match text.take("format") {
        Some(format) => Some(format_of(Fields::of(format, place.key("format"))?, unknown)?),
        None => None,
    };
    text.done(unknown);
    Ok((format, verbosity))
}

fn format_of<'a>(mut format: Fields<'a, '_>, unknown: &mut Unknown) -> Result<Format<'a>, Refused> {
    let kind = format.need_text("type")?;
    let read = match &*kind {
        "text" => Format::Text,
        "json_object" => Format::Json,
        "json_schema" => Format::Schema {
            name: format.text("name")?,
            description: format.text("description")?,
            schema: format.take("schema").ok_or_else(|| format.missing("schema"))?,
            strict: format.bool("strict")?,
        },
        _ => return Err(none_of(&format.place().key("type"), &kind, "text, json_object, json_schema")),
    };
    format.done(unknown);
    Ok(read)
}

fn tools<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Vec<Tool<'a>>, Refused> {
    let place = fields.place();
    let place = place.key("tools");
    let list = fields.list("tools")?.unwrap_or_default();
    let read = |(index, tool)| tool_of(Fields::of(tool, place.at(index))?, unknown);
    list.into_iter().enumerate().map(read).collect()
}

fn tool_of<'a>(mut tool: Fields<'a, '_>, unknown: &mut Unknown) -> Result<Tool<'a>, Refused> {
    let kind = tool.need_text("type")?;
    if kind != "function" {
        return Ok(Tool::Own { kind, spec: tool.rest() });
    }
    let function = Function {
        name: tool.need_text("name")?,
        description: tool.text("description")?,
        parameters: tool.take("parameters"),
        strict: tool.bool("strict")?,
        cache: None,
    };
    tool.done(unknown);
    Ok(Tool::Function(function))
}

fn tool_choice<'a>(
    fields: &mut Fields<'a, '_>,
    unknown: &mut Unknown,
) -> Result<Option<ToolChoice<'a>>, Refused> {
    let place = fields.place();
    let place = place.key("tool_choice");
    let Some(choice) = fields.take("tool_choice") else { return Ok(None) };
    let word = match choice {
        Json::Text(word) => word,
        other => return chosen(Fields::of(other, place)?, unknown),
    };
    match &*word {
        "auto" => Ok(Some(ToolChoice::Auto)),
        "none" => Ok(Some(ToolChoice::None)),
        "required" => Ok(Some(ToolChoice::Any)),
        _ => Err(none_of(&place, &word, "auto, none, required, or an object that names a tool")),
    }
}

/// `{type: function, name}` or `{type: allowed_tools, mode, tools}`; others name tools that only this API has.
fn chosen<'a>(mut choice: Fields<'a, '_>, unknown: &mut Unknown) -> Result<Option<ToolChoice<'a>>, Refused> {
    let kind = choice.need_text("type")?;
    let read = match &*kind {
        "function" => ToolChoice::Named(choice.need_text("name")?),
        "allowed_tools" => {
            let required = choice.text("mode")?.is_some_and(|mode| mode == "required");
            let place = choice.place();
            let place = place.key("tools");
            let name = |(index, tool)| Fields::of(tool, place.at(index))?.need_text("name");
            let tools = choice.list("tools")?.unwrap_or_default();
            let names = tools.into_iter().enumerate().map(name).collect::<Result<_, Refused>>()?;
            ToolChoice::Among { names, required }
        }
        _ => {
            unknown.push(format!("{} of type {kind}", choice.place()));
            return Ok(None);
        }
    };
    choice.done(unknown);
    Ok(Some(read))
}
