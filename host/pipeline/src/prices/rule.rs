//! Costs by a rule in CEL.

use std::fmt;
use std::sync::Arc;

use cel::{Context, Program, Value};
use tidegate_contract::Usage;

use crate::expression;

/// Names that a rule may use besides those of tokens.
const TEXTS: [&str; 2] = ["model", "backend"];

/// Numbers of tokens that a rule may use.
const TOKENS: [&str; 6] = [
    "input_tokens",
    "cached_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "total_tokens",
];

/// A compiled rule. Its value is the cost in millionths of a dollar.
#[derive(Clone)]
pub struct CostRule {
    source: Arc<str>,
    program: Arc<Program>,
}

/// What was asked of whom.
#[derive(Debug, Clone, Copy)]
pub struct Sold<'a> {
    /// The name of the provider.
    pub provider: &'a str,
    /// The model, as the provider calls it.
    pub model: &'a str,
    /// The name of the cluster.
    pub backend: &'a str,
}

impl CostRule {
    /// Compiles a rule, and tries it.
    ///
    /// # Errors
    /// One sentence: where the text is no CEL, uses a variable that does not exist, or gives no cost.
    pub fn compile(source: &str) -> Result<Self, String> {
        let names: Vec<&str> = TEXTS.into_iter().chain(TOKENS).collect();
        let program = expression::compile(source, "rule", &names)?;
        let rule = Self { source: source.into(), program: Arc::new(program) };
        let sample = Usage {
            input: 1000,
            output: 100,
            cached_input: 10,
            cache_write: 10,
            reasoning: 10,
            ..Usage::default()
        };
        rule.cost(Sold { provider: "openai", model: "gpt-4o", backend: "openai" }, &sample)?;
        Ok(rule)
    }

    /// Millionths of a dollar, to the nearest.
    ///
    /// # Errors
    /// Where the rule cannot be evaluated, or gives no cost.
    pub(super) fn cost(&self, sold: Sold<'_>, usage: &Usage) -> Result<u64, String> {
        let mut context = Context::default();
        for (name, value) in TEXTS.into_iter().zip([sold.model, sold.backend]) {
            context.add_variable_from_value(name, Value::String(Arc::new(value.to_owned())));
        }
        let Usage { input, output, cached_input, cache_write, reasoning, .. } = *usage;
        let tokens = [input, cached_input, cache_write, output, reasoning, input.saturating_add(output)];
        for (name, count) in TOKENS.into_iter().zip(tokens) {
            context.add_variable_from_value(name, Value::UInt(count));
        }
        let value = self.program.execute(&context).map_err(|error| {
            format!("the rule \"{}\" cannot be evaluated: {error}; numbers of tokens are unsigned: write 3u, or double(input_tokens) * 0.5", self.source)
        })?;
        let cost = match value {
            Value::UInt(cost) => Some(cost),
            Value::Int(cost) => u64::try_from(cost).ok(),
            Value::Float(cost) if cost.is_finite() && cost >= 0.0 => Some(nearest(cost)),
            _ => None,
        };
        cost.ok_or_else(|| {
            format!(
                "the rule \"{}\" gives no cost: it must be a number of millionths of a dollar, 0 or more",
                self.source
            )
        })
    }
}

/// Of a number that is not negative; the cast saturates.
fn nearest(cost: f64) -> u64 {
    cost.round() as u64
}

impl fmt::Debug for CostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CostRule({:?})", self.source)
    }
}
