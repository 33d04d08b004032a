//! The prices of a configuration, and those that the gateway knows by itself.

use std::sync::Arc;

use tidegate_config::checked::{self, PriceOf};
use tidegate_config::{Config, Problem, Problems, Source, price_catalogue};
use tidegate_contract::ModelNames;
use tidegate_pipeline::{CostRule, Price, PriceEntry, Prices, Rates};

/// The prices, and what is wrong with the rules among them.
pub(crate) fn prices(config: &Config, source: &Source) -> (Arc<Prices>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut entry = |price: &checked::Price| match entry(price) {
        Ok(entry) => Some(entry),
        Err(cause) => {
            let node = price.rule().and_then(|rule| rule.node.as_ref());
            problems.extend(node.map(|node| Problems::at(&source.name, node, "", cause)));
            None
        }
    };
    let entries: Vec<_> = config.prices.iter().chain(price_catalogue()).filter_map(&mut entry).collect();
    (Arc::new(Prices::new(entries)), problems)
}

fn entry(price: &checked::Price) -> Result<PriceEntry, String> {
    let checked::Price { providers, models, from, until, of } = price;
    let price = match of {
        PriceOf::Rates { all, long } => {
            Price::Rates { all: rates(*all), long: long.map(|(over, long)| (over, rates(long))) }
        }
        PriceOf::Rule(rule) => Price::Rule(CostRule::compile(&rule.source)?),
    };
    let (providers, models) = (providers.clone(), ModelNames::new(models.iter().cloned()));
    Ok(PriceEntry { providers, models, from: *from, until: *until, price })
}

fn rates(rates: checked::Rates) -> Rates {
    let checked::Rates { input, output, cached_input, cache_write, reasoning, request } = rates;
    Rates { input, output, cached_input, cache_write, reasoning, request }
}
