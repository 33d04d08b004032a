//! From the canonical request to what generateContent is asked.

use crate::exchange::codec::Codec;
use crate::exchange::json::{Json, Object, Text};
use crate::exchange::refused::Refused;
use crate::exchange::request::{Hints, Message, Part, Request};

use super::Gemini;
use super::config::Config;
use super::contents::Contents;
use super::tools;

pub(super) fn request<'a>(gemini: Gemini, request: Request<'a>) -> Result<Object<'a>, Refused> {
    let unsupported = |param: &str| Refused::unsupported(param, gemini.name());
    let Request {
        model,
        // The path says whether, and a stream always tells what was used.
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
        betas: _,
        unknown: _,
    } = request;
    let without_words = [
        (parallel_tools == Some(false), "parallel_tool_calls"),
        (audio.is_some(), "audio"),
        (verbosity.is_some(), "verbosity"),
        (guardrail.is_some(), "guardrailConfig"),
    ];
    if let Some((_, param)) = without_words.into_iter().find(|(is_said, _)| *is_said) {
        return Err(unsupported(param));
    }
    let detail = detail(&messages);
    let config = Config {
        sampling,
        stop,
        choices,
        max_tokens,
        format,
        reasoning,
        log_probabilities,
        modalities,
        detail,
    };
    let config = config.encode(&model).map_err(unsupported)?;
    let mut body = Contents::new(gemini, &model).write(messages)?;
    let tools = tools::encode(tools).map_err(|tool| unsupported(&tool))?;
    if !tools.is_empty() {
        body.set("tools", tools);
    }
    body.set_some("toolConfig", tool_choice.map(tools::encode_choice));
    if !safety.is_empty() {
        body.set("safetySettings", safety);
    }
    body.set_some("generationConfig", Some(config).filter(|config| !config.is_empty()));
    let tier = service_tier.map(|word| tier(gemini, &word)).transpose().map_err(unsupported)?;
    body.set_some("serviceTier", tier.flatten());
    encode_hints(gemini, hints, &mut body);
    Ok(body)
}

/// How closely to look: there is one word for all media, which is never coarser than what was asked for one of them.
fn detail<'a>(messages: &[Message<'a>]) -> Option<Text<'a>> {
    let parts = messages.iter().flat_map(|message| &message.blocks).flat_map(|block| match &block.part {
        Part::ToolResult(result) => &result.parts[..],
        part => std::slice::from_ref(part),
    });
    let mut details = parts.filter_map(|part| match part {
        Part::Media(media) => Some(media.detail.as_deref().unwrap_or("auto")),
        _ => None,
    });
    let first = details.next()?;
    let closest = details.fold(first, |one, other| match (one, other) {
        ("high", _) | (_, "high") => "high",
        ("low", "low") => "low",
        _ => "auto",
    });
    (closest != "auto").then(|| closest.to_owned().into())
}

/// The word for a tier; nothing for the usual one of Vertex, which reads tiers from the head.
fn tier(gemini: Gemini, word: &str) -> Result<Option<&'static str>, &'static str> {
    match (word, gemini) {
        ("auto", _) | ("default" | "standard" | "standard_only", Gemini::Vertex) => Ok(None),
        ("default" | "standard" | "standard_only", Gemini::Studio) => Ok(Some("standard")),
        ("flex", Gemini::Studio) => Ok(Some("flex")),
        ("priority", Gemini::Studio) => Ok(Some("priority")),
        _ => Err("service_tier"),
    }
}

fn encode_hints<'a>(gemini: Gemini, hints: Hints<'a>, body: &mut Object<'a>) {
    let Hints { end_user: _, cache_key: _, cache_retention: _, metadata, store } = hints;
    match gemini {
        Gemini::Studio => body.set_some("store", store),
        Gemini::Vertex => {
            let labels: Object<'a> = metadata.unwrap_or_default().into_entries().filter(is_label).collect();
            body.set_some("labels", Some(labels).filter(|labels| !labels.is_empty()));
        }
    }
}

/// Whether Google Cloud takes it as a label: small letters, digits, `-` and `_`, and no more than 63 of them.
fn is_label((key, value): &(Text<'_>, Json<'_>)) -> bool {
    let fits = |text: &str| {
        text.chars().count() <= 63
            && text
                .chars()
                .all(|letter| matches!(letter, '-' | '_') || letter.is_numeric() || letter.is_lowercase())
    };
    let begins = key.chars().next().is_some_and(char::is_lowercase);
    begins && fits(key) && value.as_str().is_some_and(fits)
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
