//! Counts of tokens as OpenAI's responses have them, and as vLLM has them.
//!
//! Sources: <https://platform.openai.com/docs/api-reference/responses/input-tokens>,
//! <https://docs.vllm.ai/en/latest/serving/online_serving/>

use crate::exchange::counted::{CountForm, CounterForm, only};
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;

/// `/v1/responses/input_tokens`
pub(crate) struct Responses;

/// `/tokenize`
pub(crate) struct Tokenize;

/// What of a response's request its count has, too.
const OF_INPUT_TOKENS: [&str; 8] =
    ["model", "instructions", "input", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text"];

impl CountForm for Responses {
    fn encode_answer(&self, tokens: u64) -> Object<'static> {
        object! { "object": "response.input_tokens", "input_tokens": tokens }
    }
}

impl CounterForm for Responses {
    fn wrap<'a>(&self, body: Object<'a>, _model: &str, _betas: &[&'a str]) -> Object<'a> {
        only(body, &OF_INPUT_TOKENS)
    }

    fn tokens(&self) -> &'static str {
        "input_tokens"
    }
}

impl CountForm for Tokenize {
    /// A prompt counts as what a user says.
    fn open<'a>(&self, body: Json<'a>) -> Result<Json<'a>, Refused> {
        let mut fields = Fields::of(body, Place::BODY)?;
        // How one server's template ends, which others decide themselves.
        fields.bool("add_special_tokens")?;
        fields.bool("add_generation_prompt")?;
        let wants_texts = fields.bool("return_token_strs")?.unwrap_or(false);
        let prompt = fields.text("prompt")?;
        if wants_texts {
            return Err(Refused::unsupported("return_token_strs", "a provider that only counts"));
        }
        let mut body = fields.rest();
        if let Some(prompt) = prompt {
            body.set("messages", vec![object! { "role": "user", "content": prompt }]);
        }
        Ok(body.into())
    }

    /// Which tokens they are, no provider but vLLM tells.
    fn encode_answer(&self, tokens: u64) -> Object<'static> {
        object! { "count": tokens, "max_model_len": Json::Null, "tokens": Vec::<u64>::new() }
    }
}

impl CounterForm for Tokenize {
    fn wrap<'a>(&self, body: Object<'a>, _model: &str, _betas: &[&'a str]) -> Object<'a> {
        only(body, &["model", "messages", "tools"])
    }

    fn tokens(&self) -> &'static str {
        "count"
    }
}
