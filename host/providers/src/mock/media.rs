//! Images, sounds and what is said of them: the smallest that are what they should be.

use bytes::Bytes;
use serde_json::{Value, json};

use super::model::Call;
use super::plan::Plan;
use super::request::{Body, Refused};
use crate::dialect::JSON;
use crate::text;

/// One grey dot, as PNG.
const DOT: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

/// A tenth of a second of silence: 800 samples of one byte.
const SAMPLES: u32 = 800;
const RATE: u32 = 8_000;

/// Moderations need not name a model.
const UNNAMED: &str = "omni-moderation-latest";

/// `POST /v1/images/generations`
pub(super) fn image(call: Call<'_>) -> Result<Plan, Refused> {
    let body = Body::parse(call.request.body)?;
    match body.get("prompt") {
        Some(Value::String(_)) => Ok(dot()),
        _ => Err(Refused::field("prompt", "\"prompt\" must be a text")),
    }
}

/// `POST /v1/images/edits`, whose form is not read.
pub(super) fn dot() -> Plan {
    let answer = json!({"created": 0, "data": [{"b64_json": DOT}]});
    Plan::whole(200, JSON, text::bytes(&answer))
}

/// `POST /v1/audio/speech`
pub(super) fn speech(call: Call<'_>) -> Result<Plan, Refused> {
    let body = Body::parse(call.request.body)?;
    match body.get("input") {
        Some(Value::String(_)) => Ok(Plan::whole(200, "audio/wav", silence())),
        _ => Err(Refused::field("input", "\"input\" must be a text")),
    }
}

/// A WAV file: the head of RIFF, a format of one channel and eight bits, and the samples.
fn silence() -> Bytes {
    let mut wav = Vec::new();
    let chunk = |wav: &mut Vec<u8>, name: &[u8], length: u32| {
        wav.extend_from_slice(name);
        wav.extend_from_slice(&length.to_le_bytes());
    };
    chunk(&mut wav, b"RIFF", 36 + SAMPLES);
    wav.extend_from_slice(b"WAVE");
    chunk(&mut wav, b"fmt ", 16);
    for (value, bytes) in [(1, 2), (1, 2), (RATE, 4), (RATE, 4), (1, 2), (8, 2)] {
        wav.extend_from_slice(&u32::to_le_bytes(value)[..bytes]);
    }
    chunk(&mut wav, b"data", SAMPLES);
    // Half of 255 is silence where samples have no sign.
    wav.resize(wav.len() + SAMPLES as usize, 128);
    wav.into()
}

/// `POST /v1/audio/transcriptions` and `/v1/audio/translations`, whose form is not read.
pub(super) fn transcript(call: Call<'_>) -> Plan {
    Plan::whole(200, JSON, text::bytes(&json!({"text": call.text()})))
}

/// `POST /v1/moderations`: nothing is objected to.
pub(super) fn moderation(call: Call<'_>) -> Result<Plan, Refused> {
    let body = Body::parse(call.request.body)?;
    let inputs = match body.get("input") {
        Some(Value::String(_)) => 1,
        Some(Value::Array(inputs)) if inputs.iter().all(Value::is_string) => inputs.len(),
        // Parts of one input.
        Some(Value::Array(_)) => 1,
        _ => return Err(Refused::field("input", "\"input\" must be a text or a list")),
    };
    let result = json!({"flagged": false, "categories": {}, "category_scores": {}});
    let model = body.get("model").and_then(Value::as_str).unwrap_or(UNNAMED);
    let answer = json!({"id": "modr-mock", "model": model, "results": vec![result; inputs]});
    Ok(Plan::whole(200, JSON, text::bytes(&answer)))
}
