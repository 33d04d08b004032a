//! From canonical parts to those of contents.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::request::{Block, Media, MediaKind, Part, Source, Thought, ToolCall, ToolResult};

use super::Gemini;
use super::parts::of_name;

/// What stands for the signature of a call that the model did not make, which newer models would refuse without one.
///
/// Source: <https://ai.google.dev/gemini-api/docs/thought-signatures>
pub(in crate::gemini) const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The parts of one content, as they are written.
#[derive(Debug, Default)]
pub(super) struct Turn<'a> {
    parts: Vec<Object<'a>>,
    /// The signature of the next part.
    signature: Option<Text<'a>>,
}

impl<'a> Turn<'a> {
    pub(super) fn text(&mut self, text: Text<'a>) {
        self.push(object! { "text": text });
    }

    pub(super) fn push(&mut self, mut part: Object<'a>) {
        part.set_some("thoughtSignature", self.signature.take());
        self.parts.push(part);
    }

    /// A thought; one without words is the signature of the part beside it.
    pub(super) fn thought(&mut self, thought: Thought<'a>, next: Option<&Part<'a>>) {
        let Thought { text, signature, redacted: _ } = thought;
        match signature {
            Some(signature) if text.is_empty() => self.sign(signature, next),
            signature => {
                let mut part = object! { "text": text, "thought": true };
                part.set_some("thoughtSignature", signature);
                self.parts.push(part);
            }
        }
    }

    fn sign(&mut self, signature: Text<'a>, next: Option<&Part<'a>>) {
        let signs_call = matches!(next, Some(Part::ToolCall(call)) if call.signature.is_none());
        let signs_text = matches!(next, Some(Part::Text(_) | Part::Cited { .. }));
        match self.parts.last_mut().filter(|last| !signs_call && is_unsigned(last)) {
            Some(last) => last.set("thoughtSignature", signature),
            None if signs_call || signs_text => self.signature = Some(signature),
            None => self.parts.push(object! { "text": "", "thoughtSignature": signature }),
        }
    }

    pub(super) fn call(&mut self, call: ToolCall<'a>, has_id: bool) {
        let ToolCall { id, name, arguments, signature } = call;
        let mut function = Object::default();
        function.set_some("id", Some(id).filter(|id| has_id && !id.is_empty()));
        function.set("name", name);
        function.set("args", arguments_of(arguments));
        let mut part = object! { "functionCall": function };
        part.set_some("thoughtSignature", signature);
        self.push(part);
    }

    /// Signs the first call where nothing does.
    pub(super) fn sign_first_call(&mut self) {
        let first = self.parts.iter_mut().find(|part| part.get("functionCall").is_some());
        if let Some(first) = first.filter(|first| first.get("thoughtSignature").is_none()) {
            first.set("thoughtSignature", NO_SIGNATURE);
        }
    }

    pub(super) fn done(self) -> Vec<Object<'a>> {
        self.parts
    }
}

/// The parts of a turn, without thoughts that only another provider can read.
pub(super) fn told<'a>(blocks: Vec<Block<'a>>) -> impl Iterator<Item = Part<'a>> {
    let is_told = |part: &Part<'a>| match part {
        Part::Reasoning(thought) => !thought.text.is_empty() || thought.signature.is_some(),
        _ => true,
    };
    blocks.into_iter().map(|block| block.part).filter(is_told)
}

fn is_unsigned(part: &Object<'_>) -> bool {
    ["thoughtSignature", "functionCall", "thought"].iter().all(|key| part.get(key).is_none())
}

/// Arguments are an object here; a model that wrote anything else is shown that it said nothing.
pub(super) fn arguments_of(arguments: Text<'_>) -> Object<'_> {
    object_of(&arguments).unwrap_or_default()
}

/// The object that a text is the JSON of.
fn object_of<'a>(text: &Text<'a>) -> Option<Object<'a>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let read = match text {
        Cow::Borrowed(text) => Json::read(text.as_bytes()).ok()?,
        Cow::Owned(text) => Json::read(text.as_bytes()).ok()?.into_owned(),
    };
    if let Json::Object(object) = read { Some(object) } else { None }
}

