//! Tools and which of them may be called, both ways.

use crate::exchange::codec::Codec;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Function, Message, Part, Tool, ToolChoice};

use super::Converse;
use super::encode::Sent;
use super::model::Vendor;
use super::parts::{self, Writer};

/// The kind under which Bedrock's own tools go.
const SYSTEM_TOOL: &str = "systemTool";

/// Anthropic's own tools that Bedrock has, which go beside Converse's.
const OF_ANTHROPIC: [&str; 5] = ["computer_", "bash_", "text_editor_", "memory_", "tool_search_tool_"];

/// `{tools, toolChoice}`.
pub(super) fn decode<'a>(
    mut config: Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<(Vec<Tool<'a>>, Option<ToolChoice<'a>>), Refused> {
    let place = config.place();
    let list = place.key("tools");
    let mut tools: Vec<Tool<'a>> = Vec::new();
    for (index, tool) in config.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        let mut tool = Fields::of(tool, list.at(index))?;
        match parts::cache(&mut tool, unknown)? {
            Some(cache) => {
                if let Some(Tool::Function(last)) = tools.last_mut() {
                    last.cache = Some(cache);
                }
            }
            None => tools.push(decode_tool(&mut tool, unknown)?),
        }
        tool.done(unknown);
    }
    let choice = config.object("toolChoice")?;
    let choice =
        choice.map(|choice| decode_choice(Fields::of_object(choice, place.key("toolChoice")), unknown));
    let choice = choice.transpose()?;
    config.done(unknown);
    Ok((tools, choice))
}

fn decode_tool<'a>(tool: &mut Fields<'a, '_>, unknown: &mut Vec<String>) -> Result<Tool<'a>, Refused> {
    let place = tool.place();
    if let Some(spec) = tool.object(SYSTEM_TOOL)? {
        return Ok(Tool::Own { kind: Text::Borrowed(SYSTEM_TOOL), spec });
    }
    let spec = tool.object("toolSpec")?.ok_or_else(|| tool.missing("toolSpec"))?;
    let place = place.key("toolSpec");
    let mut spec = Fields::of_object(spec, place);
    let mut function = Function {
        name: spec.need_text("name")?,
        description: spec.text("description")?,
        strict: spec.bool("strict")?,
        ..Function::default()
    };
    if let Some(schema) = spec.object("inputSchema")? {
        let mut schema = Fields::of_object(schema, place.key("inputSchema"));
        function.parameters = schema.take("json");
        schema.done(unknown);
    }
    spec.done(unknown);
    Ok(Tool::Function(function))
}

/// A union of `auto`, `any` and `tool`.
fn decode_choice<'a>(
    mut choice: Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<ToolChoice<'a>, Refused> {
    let place = choice.place();
    let read = if let Some(named) = choice.object("tool")? {
        ToolChoice::Named(Fields::of_object(named, place.key("tool")).need_text("name")?)
    } else if choice.take("any").is_some() {
        ToolChoice::Any
    } else if choice.take("auto").is_some() {
        ToolChoice::Auto
    } else {
        return Err(Refused::invalid(&place, "has none of auto, any, tool"));
    };
    choice.done(unknown);
    Ok(read)
}

/// Anthropic's own tools, as they stand in `additionalModelRequestFields`.
pub(super) fn decode_own<'a>(list: Vec<Json<'a>>, place: Place<'_>) -> Result<Vec<Tool<'a>>, Refused> {
    let own = |(index, tool)| {
        let mut tool = Fields::of(tool, place.at(index))?;
        Ok(Tool::Own { kind: tool.need_text("type")?, spec: tool.rest() })
    };
    list.into_iter().enumerate().map(own).collect()
}

/// What a request says of tools.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    pub(super) tools: Vec<Tool<'a>>,
    pub(super) choice: Option<ToolChoice<'a>>,
    pub(super) parallel: Option<bool>,
    /// Names of the tools that were called before: Bedrock takes no call in the history without a tool beside it.
    pub(super) called: Vec<Text<'a>>,
}

