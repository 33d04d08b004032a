//! `CountTokens` of Amazon Bedrock, of what Converse or InvokeModel is sent.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::exchange::counted::{CounterForm, only};
use crate::exchange::envelope;
use crate::exchange::json::{Json, Object, object};

/// Of what Converse is sent.
pub(crate) struct Converse;

/// Of what InvokeModel is sent for one of Anthropic's models.
pub(crate) struct InvokeMessages;

/// What a count has of Converse's own fields.
const OF_CONVERSE: [&str; 4] = ["messages", "system", "toolConfig", "additionalModelRequestFields"];

impl CounterForm for Converse {
    fn wrap<'a>(&self, body: Object<'a>, _model: &str, _betas: &[&'a str]) -> Object<'a> {
        object! { "input": object! { "converse": only(body, &OF_CONVERSE) } }
    }

    fn tokens(&self) -> &'static str {
        "inputTokens"
    }
}

impl CounterForm for InvokeMessages {
    fn wrap<'a>(&self, mut body: Object<'a>, _model: &str, betas: &[&'a str]) -> Object<'a> {
        body.take("model");
        body.take("stream");
        if body.get("max_tokens").is_none() {
            body.set("max_tokens", least_answer(&body));
        }
        envelope::version(&mut body, envelope::BEDROCK);
        envelope::flags(&mut body, betas);
        let encoded = STANDARD.encode(crate::text::bytes(&body));
        object! { "input": object! { "invokeModel": object! { "body": encoded } } }
    }

    fn tokens(&self) -> &'static str {
        "inputTokens"
    }
}

/// The body must be one that InvokeModel takes, which is told how long an answer may be: longer than the thoughts before it.
fn least_answer(body: &Object<'_>) -> u64 {
    let budget = body.get("thinking").and_then(|thinking| thinking.at(&["budget_tokens"]));
    budget.and_then(Json::as_u64).unwrap_or(0) + 1
}

/// Profiles of inference over several regions: what their ids begin with.
const GEOGRAPHIES: [&str; 8] = ["us", "us-gov", "eu", "apac", "jp", "au", "ca", "global"];

/// The model behind a profile of several regions: tokens are counted of models only.
pub(super) fn without_geography(model: &str) -> &str {
    let split = model.split_once('.').filter(|(first, _)| GEOGRAPHIES.contains(first));
    split.map_or(model, |(_, model)| model)
}
