//! Embeddings: for each input a unit vector that depends on nothing but the input.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};

use super::model::Call;
use super::plan::Plan;
use super::request::{Body, Refused, tokens};
use crate::dialect::JSON;
use crate::text;

/// As many as the common small models have.
const DEFAULT_DIMENSIONS: usize = 1536;

const MAX_DIMENSIONS: u64 = 4096;

/// OpenAI's bound on the inputs of one request.
const MAX_INPUTS: usize = 2048;

#[derive(Serialize)]
struct Answer<'a> {
    object: &'static str,
    data: Vec<Entry>,
    model: &'a str,
    usage: Value,
}

#[derive(Serialize)]
struct Entry {
    object: &'static str,
    index: usize,
    embedding: Embedding,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Embedding {
    Floats(Vec<f32>),
    /// Little-endian 32-bit floats, one after another.
    Base64(String),
}

/// `POST /v1/embeddings`
pub(super) fn answer(call: Call<'_>) -> Result<Plan, Refused> {
    let body = Body::parse(call.request.body)?;
    let inputs = inputs(&body)?;
    let dimensions = dimensions(&body)?;
    let encode = encoding(&body)?;
    let entry = |(index, input): (usize, &Input)| Entry {
        object: "embedding",
        index,
        embedding: encode(vector(input.seed, dimensions)),
    };
    let data = inputs.iter().enumerate().map(entry).collect();
    let tokens: usize = inputs.iter().map(|input| input.tokens).sum();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let answer = Answer { object: "list", data, model: body.model()?, usage };
    Ok(Plan::whole(200, JSON, text::bytes(&answer)))
}

/// One thing to embed.
struct Input {
    seed: u64,
    tokens: usize,
}

impl Input {
    fn text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self { seed: hash(text.bytes()), tokens: tokens(text) })
    }

    fn ids(ids: &[Value]) -> Option<Self> {
        let numbers = ids.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>()?;
        let seed = hash(numbers.iter().flat_map(|id| id.to_le_bytes()));
        (!numbers.is_empty()).then_some(Self { seed, tokens: ids.len() })
    }

    fn one_of_many(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::text(text),
            Value::Array(ids) => Self::ids(ids),
            _ => None,
        }
    }
}

fn inputs(body: &Body) -> Result<Vec<Input>, Refused> {
    let inputs = match body.get("input") {
        Some(Value::Array(list)) if list.len() > MAX_INPUTS && !list[0].is_number() => None,
        Some(Value::Array(ids)) if ids.first().is_some_and(Value::is_number) => {
            Input::ids(ids).map(|input| vec![input])
        }
        Some(Value::Array(list)) if !list.is_empty() => list.iter().map(Input::one_of_many).collect(),
        Some(Value::String(text)) => Input::text(text).map(|input| vec![input]),
        _ => None,
    };
    let wrong =
        "\"input\" must be a text, or an array of at most 2048 texts or of tokens, none of them empty";
    inputs.ok_or_else(|| Refused::field("input", wrong))
}

fn dimensions(body: &Body) -> Result<usize, Refused> {
    match body.get("dimensions").map(Value::as_u64) {
        None => Ok(DEFAULT_DIMENSIONS),
        Some(Some(wanted @ 1..=MAX_DIMENSIONS)) => Ok(wanted as usize),
        Some(_) => {
            let message = format!("\"dimensions\" must be a number from 1 to {MAX_DIMENSIONS}");
            Err(Refused::field("dimensions", message))
        }
    }
}

fn encoding(body: &Body) -> Result<fn(Vec<f32>) -> Embedding, Refused> {
    match body.get("encoding_format").map(Value::as_str) {
        None | Some(Some("float")) => Ok(Embedding::Floats),
        Some(Some("base64")) => Ok(base64),
        Some(_) => {
            Err(Refused::field("encoding_format", "\"encoding_format\" must be \"float\" or \"base64\""))
        }
    }
}

fn base64(vector: Vec<f32>) -> Embedding {
    let bytes: Vec<u8> = vector.iter().flat_map(|part| part.to_le_bytes()).collect();
    Embedding::Base64(STANDARD.encode(bytes))
}

/// A vector of length 1 in a direction that the seed picks.
fn vector(seed: u64, dimensions: usize) -> Vec<f32> {
    let mut state = seed;
    let parts: Vec<f64> = (0..dimensions).map(|_| uniform(&mut state)).collect();
    let length = parts.iter().map(|part| part * part).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    parts.iter().map(|part| (part / length) as f32).collect()
}

/// FNV-1a: the same in every release, unlike the standard library's hasher.
fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The next number of SplitMix64, from -1 to 1.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let mixed = mixed ^ (mixed >> 31);
    (mixed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}
