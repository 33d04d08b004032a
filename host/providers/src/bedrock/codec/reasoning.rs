//! How much a model thinks: in Converse's own words only the effort, else in those of the vendors.

use crate::anthropic::codec::thinking::{self, with_display};
use crate::exchange::effort;
use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Text, object};
use crate::exchange::refused::Refused;
use crate::exchange::request::Reasoning;

use super::encode::Sent;
use super::model::{Model, Vendor};

/// Room for the answer beside the thoughts, where the client does not say how long it may be.
const ANSWER: u64 = 4096;

/// Reads `outputConfig.effort` and what vendors call it.
pub(super) fn decode<'a>(
    additional: &mut Fields<'a, '_>,
    effort: Option<Text<'a>>,
    unknown: &mut Vec<String>,
) -> Result<Option<Reasoning<'a>>, Refused> {
    let mut reasoning = Reasoning { effort, ..Reasoning::default() };
    if let Some(effort) = additional.text("reasoning_effort")? {
        reasoning.enabled = Some(effort != "none");
        reasoning.effort = Some(effort);
    }
    let place = additional.place();
    if let Some(output) = additional.object("output_config")? {
        let mut output = Fields::of_object(output, place.key("output_config"));
        reasoning.effort = output.text("effort")?.or(reasoning.effort);
        output.done(unknown);
    }
    for key in ["thinking", "reasoning_config", "reasoningConfig"] {
        if let Some(thinking) = additional.object(key)? {
            decode_thinking(Fields::of_object(thinking, place.key(key)), &mut reasoning, unknown)?;
        }
    }
    Ok((reasoning != Reasoning::default()).then_some(reasoning))
}

/// Anthropic's `{type, budget_tokens, display}` or Nova's `{type, maxReasoningEffort}`.
fn decode_thinking<'a>(
    mut thinking: Fields<'a, '_>,
    reasoning: &mut Reasoning<'a>,
    unknown: &mut Vec<String>,
) -> Result<(), Refused> {
    let kind = thinking.need_text("type")?;
    reasoning.enabled = Some(kind != "disabled");
    reasoning.adaptive = kind == "adaptive";
    reasoning.budget = thinking.count("budget_tokens")?;
    reasoning.shown = thinking.text("display")?.map(|display| display != "omitted");
    if let Some(effort) = thinking.text("maxReasoningEffort")? {
        reasoning.effort = Some(effort);
    }
    thinking.done(unknown);
    Ok(())
}

/// # Errors
/// With the field that the model has no words for.
pub(super) fn encode<'a>(
    model: Model,
    reasoning: Reasoning<'a>,
    sent: &mut Sent<'a>,
) -> Result<(), &'static str> {
    let is_off = reasoning.enabled == Some(false) || reasoning.effort.as_deref() == Some("none");
    match model.vendor {
        Vendor::Anthropic if is_off => {
            if model.thinks() {
                sent.additional.set("thinking", object! { "type": "disabled" });
            }
            Ok(())
        }
        Vendor::Anthropic => claude(model, reasoning, sent),
        Vendor::Nova if is_off => {
            if model.thinks() {
                sent.additional.set("reasoningConfig", object! { "type": "disabled" });
            }
            Ok(())
        }
        Vendor::Nova if !model.thinks() => Err("reasoning_effort"),
        Vendor::Nova => {
            let effort = low_to_high(reasoning)?;
            let config = object! { "type": "enabled", "maxReasoningEffort": effort };
            sent.additional.set("reasoningConfig", config);
            Ok(())
        }
        // They always think; how much can be said to some only.
        Vendor::DeepSeek => Ok(()),
        _ if is_off => Ok(()),
        Vendor::GptOss => {
            sent.additional.set("reasoning_effort", low_to_high(reasoning)?);
            Ok(())
        }
        Vendor::Cohere | Vendor::Other => {
            sent.output.set_some("effort", stated(reasoning.effort, reasoning.budget));
            Ok(())
        }
    }
}

/// The three degrees that Nova and gpt-oss have.
fn low_to_high(reasoning: Reasoning<'_>) -> Result<&'static str, &'static str> {
    match stated(reasoning.effort, reasoning.budget).as_deref() {
        Some("low") => Ok("low"),
        Some("medium") | None => Ok("medium"),
        Some("high" | "xhigh" | "max") => Ok("high"),
        Some(_) => Err("reasoning_effort"),
    }
}

/// The effort that was asked for, or that a budget amounts to.
fn stated(effort: Option<Text<'_>>, budget: Option<u64>) -> Option<Text<'_>> {
    match effort {
        Some(effort) if effort == "minimal" => Some(Text::Borrowed("low")),
        Some(effort) => Some(effort),
        None => budget.map(effort::of_budget),
    }
}

/// A budget where the model takes one, else the effort by which it decides itself.
fn claude<'a>(model: Model, reasoning: Reasoning<'a>, sent: &mut Sent<'a>) -> Result<(), &'static str> {
    let Reasoning { enabled, effort, budget, adaptive, shown, summary } = reasoning;
    if let Some(budget) = budget.filter(|_| !adaptive && model.takes_budget()) {
        sent.output.set_some("effort", effort);
        // Older models show their thoughts, and have no word for it.
        let shown = shown.or(summary.map(|_| true)).filter(|shown| model.is_adaptive() || !shown);
        think_within(budget, shown, sent);
        return Ok(());
    }
    let thinks = adaptive || budget.is_some() || enabled == Some(true);
    if model.is_adaptive() || !thinks {
        if thinks {
            let shown = shown.or(summary.map(|_| true));
            sent.additional.set("thinking", with_display(object! { "type": "adaptive" }, shown));
        }
        sent.output.set_some("effort", stated(effort, budget));
        return Ok(());
    }
    let effort = effort.as_deref().unwrap_or("medium");
    think_within(thinking::budget(effort).ok_or("reasoning_effort")?, None, sent);
    Ok(())
}

/// The limit of the answer counts the thoughts, too, and must be beyond their budget.
fn think_within(budget: u64, shown: Option<bool>, sent: &mut Sent<'_>) {
    let thinking = object! { "type": "enabled", "budget_tokens": budget };
    sent.additional.set("thinking", with_display(thinking, shown));
    let limit = sent.inference.get("maxTokens").and_then(Json::as_u64);
    if limit.is_none_or(|limit| limit <= budget) {
        sent.inference.set("maxTokens", budget.saturating_add(limit.unwrap_or(ANSWER)));
    }
}