/// `inlineData` or `fileData`.
///
/// # Errors
/// Where the provider cannot read the address.
pub(super) fn media(gemini: Gemini, media: Media<'_>) -> Result<Object<'_>, &'static str> {
    // The detail is said for all of a request; there is no place for a name, nor for whether to cite.
    let Media { kind, source, detail: _, name: _, context: _, cite: _ } = media;
    match source {
        Source::Data { media_type, data } => Ok(inline(media_type, data)),
        Source::Plain(text) => Ok(inline("text/plain".into(), STANDARD.encode(&*text).into())),
        Source::Texts(texts) => Ok(inline("text/plain".into(), STANDARD.encode(texts.join("\n")).into())),
        Source::Url { url, .. } if url.starts_with("s3:") => Err("media in S3"),
        Source::Url { url, media_type } => {
            let media_type = media_type.unwrap_or_else(|| guessed(kind, &url).into());
            Ok(object! { "fileData": object! { "mimeType": media_type, "fileUri": url } })
        }
        Source::File(uri) => {
            let mut file = Object::default();
            // The Gemini API knows the type of its files.
            file.set_some("mimeType", (gemini == Gemini::Vertex).then(|| guessed(kind, &uri)));
            file.set("fileUri", uri);
            Ok(object! { "fileData": file })
        }
    }
}

fn inline<'a>(media_type: Text<'a>, data: Text<'a>) -> Object<'a> {
    object! { "inlineData": object! { "mimeType": media_type, "data": data } }
}

/// By the end of the name, else what is most usual.
fn guessed(kind: MediaKind, uri: &str) -> &'static str {
    of_name(uri).unwrap_or(match kind {
        MediaKind::Image => "image/jpeg",
        MediaKind::Audio => "audio/mpeg",
        MediaKind::Video => "video/mp4",
        MediaKind::Document => "application/pdf",
    })
}

/// How results of tools are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Results {
    pub(super) gemini: Gemini,
    /// Whether the model takes media inside a result; for others they stand beside it.
    pub(super) hold_media: bool,
}

impl Results {
    /// `functionResponse`, and the media that follow it.
    ///
    /// # Errors
    /// As for [`media`].
    pub(super) fn write<'a>(
        self,
        result: ToolResult<'a>,
        name: Text<'a>,
    ) -> Result<(Object<'a>, Vec<Object<'a>>), &'static str> {
        let ToolResult { id, name: _, parts, is_error } = result;
        let (mut texts, mut inside, mut beside) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            match part {
                Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) => texts.push(text),
                Part::Media(one) => {
                    let list = if self.holds(&one) { &mut inside } else { &mut beside };
                    list.push(media(self.gemini, one)?);
                }
                Part::Reasoning(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Own { .. } => {}
            }
        }
        let mut response = Object::default();
        response.set_some("id", Some(id).filter(|_| self.gemini == Gemini::Studio));
        response.set("name", name);
        response.set("response", said(texts, is_error));
        if !inside.is_empty() {
            response.set("parts", inside);
        }
        Ok((object! { "functionResponse": response }, beside))
    }

    fn holds(self, media: &Media<'_>) -> bool {
        let is_data = matches!(media.source, Source::Data { .. } | Source::Plain(_) | Source::Texts(_));
        let is_seen = matches!(media.kind, MediaKind::Image | MediaKind::Document);
        self.hold_media && is_seen && (is_data || self.gemini == Gemini::Vertex)
    }
}

/// A text that is an object is sent as that; else it is the output or the error.
fn said(mut texts: Vec<Text<'_>>, is_error: bool) -> Object<'_> {
    let text = match texts.len() {
        0 | 1 => texts.pop().unwrap_or_default(),
        _ => Cow::Owned(texts.join("\n")),
    };
    let key = if is_error { "error" } else { "output" };
    match object_of(&text) {
        Some(object) if !is_error || object.get("error").is_some() => object,
        Some(object) => object! { "error": object },
        None => {
            let mut said = Object::default();
            said.set(key, text);
            said
        }
    }
}
