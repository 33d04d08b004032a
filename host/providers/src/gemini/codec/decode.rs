//! From what a client asks of generateContent to the canonical request.

use crate::exchange::codec::Head;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Text};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Block, Hints, Message, Part, Request, Role};

use super::config::{self, Config};
use super::parts::{self, Calls, camel, fields};
use super::tools;

/// Names of fields that were not understood; collected over the whole body.
type Unknown = Vec<String>;

pub(super) fn request<'a>(body: Json<'a>, head: &Head<'a>) -> Result<Request<'a>, Refused> {
    let mut fields = fields(body, Place::BODY)?;
    let mut unknown = Unknown::new();
    // Clients may name it in the body, too; what counts is the path.
    let named = fields.text("model")?;
    let model = head.model.map(Text::Borrowed).or(named).ok_or_else(|| fields.missing("model"))?;
    let Config {
        sampling,
        stop,
        choices,
        max_tokens,
        format,
        reasoning,
        log_probabilities,
        modalities,
        detail,
    } = config::decode(&mut fields, &mut unknown)?;
    let mut messages = system(&mut fields, &mut unknown)?;
    messages.extend(contents(&mut fields, &mut unknown)?);
    if let Some(detail) = detail {
        look(&mut messages, &detail);
    }
    let request = Request {
        model,
        stream: head.stream,
        stream_usage: None,
        messages,
        tools: tools::decode(&mut fields, &mut unknown)?,
        tool_choice: tools::decode_choice(&mut fields, &mut unknown)?,
        parallel_tools: None,
        format,
        reasoning,
        max_tokens,
        sampling,
        stop,
        choices,
        log_probabilities,
        modalities,
        audio: None,
        verbosity: None,
        service_tier: fields.text("serviceTier")?.and_then(tier),
        safety: fields.list("safetySettings")?.unwrap_or_default(),
        guardrail: None,
        hints: Hints { metadata: fields.object("labels")?, store: fields.bool("store")?, ..Hints::default() },
        betas: Vec::new(),
        unknown: Vec::new(),
    };
    fields.done(&mut unknown);
    Ok(Request { unknown, ..request })
}

/// A tier in OpenAI's words; the API writes them small, its clients in capitals, too.
pub(super) fn tier(word: Text<'_>) -> Option<Text<'_>> {
    let word = word.to_ascii_lowercase();
    match &*word {
        "unspecified" | "service_tier_unspecified" => None,
        "standard" => Some("default".into()),
        _ => Some(word.into()),
    }
}

/// A resolution for all media counts where a part has none of its own.
fn look<'a>(messages: &mut [Message<'a>], detail: &Text<'a>) {
    let look = |part: &mut Part<'a>| {
        if let Part::Media(media) = part {
            media.detail.get_or_insert_with(|| detail.clone());
        }
    };
    for block in messages.iter_mut().flat_map(|message| &mut message.blocks) {
        match &mut block.part {
            Part::ToolResult(result) => result.parts.iter_mut().for_each(look),
            part => look(part),
        }
    }
}

fn system<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Vec<Message<'a>>, Refused> {
    let place = fields.place();
    let Some(content) = fields.object("systemInstruction")? else { return Ok(Vec::new()) };
    let mut content = Fields::of_object(camel(content), place.key("systemInstruction"));
    // The API does not read it.
    content.take("role");
    let blocks = blocks(&mut content, &mut Calls::default(), unknown)?;
    content.done(unknown);
    Ok(vec![Message::new(Role::System, blocks)])
}

fn contents<'a>(fields: &mut Fields<'a, '_>, unknown: &mut Unknown) -> Result<Vec<Message<'a>>, Refused> {
    let place = fields.place();
    let place = place.key("contents");
    let list = match fields.take("contents") {
        Some(content @ Json::Object(_)) => vec![content],
        Some(Json::List(contents)) => contents,
        None => return Err(fields.missing("contents")),
        Some(other) => {
            return Err(Refused::invalid(&place, format_args!("must be a list, not {}", other.kind())));
        }
    };
    let mut calls = Calls::new("call_");
    let mut messages = Vec::with_capacity(list.len());
    for (index, content) in list.into_iter().enumerate() {
        let mut content = parts::fields(content, place.at(index))?;
        let role = match content.text("role")?.as_deref() {
            None | Some("user" | "function" | "") => Role::User,
            Some("model") => Role::Assistant,
            Some(other) => return Err(none_of(&content.place().key("role"), other, "user, model")),
        };
        messages.push(Message::new(role, blocks(&mut content, &mut calls, unknown)?));
        content.done(unknown);
    }
    Ok(messages)
}

fn blocks<'a>(
    content: &mut Fields<'a, '_>,
    calls: &mut Calls<'a>,
    unknown: &mut Unknown,
) -> Result<Vec<Block<'a>>, Refused> {
    let place = content.place();
    let place = place.key("parts");
    let parts = parts::list(content)?;
    let mut blocks = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        blocks.extend(parts::decode(part, place.at(index), calls, unknown)?);
    }
    Ok(blocks)
}

/// The error of a word that is none of those that are known.
pub(super) fn none_of(place: &Place<'_>, word: &str, known: &str) -> Refused {
    let shown: String = word.chars().take(64).collect();
    Refused::invalid(place, format_args!("is \"{shown}\", which is none of {known}"))
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
