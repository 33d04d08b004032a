//! `generationConfig`, both ways.
//!
//! Source: <https://ai.google.dev/api/generate-content#generationconfig>

use serde_json::Number;

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text};
use crate::exchange::refused::Refused;
use crate::exchange::request::{Format, LogProbabilities, Reasoning, Sampling};

use super::parts::{camel, detail};
use super::schema;

/// What the API has in `generationConfig`.
#[derive(Debug, Default)]
pub(super) struct Config<'a> {
    pub(super) sampling: Sampling<'a>,
    pub(super) stop: Vec<Text<'a>>,
    pub(super) choices: Option<u64>,
    pub(super) max_tokens: Option<u64>,
    pub(super) format: Option<Format<'a>>,
    pub(super) reasoning: Option<Reasoning<'a>>,
    pub(super) log_probabilities: Option<LogProbabilities>,
    pub(super) modalities: Vec<Text<'a>>,
    /// How closely images are looked at.
    pub(super) detail: Option<Text<'a>>,
}

/// Whether a model is of the third generation or later: those think by levels, and want their signatures back.
pub(super) fn is_new(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let version = name.strip_prefix("gemini-").unwrap_or_default();
    let digits = version.find(|letter: char| !letter.is_ascii_digit()).map_or(version, |end| &version[..end]);
    digits.parse::<u32>().is_ok_and(|generation| generation >= 3)
}

pub(super) fn decode<'a>(
    request: &mut Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<Config<'a>, Refused> {
    let place = request.place();
    let Some(config) = request.object("generationConfig")? else { return Ok(Config::default()) };
    let mut fields = Fields::of_object(camel(config), place.key("generationConfig"));
    let config = Config {
        sampling: Sampling {
            temperature: fields.number("temperature")?,
            top_p: fields.number("topP")?,
            top_k: fields.number("topK")?.map(whole),
            seed: fields.number("seed")?,
            frequency_penalty: fields.number("frequencyPenalty")?,
            presence_penalty: fields.number("presencePenalty")?,
            logit_bias: None,
        },
        stop: fields.texts("stopSequences")?,
        choices: fields.count("candidateCount")?,
        max_tokens: fields.count("maxOutputTokens")?,
        format: decode_format(&mut fields, unknown)?,
        reasoning: decode_reasoning(&mut fields, unknown)?,
        log_probabilities: decode_log_probabilities(&mut fields)?,
        modalities: fields
            .texts("responseModalities")?
            .into_iter()
            .map(|word| word.to_ascii_lowercase().into())
            .collect(),
        detail: fields.text("mediaResolution")?.as_deref().and_then(detail),
    };
    fields.done(unknown);
    Ok(config)
}

/// A count without a point: the API has it as a fraction, and others as a whole number.
fn whole(number: Number) -> Number {
    let count = number.to_string().strip_suffix(".0").and_then(|count| count.parse::<u64>().ok());
    count.map_or(number, Number::from)
}

fn decode_format<'a>(
    fields: &mut Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<Option<Format<'a>>, Refused> {
    let media_type = fields.text("responseMimeType")?;
    let schema =
        fields.take("responseJsonSchema").or_else(|| fields.take("responseSchema").map(schema::read));
    let schema_format = |schema| Format::Schema { name: None, description: None, schema, strict: None };
    match (media_type.as_deref(), schema) {
        (Some("application/json") | None, Some(schema)) => Ok(Some(schema_format(schema))),
        (Some("application/json"), None) => Ok(Some(Format::Json)),
        (Some("text/plain"), None) => Ok(Some(Format::Text)),
        (None, None) => Ok(None),
        // One word of an enumeration without quotes, and what else the API may come to have.
        (Some(_), _) => {
            unknown.push(fields.place().key("responseMimeType").to_string());
            Ok(None)
        }
    }
}

fn decode_log_probabilities(fields: &mut Fields<'_, '_>) -> Result<Option<LogProbabilities>, Refused> {
    let wanted = fields.bool("responseLogprobs")?.unwrap_or(false);
    let top = fields.count("logprobs")?;
    Ok(wanted.then_some(LogProbabilities { top }))
}

fn decode_reasoning<'a>(
    fields: &mut Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<Option<Reasoning<'a>>, Refused> {
    let place = fields.place();
    let Some(config) = fields.object("thinkingConfig")? else { return Ok(None) };
    let mut config = Fields::of_object(camel(config), place.key("thinkingConfig"));
    let budget = config.number("thinkingBudget")?.and_then(|budget| budget.as_i64());
    let level = config.text("thinkingLevel")?.map(|level| level.to_ascii_lowercase());
    let level = level.filter(|level| level != "thinking_level_unspecified");
    let shown = config.bool("includeThoughts")?.unwrap_or(false);
    config.done(unknown);
    Ok(Some(Reasoning {
        enabled: budget.map(|budget| budget != 0).or(level.is_some().then_some(true)),
        effort: level.map(Text::Owned),
        budget: budget.and_then(|budget| u64::try_from(budget).ok()).filter(|budget| *budget > 0),
        adaptive: budget.is_some_and(|budget| budget < 0),
        shown: Some(shown),
        summary: None,
    }))
}

