//! What a request will use, as its size and those before it let expect.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tidegate_contract::{Context, Usage};

/// Tokens of an answer while no answer of the model was seen.
const UNSEEN_OUTPUT: f64 = 256.0;

/// What the newest answer weighs against those before it.
const WEIGHT: f64 = 0.2;

/// Models of which something is remembered; of further ones all together.
const MODELS: usize = 1024;

/// Operations whose answers are made of tokens, and as many as the model likes.
const GENERATING: [&str; 6] = ["chat", "completion", "responses", "messages", "generate_content", "converse"];

/// Operations whose bodies are files, or nobody's: their size says nothing of tokens.
const WITHOUT_TEXT: [&str; 4] = ["image_edit", "transcription", "translation", "other"];

/// Tokens of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) input: u64,
    pub(super) output: u64,
    /// Millionths of a dollar.
    pub(super) cost: u64,
}

/// What models made of requests so far.
#[derive(Default)]
pub(super) struct Experience(Mutex<Known>);

/// By the model as the client calls it, of each operation; under [`OTHERS`] what models beyond those that are remembered made.
type Known = HashMap<Box<str>, Vec<(Box<str>, Rates)>>;

/// The operation and the model of nobody's request.
const OTHERS: (&str, &str) = ("", "");

#[derive(Clone, Copy)]
struct Rates {
    /// Tokens of a prompt for each that its size let expect.
    input: f64,
    /// Tokens of an answer.
    output: f64,
    /// What a request cost for each millionth of a dollar that was expected.
    cost: Option<f64>,
}

impl Experience {
    /// `estimate` has the input by the size of the request, the output as the request bounds it, where it does, and the cost of
    /// both.
    pub(super) fn expect(&self, context: Context<'_>, estimate: Usage) -> Expected {
        if WITHOUT_TEXT.contains(&context.operation) {
            return Expected { input: 0, output: 0, cost: 0 };
        }
        let seen = self.rates(context);
        let input = seen.map_or(estimate.input, |seen| scaled(estimate.input, seen.input));
        let generates = GENERATING.contains(&context.operation);
        let usual = || whole(seen.map_or(UNSEEN_OUTPUT, |seen| seen.output));
        let output = match estimate.output {
            bound if bound > 0 => bound,
            _ if generates => usual(),
            _ => 0,
        };
        let cost = estimate.cost_micro_usd.unwrap_or_default();
        let cost = seen.and_then(|seen| seen.cost).map_or(cost, |rate| scaled(cost, rate));
        Expected { input, output, cost }
    }

    /// Learns from what was used, and says what it was; where the gateway had to guess it, as well as is known.
    pub(super) fn learn(
        &self,
        context: Context<'_>,
        (estimated_input, estimated_cost): (u64, u64),
        actual: Usage,
    ) -> Expected {
        let cost = actual.cost_micro_usd.unwrap_or_default();
        let guessed = actual.estimated && actual.input == estimated_input;
        if guessed && let Some(seen) = self.rates(context) {
            return Expected { input: scaled(actual.input, seen.input), output: actual.output, cost };
        }
        if !actual.estimated && actual.input > 0 && estimated_input > 0 {
            let input = as_rate(actual.input) / as_rate(estimated_input);
            let cost = (estimated_cost > 0 && cost > 0).then(|| as_rate(cost) / as_rate(estimated_cost));
            self.note(context, Rates { input, output: as_rate(actual.output), cost });
        }
        Expected { input: actual.input, output: actual.output, cost }
    }

    fn rates(&self, context: Context<'_>) -> Option<Rates> {
        let known = self.known();
        let of = |(operation, model): (&str, &str)| {
            let operations = known.get(model)?;
            operations.iter().find_map(|(known, rates)| (**known == *operation).then_some(*rates))
        };
        of((context.operation, context.model.unwrap_or_default())).or_else(|| of(OTHERS))
    }

    fn note(&self, context: Context<'_>, new: Rates) {
        let mut known = self.known();
        let model = context.model.unwrap_or_default();
        let is_one_more = known.len() >= MODELS && !known.contains_key(model);
        let (operation, model) = if is_one_more { OTHERS } else { (context.operation, model) };
        let operations = known.entry(model.into()).or_default();
        match operations.iter_mut().find(|(known, _)| **known == *operation) {
            Some((_, rates)) => rates.move_to(new),
            None => operations.push((operation.into(), new)),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rates {
    /// A step closer to the newest answer.
    fn move_to(&mut self, new: Self) {
        let closer = |old: f64, new: f64| old + (new - old) * WEIGHT;
        let cost = self.cost.zip(new.cost).map(|(old, new)| closer(old, new));
        *self = Self {
            input: closer(self.input, new.input),
            output: closer(self.output, new.output),
            cost: cost.or(new.cost).or(self.cost),
        };
    }
}

fn scaled(tokens: u64, rate: f64) -> u64 {
    whole(as_rate(tokens) * rate)
}

/// What is lost beyond 2^53 tokens is nobody's: a rate is no account.
fn as_rate(tokens: u64) -> f64 {
    tokens as f64
}

/// No rate is negative, and the cast saturates.
fn whole(tokens: f64) -> u64 {
    tokens.ceil() as u64
}
