//! What exchanges cost: prices of models, by provider, name and date, and rules of an operator's own.

mod rule;

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use tidegate_contract::{ModelNames, Usage};

pub use rule::{CostRule, Sold};

/// Names of models whose prices are remembered; what clients name beyond them is looked up each time.
const REMEMBERED: usize = 4096;

/// Prices of models. The first entry that fits the provider, the model and the day holds.
#[derive(Debug, Default)]
pub struct Prices {
    entries: Vec<PriceEntry>,
    known: RwLock<Known>,
}

/// What was found on a day.
#[derive(Debug, Default)]
struct Known {
    day: u32,
    /// By provider, then by model.
    found: HashMap<Box<str>, HashMap<Box<str>, Found>>,
}

/// The place of the entry that holds for a model, if there is one.
#[derive(Debug, Clone, Copy)]
struct Found {
    entry: Option<usize>,
    /// Whether the log tells already that there is none.
    is_told: bool,
}

impl Known {
    fn of(&self, Sold { provider, model, .. }: Sold<'_>) -> Option<Found> {
        self.found.get(provider)?.get(model).copied()
    }

    fn remember(&mut self, Sold { provider, model, .. }: Sold<'_>, entry: Option<usize>) {
        if self.count() < REMEMBERED {
            let models = self.found.entry(provider.into()).or_default();
            models.insert(model.into(), Found { entry, is_told: false });
        }
    }

    /// Models of all providers, of which there are few.
    fn count(&self) -> usize {
        self.found.values().map(HashMap::len).sum()
    }

    /// Whether this is the first time, of a model that is remembered.
    fn is_to_be_told(&mut self, Sold { provider, model, .. }: Sold<'_>) -> bool {
        let found = self.found.get_mut(provider).and_then(|models| models.get_mut(model));
        found.is_some_and(|found| !std::mem::replace(&mut found.is_told, true))
    }
}

/// The price of some models.
#[derive(Debug, Clone)]
pub struct PriceEntry {
    /// Names of providers; `None` is every one.
    pub providers: Option<Vec<String>>,
    /// Globs of models, as the provider calls them.
    pub models: ModelNames,
    /// The first day on which it holds, in days of UTC since 1970.
    pub from: Option<u32>,
    /// The first on which it holds no more.
    pub until: Option<u32>,
    /// The price.
    pub price: Price,
}

/// A price.
#[derive(Debug, Clone)]
pub enum Price {
    /// By the token.
    Rates {
        /// Whatever the prompt.
        all: Rates,
        /// Of prompts of more tokens than the number.
        long: Option<(u64, Rates)>,
    },
    /// As a rule says.
    Rule(CostRule),
}

/// Prices in millionths of a millionth of a dollar: a token that costs one of these costs one dollar for 10^12 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// Of a token of the prompt.
    pub input: u64,
    /// Of a token of the answer.
    pub output: u64,
    /// Of a token of the prompt that the provider had in its cache.
    pub cached_input: u64,
    /// Of one that it wrote to its cache.
    pub cache_write: u64,
    /// Of a token of the answer that is reasoning.
    pub reasoning: u64,
    /// Of a request, whatever it is made of.
    pub request: u64,
}

/// Millionths of a millionth in a millionth.
const PICO: u128 = 1_000_000;

impl Rates {
    /// Millionths of a dollar, to the nearest. Tokens of caches and of reasoning are parts of the others.
    fn cost(&self, usage: &Usage) -> u64 {
        let Usage { input, output, cached_input, cache_write, reasoning, .. } = *usage;
        let parts = [
            (input.saturating_sub(cached_input).saturating_sub(cache_write), self.input),
            (cached_input, self.cached_input),
            (cache_write, self.cache_write),
            (output.saturating_sub(reasoning), self.output),
            (reasoning, self.reasoning),
            (1, self.request),
        ];
        let costs = parts.into_iter().map(|(tokens, price)| u128::from(tokens) * u128::from(price));
        let sum = costs.fold(PICO / 2, u128::saturating_add);
        u64::try_from(sum / PICO).unwrap_or(u64::MAX)
    }
}

impl Prices {
    /// Prices in the order in which they are looked through.
    pub fn new(entries: Vec<PriceEntry>) -> Self {
        Self { entries, known: RwLock::default() }
    }

    /// What an exchange costs, in millionths of a dollar, by the first of the names that has a price; `None`, with a line in
    /// the log, where none has.
    pub fn cost<'s>(&self, names: impl Iterator<Item = Sold<'s>>, usage: &Usage) -> Option<u64> {
        let mut unknown = None;
        for sold in names {
            let Some(entry) = self.find(sold, today()) else {
                unknown.get_or_insert(sold);
                continue;
            };
            return match entry.price.cost(sold, usage) {
                Ok(cost) => Some(cost),
                Err(error) => {
                    let Sold { provider, model, .. } = sold;
                    tracing::warn!(provider, model, error, "a price cannot be reckoned");
                    None
                }
            };
        }
        self.tell_unknown(unknown?);
        None
    }

    /// Once a day for each model, as far as models are remembered.
    fn tell_unknown(&self, sold: Sold<'_>) {
        let Sold { provider, model, .. } = sold;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.is_to_be_told(sold) {
            tracing::warn!(
                provider,
                model,
                "no price is known for the model, so that budgets do not count it; add it under \"prices\""
            );
        }
    }

    /// What an exchange may cost, in millionths of a dollar, where a price is known.
    pub fn quote(&self, sold: Sold<'_>, usage: &Usage) -> Option<u64> {
        self.find(sold, today())?.price.cost(sold, usage).ok()
    }

    fn find(&self, sold: Sold<'_>, day: u32) -> Option<&PriceEntry> {
        let remembered = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.of(sold).filter(|_| known.day == day)
        };
        remembered
            .map_or_else(|| self.look_up(sold, day), |found| found.entry)
            .map(|index| &self.entries[index])
    }

    fn look_up(&self, sold: Sold<'_>, day: u32) -> Option<usize> {
        let found = self.entries.iter().position(|entry| entry.holds(sold, day));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.day != day {
            *known = Known { day, ..Known::default() };
        }
        known.remember(sold, found);
        found
    }
}

impl PriceEntry {
    fn holds(&self, Sold { provider, model, .. }: Sold<'_>, day: u32) -> bool {
        let fits =
            |provider: &str| self.providers.as_ref().is_none_or(|all| all.iter().any(|one| one == provider));
        let began = self.from.is_none_or(|from| from <= day);
        let ended = self.until.is_some_and(|until| until <= day);
        began && !ended && fits(provider) && self.models.allow(model)
    }
}

impl Price {
    fn cost(&self, sold: Sold<'_>, usage: &Usage) -> Result<u64, String> {
        match self {
            Self::Rates { long: Some((over, long)), .. } if usage.input > *over => Ok(long.cost(usage)),
            Self::Rates { all, .. } => Ok(all.cost(usage)),
            Self::Rule(rule) => rule.cost(sold, usage),
        }
    }
}

/// Days of UTC since 1970.
fn today() -> u32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs() / (24 * 60 * 60)).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "prices_tests.rs"]
mod tests;
