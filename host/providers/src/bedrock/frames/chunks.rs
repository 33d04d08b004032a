//! What InvokeModelWithResponseStream streams of Anthropic's models: their own events, each in base64 within an event `chunk`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tidegate_contract::Dialect;

use super::BadFrame;
use crate::bedrock::codec::failure::{self, is_error};
use crate::exchange::codec::error_event;
use crate::exchange::json::Json;
use crate::sse::SseEvent;

/// The event of Anthropic's that a chunk holds. An exception of Bedrock's becomes the error that Anthropic would send.
///
/// # Errors
/// Where there is none in it.
pub(crate) fn open(event: SseEvent) -> Result<SseEvent, BadFrame> {
    let name = event.name.as_deref().unwrap_or_default();
    if name != "chunk" && !is_error(name) {
        return Ok(event);
    }
    let data = Json::read(event.data.as_bytes()).map_err(|error| BadFrame(format!("{name}: {error}")))?;
    if is_error(name) {
        return Ok(error_event(Dialect::Anthropic, &failure::decode_event(name, &data)));
    }
    let bytes = data.at(&["bytes"]).and_then(Json::as_str).and_then(|bytes| STANDARD.decode(bytes).ok());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| BadFrame("a chunk without text in base64".to_owned()))?;
    let inner = Json::read(text.as_bytes()).map_err(|error| BadFrame(format!("chunk: {error}")))?;
    let name = inner.at(&["type"]).and_then(Json::as_str).map(str::to_owned);
    Ok(SseEvent { name, data: text, ..SseEvent::default() })
}

#[cfg(test)]
#[path = "chunks_tests.rs"]
mod tests;
