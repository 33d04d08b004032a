//! Prices of models.

use schemars::JsonSchema;
use serde::Deserialize;

use super::service::Globs;

const DAY: &str = "must be a day such as \"2026-01-31\"";

/// The price of some models. The first entry holds that fits the provider, the model and the day (UTC); those of the
/// configuration come before the catalogue that the gateway carries. Prices are in dollars for a million tokens.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Price {
    /// The provider, or several; every one unless set.
    pub(crate) provider: Option<Names>,
    /// A glob of models as the provider calls them, or several.
    pub(crate) model: Globs,
    /// The first day on which it holds.
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), extend("errorMessage" = DAY))]
    pub(crate) from: Option<String>,
    /// The first day on which it holds no more.
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), extend("errorMessage" = DAY))]
    pub(crate) until: Option<String>,
    /// Tokens of the prompt.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) input: Option<f64>,
    /// Tokens of the answer.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) output: Option<f64>,
    /// Tokens of the prompt that the provider had in its cache; as `input` unless set.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cached_input: Option<f64>,
    /// Tokens of the prompt that the provider wrote to its cache; as `input` unless set.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cache_write: Option<f64>,
    /// Tokens of the answer that are reasoning; as `output` unless set.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) reasoning: Option<f64>,
    /// Dollars for each request, besides its tokens.
    #[schemars(range(min = 0, max = 1_000))]
    pub(crate) request: Option<f64>,
    /// Other prices for a request whose prompt is long, in the place of those above.
    pub(crate) long: Option<LongPrompts>,
    /// In place of prices: a rule in CEL that gives millionths of a dollar, over `model`, `backend`, `input_tokens`,
    /// `cached_input_tokens`, `cache_creation_input_tokens`, `output_tokens`, `reasoning_tokens`, `total_tokens`.
    #[schemars(length(min = 1))]
    pub(crate) cost: Option<String>,
}

/// Prices of long prompts; what is not set is as for others.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LongPrompts {
    /// Prompts of more tokens than this are long.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub(crate) over: u64,
    /// Tokens of the prompt.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) input: Option<f64>,
    /// Tokens of the answer.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) output: Option<f64>,
    /// Tokens of the prompt that the provider had in its cache.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cached_input: Option<f64>,
    /// Tokens of the prompt that the provider wrote to its cache.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) cache_write: Option<f64>,
}

/// A name, or several.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Names {
    /// A name.
    One(#[schemars(length(min = 1))] String),
    /// Several names.
    Many(#[schemars(length(min = 1), inner(length(min = 1)))] Vec<String>),
}

impl Names {
    pub(crate) fn all(self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name],
            Self::Many(names) => names,
        }
    }
}
