//! What Mistral's chats call otherwise than OpenAI's, and what they have no words for: they refuse every field that they do
//! not know.
//!
//! Source: <https://docs.mistral.ai/api/endpoint/chat>

use crate::exchange::json::{Object, Text, object};
use crate::exchange::request::{Media, MediaKind, Request, Source, Thought, Tool, ToolChoice};

use super::parts::url;

/// Says in a request what can be said.
///
/// # Errors
/// With the field of which nothing can.
pub(super) fn settle(request: &mut Request<'_>) -> Result<(), &'static str> {
    let refused = [
        ("logit_bias", request.sampling.logit_bias.is_some()),
        ("audio", request.audio.is_some()),
        ("modalities", request.modalities.iter().any(|modality| modality != "text")),
        // Medium is how wordy models are unasked.
        ("verbosity", request.verbosity.as_ref().is_some_and(|verbosity| verbosity != "medium")),
    ];
    if let Some((param, _)) = refused.into_iter().find(|(_, is_said)| *is_said) {
        return Err(param);
    }
    request.modalities.clear();
    request.verbosity = None;
    request.service_tier = request.service_tier.take().map(|word| tier(&word)).transpose()?;
    for tool in &mut request.tools {
        if let Tool::Function(function) = tool {
            // They are demanded, also of a tool that takes none.
            let none = || object! { "type": "object", "properties": Object::default() }.into();
            function.parameters.get_or_insert_with(none);
        }
    }
    // There is no choice among some: the others are kept from the model.
    if let Some(ToolChoice::Among { names, required }) = &request.tool_choice {
        let is_allowed = |tool: &Tool<'_>| matches!(tool, Tool::Function(tool) if names.contains(&tool.name));
        request.tools.retain(is_allowed);
        request.tool_choice = Some(if *required { ToolChoice::Any } else { ToolChoice::Auto });
    }
    Ok(())
}

/// Whether the dear capacity may be used; there is none that is cheap and slow.
fn tier(word: &str) -> Result<Text<'static>, &'static str> {
    match word {
        "auto" | "priority" => Ok("auto".into()),
        "default" | "standard" | "standard_only" => Ok("standard_only".into()),
        _ => Err("service_tier"),
    }
}

/// What the model thought before, and what it said then.
pub(super) fn content<'a>(thoughts: Vec<Thought<'a>>, said: Option<Text<'a>>) -> Vec<Object<'a>> {
    let said = said.filter(|said| !said.is_empty()).map(text);
    thoughts.into_iter().map(thought).chain(said).collect()
}

fn thought(thought: Thought<'_>) -> Object<'_> {
    let Thought { text: told, signature, redacted: _ } = thought;
    let mut chunk = object! { "type": "thinking", "thinking": vec![text(told)] };
    chunk.set_some("signature", signature.filter(|signature| !signature.is_empty()));
    chunk
}

fn text(text: Text<'_>) -> Object<'_> {
    object! { "type": "text", "text": text }
}

/// # Errors
/// With what has no place in this API.
pub(super) fn media(media: Media<'_>) -> Result<Object<'_>, &'static str> {
    let Media { kind, source, detail, name, context: _, cite: _ } = media;
    match (kind, source) {
        (MediaKind::Image, source) => {
            let mut image = object! { "url": url(source).ok_or("an image by the id of its file")? };
            image.set_some("detail", detail);
            Ok(object! { "type": "image_url", "image_url": image })
        }
        (MediaKind::Audio, Source::Data { data, .. }) => {
            Ok(object! { "type": "input_audio", "input_audio": data })
        }
        (MediaKind::Audio, source) => {
            let url = url(source).ok_or("audio by the id of its file")?;
            Ok(object! { "type": "input_audio", "input_audio": url })
        }
        (MediaKind::Video, _) => Err("a video"),
        (MediaKind::Document, source) => {
            let url = url(source).ok_or("a document by the id of its file")?;
            let mut document = object! { "type": "document_url", "document_url": url };
            document.set_some("document_name", name);
            Ok(document)
        }
    }
}