impl<'a> Config<'a> {
    /// Writes it for a model of this name.
    ///
    /// # Errors
    /// Where it says something that the API has no words for; it names the field.
    pub(super) fn encode(self, model: &str) -> Result<Object<'a>, &'static str> {
        let Self {
            sampling,
            stop,
            choices,
            max_tokens,
            format,
            reasoning,
            log_probabilities,
            modalities,
            detail,
        } = self;
        let mut config = Object::default();
        encode_sampling(sampling, &mut config)?;
        config.set_some("candidateCount", choices);
        config.set_some("maxOutputTokens", max_tokens);
        if !stop.is_empty() {
            config.set("stopSequences", stop);
        }
        encode_format(format, &mut config);
        if let Some(LogProbabilities { top }) = log_probabilities {
            config.set("responseLogprobs", true);
            config.set_some("logprobs", top.filter(|top| *top > 0));
        }
        if !modalities.is_empty() {
            config.set(
                "responseModalities",
                modalities.iter().map(|word| modality(word)).collect::<Result<Vec<_>, _>>()?,
            );
        }
        let thinking = reasoning.map(|reasoning| encode_reasoning(model, reasoning)).transpose()?;
        config.set_some("thinkingConfig", thinking.filter(|thinking| !thinking.is_empty()));
        config.set_some("mediaResolution", detail.as_deref().and_then(resolution));
        Ok(config)
    }
}

fn encode_sampling<'a>(sampling: Sampling<'a>, config: &mut Object<'a>) -> Result<(), &'static str> {
    let Sampling { temperature, top_p, top_k, seed, frequency_penalty, presence_penalty, logit_bias } =
        sampling;
    if logit_bias.is_some() {
        return Err("logit_bias");
    }
    config.set_some("temperature", temperature);
    config.set_some("topP", top_p);
    config.set_some("topK", top_k);
    config.set_some("seed", seed);
    config.set_some("presencePenalty", presence_penalty);
    config.set_some("frequencyPenalty", frequency_penalty);
    Ok(())
}

/// The name of a schema says nothing to the model, nor has strictness a word: answers always follow the schema.
fn encode_format<'a>(format: Option<Format<'a>>, config: &mut Object<'a>) {
    match format {
        None => {}
        Some(Format::Text) => config.set("responseMimeType", "text/plain"),
        Some(Format::Json) => config.set("responseMimeType", "application/json"),
        Some(Format::Schema { name: _, description, mut schema, strict: _ }) => {
            if let Json::Object(schema) = &mut schema
                && schema.get("description").is_none()
            {
                schema.set_some("description", description);
            }
            config.set("responseMimeType", "application/json");
            config.set("responseJsonSchema", schema);
        }
    }
}

fn modality(word: &str) -> Result<Json<'static>, &'static str> {
    match word {
        "text" => Ok("TEXT".into()),
        "image" => Ok("IMAGE".into()),
        "audio" => Ok("AUDIO".into()),
        "video" => Ok("VIDEO".into()),
        _ => Err("modalities"),
    }
}

fn resolution(detail: &str) -> Option<&'static str> {
    match detail {
        "low" => Some("MEDIA_RESOLUTION_LOW"),
        "high" => Some("MEDIA_RESOLUTION_HIGH"),
        _ => None,
    }
}

/// The tokens that an effort amounts to in models that think by budgets, as Google's own endpoint for OpenAI's clients
/// has it.
///
/// Source: <https://ai.google.dev/gemini-api/docs/openai#thinking>
const BUDGETS: [(&str, u64); 6] = [
    ("minimal", 1024),
    ("low", 1024),
    ("medium", 8192),
    ("high", 24_576),
    ("xhigh", 24_576),
    ("max", 24_576),
];

fn encode_reasoning<'a>(model: &str, reasoning: Reasoning<'a>) -> Result<Object<'a>, &'static str> {
    let Reasoning { enabled, effort, budget, adaptive, shown, summary: _ } = reasoning;
    let is_off = enabled == Some(false) || effort.as_deref() == Some("none") || budget == Some(0);
    let mut thinking = Object::default();
    if is_off && is_new(model) {
        // These cannot do without; the least is what comes next to it.
        thinking.set("thinkingLevel", least(model));
        return Ok(thinking);
    }
    let effort = effort.as_deref();
    if is_off {
        thinking.set("thinkingBudget", 0);
        return Ok(thinking);
    }
    match (effort, budget) {
        (Some(effort), _) if is_new(model) => thinking.set("thinkingLevel", level(model, effort)?),
        (_, Some(budget)) => thinking.set("thinkingBudget", budget),
        (Some(effort), None) => thinking.set("thinkingBudget", budget_of(effort)?),
        (None, None) if adaptive => thinking.set("thinkingBudget", Number::from(-1)),
        (None, None) => {}
    }
    thinking.set("includeThoughts", shown.unwrap_or(true));
    Ok(thinking)
}

fn budget_of(effort: &str) -> Result<u64, &'static str> {
    BUDGETS.iter().find(|(word, _)| *word == effort).map(|(_, budget)| *budget).ok_or("reasoning_effort")
}

/// Of what models of this name think at least; those named "pro" have no level below the low one.
fn least(model: &str) -> &'static str {
    if model.contains("-pro") { "LOW" } else { "MINIMAL" }
}

fn level(model: &str, effort: &str) -> Result<&'static str, &'static str> {
    match effort {
        "minimal" => Ok(least(model)),
        "low" => Ok("LOW"),
        "medium" => Ok("MEDIUM"),
        // The most that every model has; the next level is only for who asks for it by name.
        "high" | "max" => Ok("HIGH"),
        "xhigh" => Ok("XHIGH"),
        _ => Err("reasoning_effort"),
    }
}