/// Names of the tools that the messages tell of, each once.
pub(super) fn called<'a>(messages: &[Message<'a>]) -> Vec<Text<'a>> {
    let mut names: Vec<Text<'a>> = Vec::new();
    let mut answers = false;
    for block in messages.iter().flat_map(|message| &message.blocks) {
        let name = match &block.part {
            Part::ToolCall(call) => call.name.clone(),
            Part::ToolResult(result) => {
                answers = true;
                let Some(name) = &result.name else { continue };
                name.clone()
            }
            _ => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() && answers {
        names.push(Text::Borrowed("tool"));
    }
    names
}

pub(super) fn encode<'a>(wanted: Wanted<'a>, writer: &Writer, sent: &mut Sent<'a>) -> Result<(), Refused> {
    let Wanted { tools, choice, parallel, called } = wanted;
    let mut tools = tools;
    let mut choice = choice;
    if let Some(ToolChoice::Among { names, required }) = &choice {
        tools.retain(|tool| !matches!(tool, Tool::Function(function) if !names.contains(&function.name)));
        choice = Some(if *required { ToolChoice::Any } else { ToolChoice::Auto });
    }
    if choice == Some(ToolChoice::None) {
        // There is no word for it: either the tools go, or, where calls in the history need them, the choice.
        choice = None;
        if called.is_empty() {
            tools.clear();
        }
    }
    let mut list = encode_tools(tools, writer, sent)?;
    if list.is_empty() && sent.additional.get("tools").is_none() {
        choice = None;
        list.extend(called.into_iter().map(minimal));
    } else if parallel == Some(false) {
        choice = one_at_a_time(choice, writer, sent)?;
    }
    if list.is_empty() {
        // Anthropic's own tools alone, whose choice stands beside them.
        sent.additional.set_some("tool_choice", choice.map(anthropic_choice));
        return Ok(());
    }
    let mut config = object! { "tools": list };
    config.set_some("toolChoice", choice.and_then(encode_choice));
    sent.tools = Some(config);
    Ok(())
}

fn encode_tools<'a>(
    tools: Vec<Tool<'a>>,
    writer: &Writer,
    sent: &mut Sent<'a>,
) -> Result<Vec<Object<'a>>, Refused> {
    let is_claude = writer.model.vendor == Vendor::Anthropic;
    let (mut list, mut own) = (Vec::with_capacity(tools.len()), Vec::new());
    for (index, tool) in tools.into_iter().enumerate() {
        match tool {
            Tool::Function(function) => {
                let (spec, point) = encode_function(function, writer);
                list.push(spec);
                list.extend(point);
            }
            Tool::Own { kind, spec } if kind == SYSTEM_TOOL => list.push(object! { "systemTool": spec }),
            Tool::Own { kind, spec } if is_claude && OF_ANTHROPIC.iter().any(|own| kind.starts_with(own)) => {
                let mut tool = object! { "type": kind };
                spec.into_entries().for_each(|(key, value)| tool.set(key, value));
                own.push(tool);
            }
            Tool::Own { kind, .. } => {
                return Err(Refused::unsupported(format!("tools[{index}] of type {kind}"), Converse.name()));
            }
        }
    }
    if !own.is_empty() {
        sent.additional.set("tools", own);
    }
    Ok(list)
}

fn encode_function<'a>(function: Function<'a>, writer: &Writer) -> (Object<'a>, Option<Object<'a>>) {
    let Function { name, description, parameters, strict, cache } = function;
    let mut spec = object! { "name": name };
    spec.set_some("description", description.filter(|description| !description.is_empty()));
    let schema = parameters.unwrap_or_else(|| object! { "type": "object", "properties": object! {} }.into());
    spec.set("inputSchema", object! { "json": schema });
    spec.set_some("strict", strict);
    // Nova keeps messages and what the system says, but no tools.
    let cache = cache.filter(|_| writer.model.vendor != Vendor::Nova);
    (object! { "toolSpec": spec }, writer.point(cache))
}

/// A tool of which no more is known than that it was called.
fn minimal(name: Text<'_>) -> Object<'_> {
    let schema = object! { "type": "object", "properties": object! {} };
    object! { "toolSpec": object! { "name": name, "inputSchema": object! { "json": schema } } }
}

/// Only Claude can be told to call one tool at a time, in Anthropic's words, which say the choice, too: twice it must not
/// be said.
fn one_at_a_time<'a>(
    choice: Option<ToolChoice<'a>>,
    writer: &Writer,
    sent: &mut Sent<'a>,
) -> Result<Option<ToolChoice<'a>>, Refused> {
    if writer.model.vendor != Vendor::Anthropic {
        return Err(Refused::unsupported("parallel_tool_calls", Converse.name()));
    }
    let mut said = anthropic_choice(choice.unwrap_or(ToolChoice::Auto));
    said.set("disable_parallel_tool_use", true);
    sent.additional.set("tool_choice", said);
    Ok(None)
}

fn anthropic_choice(choice: ToolChoice<'_>) -> Object<'_> {
    match choice {
        ToolChoice::Any => object! { "type": "any" },
        ToolChoice::Named(name) => object! { "type": "tool", "name": name },
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Among { .. } => object! { "type": "auto" },
    }
}

fn encode_choice(choice: ToolChoice<'_>) -> Option<Object<'_>> {
    match choice {
        ToolChoice::Auto => Some(object! { "auto": object! {} }),
        ToolChoice::Any => Some(object! { "any": object! {} }),
        ToolChoice::Named(name) => Some(object! { "tool": object! { "name": name } }),
        // Both are said by the tools that are sent.
        ToolChoice::None | ToolChoice::Among { .. } => None,
    }
}
