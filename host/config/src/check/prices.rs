//! Prices: what a schema cannot say of them.

use std::sync::LazyLock;

use indexmap::IndexMap;

use crate::checked::{CostRule, Price, PriceOf, Rates};
use crate::provider;
use crate::raw::cluster::Compatible;
use crate::raw::prices as raw;
use crate::raw::service::Globs;
use crate::scope::At;
use crate::words::hint;

/// Providers that the configuration adds.
type Added = IndexMap<String, Compatible>;

/// The catalogue that the gateway carries; the file is checked by a test.
static CATALOGUE: LazyLock<Vec<Price>> = LazyLock::new(|| {
    let entries: Vec<raw::Price> = crate::yaml::embedded(include_str!("../prices.yaml"));
    entries.into_iter().filter_map(|entry| price(entry, &mut |_, _| {})).collect()
});

/// The prices that the gateway knows by itself.
pub fn price_catalogue() -> &'static [Price] {
    &CATALOGUE
}

/// Dollars for a million tokens in millionths of a millionth of a dollar for one.
const PICO: f64 = 1e6;

/// The same for dollars for one.
const PICO_OF_ONE: f64 = 1e12;

pub(crate) fn prices(entries: Vec<raw::Price>, added: &Added, at: At<'_>) -> Vec<Price> {
    let checked = entries.into_iter().enumerate().filter_map(|(index, entry)| {
        let at = at.item(index);
        known(entry.provider.as_ref(), added, at.key("provider"));
        let rule = at.key("cost").node().cloned();
        let price = price(entry, &mut |key, problem| {
            if at.is_whole() {
                if key.is_empty() { at.report(problem) } else { at.key(key).report(problem) }
            }
        })?;
        let source =
            rule.map(|node| CostRule { node: Some(node), ..price.rule().cloned().unwrap_or_default() });
        Some(match source {
            Some(rule) => Price { of: PriceOf::Rule(rule), ..price },
            None => price,
        })
    });
    checked.collect()
}

/// Reports names that no cluster can have as its provider.
fn known(providers: Option<&raw::Names>, added: &Added, at: At<'_>) {
    let (names, is_list) = match providers {
        None => return,
        Some(raw::Names::One(name)) => (std::slice::from_ref(name), false),
        Some(raw::Names::Many(names)) => (&names[..], true),
    };
    for (index, name) in names.iter().enumerate() {
        if provider::by_name(name, added).is_none() {
            let known = provider::names().into_iter().chain(added.keys().map(String::as_str));
            let place = if is_list { at.item(index) } else { at };
            place.report(format!("unknown provider {}; {}", place.quoted(), hint("providers", name, known)));
        }
    }
}

/// An entry; what is wrong with it is reported, with the key to blame.
fn price(raw: raw::Price, report: &mut dyn FnMut(&str, String)) -> Option<Price> {
    let mut day = |key: &str, text: &Option<String>| {
        let text = text.as_deref()?;
        let day = days(text);
        if day.is_none() {
            report(key, format!("\"{key}\" is no day of the calendar: \"{text}\""));
        }
        day
    };
    let (from, until) = (day("from", &raw.from), day("until", &raw.until));
    if from.zip(until).is_some_and(|(from, until)| from >= until) {
        report("until", "\"until\" is not after \"from\", so that the price never holds".into());
    }
    let of = of(&raw, report)?;
    let models = match raw.model {
        Globs::One(glob) => vec![glob],
        Globs::Many(globs) => globs,
    };
    Some(Price { providers: raw.provider.map(raw::Names::all), models, from, until, of })
}

fn of(raw: &raw::Price, report: &mut dyn FnMut(&str, String)) -> Option<PriceOf> {
    let given = [raw.input, raw.output, raw.cached_input, raw.cache_write, raw.reasoning, raw.request];
    if let Some(rule) = &raw.cost {
        if given.iter().any(Option::is_some) || raw.long.is_some() {
            report("cost", "\"cost\" stands in the place of all prices; keep one of both".into());
        }
        return Some(PriceOf::Rule(CostRule { source: rule.clone(), node: None }));
    }
    if given.iter().all(Option::is_none) {
        let text =
            "this entry has no price; give \"input\" and \"output\", \"request\", or a rule as \"cost\"";
        report("", text.into());
        return None;
    }
    let all = rates(raw);
    Some(PriceOf::Rates { all, long: raw.long.as_ref().map(|long| (long.over, of_long(all, long))) })
}

fn rates(raw: &raw::Price) -> Rates {
    let (input, output) = (raw.input.unwrap_or_default(), raw.output.unwrap_or_default());
    Rates {
        input: pico(input),
        output: pico(output),
        cached_input: pico(raw.cached_input.unwrap_or(input)),
        cache_write: pico(raw.cache_write.unwrap_or(input)),
        reasoning: pico(raw.reasoning.unwrap_or(output)),
        request: whole(raw.request.unwrap_or_default() * PICO_OF_ONE),
    }
}

/// What is not set is as for other prompts; what was as the input or the output is so here, too.
fn of_long(all: Rates, long: &raw::LongPrompts) -> Rates {
    let or = |price: Option<f64>, other: u64| price.map_or(other, pico);
    let as_before = |same: bool, new: u64, old: u64| if same { new } else { old };
    let (input, output) = (or(long.input, all.input), or(long.output, all.output));
    Rates {
        input,
        output,
        cached_input: or(
            long.cached_input,
            as_before(all.cached_input == all.input, input, all.cached_input),
        ),
        cache_write: or(long.cache_write, as_before(all.cache_write == all.input, input, all.cache_write)),
        reasoning: as_before(all.reasoning == all.output, output, all.reasoning),
        request: all.request,
    }
}

/// From dollars for a million tokens.
fn pico(price: f64) -> u64 {
    whole(price * PICO)
}

/// Prices are not negative and far below what the type holds; the cast saturates.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the schema bounds prices")]
fn whole(price: f64) -> u64 {
    price.round() as u64
}

/// Days of UTC since 1970.
fn days(text: &str) -> Option<u32> {
    let moment = humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).ok()?;
    let since = moment.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
    u32::try_from(since.as_secs() / (24 * 60 * 60)).ok()
}

#[cfg(test)]
#[path = "prices_tests.rs"]
mod tests;
