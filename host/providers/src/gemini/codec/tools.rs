//! Tools, and which of them are to be called, both ways.

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Function, Tool, ToolChoice};

use super::parts::{camel, fields};
use super::schema;

/// Tools that the provider runs itself, by the names of their kinds and of their fields.
const OWN: [(&str, &str); 3] =
    [("google_search", "googleSearch"), ("code_execution", "codeExecution"), ("url_context", "urlContext")];

pub(super) fn decode<'a>(
    request: &mut Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<Vec<Tool<'a>>, Refused> {
    let place = request.place();
    let place = place.key("tools");
    let list = match request.take("tools") {
        Some(tool @ Json::Object(_)) => vec![tool],
        Some(Json::List(tools)) => tools,
        None => Vec::new(),
        Some(other) => {
            return Err(Refused::invalid(&place, format_args!("must be a list, not {}", other.kind())));
        }
    };
    let mut tools = Vec::new();
    for (index, tool) in list.into_iter().enumerate() {
        let place = place.at(index);
        let mut tool = fields(tool, place)?;
        let declared = place.key("functionDeclarations");
        for (index, function) in
            tool.list("functionDeclarations")?.unwrap_or_default().into_iter().enumerate()
        {
            tools.push(Tool::Function(decode_function(function, declared.at(index), unknown)?));
        }
        for (kind, field) in OWN {
            let spec = tool.object(field)?;
            tools.extend(spec.map(|spec| Tool::Own { kind: kind.into(), spec }));
        }
        tool.done(unknown);
    }
    Ok(tools)
}

fn decode_function<'a>(
    function: Json<'a>,
    place: Place<'_>,
    unknown: &mut Vec<String>,
) -> Result<Function<'a>, Refused> {
    let mut function = fields(function, place)?;
    let parameters = function.take("parametersJsonSchema");
    let read = Function {
        name: function.need_text("name")?,
        description: function.text("description")?,
        parameters: parameters.or_else(|| function.take("parameters").map(schema::read)),
        strict: None,
        cache: None,
    };
    function.done(unknown);
    Ok(read)
}

/// # Errors
/// With the tool that the API does not have.
pub(super) fn encode(tools: Vec<Tool<'_>>) -> Result<Vec<Object<'_>>, String> {
    let (mut functions, mut own) = (Vec::new(), Vec::new());
    for (index, tool) in tools.into_iter().enumerate() {
        match tool {
            // Whether arguments follow the schema is up to the model.
            Tool::Function(Function { name, description, parameters, strict: _, cache: _ }) => {
                let mut function = object! { "name": name };
                function.set_some("description", description);
                function.set_some("parametersJsonSchema", parameters);
                functions.push(function);
            }
            Tool::Own { kind, mut spec } => {
                let Some((name, field)) =
                    OWN.into_iter().find(|(name, field)| kind == *name || kind == *field)
                else {
                    return Err(format!("tools[{index}] of type {kind}"));
                };
                // Clients of other APIs write it under its name, if at all.
                let inner = spec.take(name).or_else(|| spec.take(field));
                let mut tool = Object::default();
                tool.set(field, inner.unwrap_or_else(|| spec.into()));
                own.push(tool);
            }
        }
    }
    let functions = (!functions.is_empty()).then(|| object! { "functionDeclarations": functions });
    Ok(functions.into_iter().chain(own).collect())
}

/// `toolConfig.functionCallingConfig`.
pub(super) fn decode_choice<'a>(
    request: &mut Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<Option<ToolChoice<'a>>, Refused> {
    let place = request.place();
    let Some(config) = request.object("toolConfig")? else { return Ok(None) };
    let place = place.key("toolConfig");
    let mut config = Fields::of_object(camel(config), place);
    let choice = match config.object("functionCallingConfig")? {
        Some(calling) => {
            let mut calling = Fields::of_object(camel(calling), place.key("functionCallingConfig"));
            let choice = choice(&mut calling)?;
            calling.done(unknown);
            choice
        }
        None => None,
    };
    config.done(unknown);
    Ok(choice)
}

fn choice<'a>(calling: &mut Fields<'a, '_>) -> Result<Option<ToolChoice<'a>>, Refused> {
    let mode = calling.text("mode")?.unwrap_or(Text::Borrowed("MODE_UNSPECIFIED"));
    let mut names = calling.texts("allowedFunctionNames")?;
    match (&*mode, names.len()) {
        ("MODE_UNSPECIFIED", 0) => Ok(None),
        ("NONE", _) => Ok(Some(ToolChoice::None)),
        ("ANY", 0) => Ok(Some(ToolChoice::Any)),
        ("ANY", 1) => Ok(names.pop().map(ToolChoice::Named)),
        ("ANY", _) => Ok(Some(ToolChoice::Among { names, required: true })),
        ("AUTO" | "VALIDATED", 0) => Ok(Some(ToolChoice::Auto)),
        ("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED", _) => {
            Ok(Some(ToolChoice::Among { names, required: false }))
        }
        _ => {
            let known = "AUTO, ANY, NONE, VALIDATED";
            Err(super::decode::none_of(&calling.place().key("mode"), &mode, known))
        }
    }
}

pub(super) fn encode_choice(choice: ToolChoice<'_>) -> Object<'_> {
    let (mode, names) = match choice {
        ToolChoice::Auto => ("AUTO", Vec::new()),
        ToolChoice::None => ("NONE", Vec::new()),
        ToolChoice::Any => ("ANY", Vec::new()),
        ToolChoice::Named(name) => ("ANY", vec![name]),
        ToolChoice::Among { names, required: true } => ("ANY", names),
        // Only this mode leaves the model free and knows names, too.
        ToolChoice::Among { names, required: false } => ("VALIDATED", names),
    };
    let mut calling = object! { "mode": mode };
    if !names.is_empty() {
        calling.set("allowedFunctionNames", names);
    }
    object! { "functionCallingConfig": calling }
}
