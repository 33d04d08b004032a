use super::*;

fn entry(provider: &str, model: &str, price: Price) -> PriceEntry {
    let models = ModelNames::new([model.to_owned()]);
    PriceEntry { providers: Some(vec![provider.to_owned()]), models, from: None, until: None, price }
}

/// So many dollars for a million tokens, of each kind.
fn flat(dollars: u64) -> Price {
    Price::Rates { all: rates(dollars), long: None }
}

fn rates(dollars: u64) -> Rates {
    let pico = dollars * 1_000_000;
    Rates { input: pico, output: pico, cached_input: pico, cache_write: pico, reasoning: pico, request: 0 }
}

fn sold<'a>(provider: &'a str, model: &'a str) -> Sold<'a> {
    Sold { provider, model, backend: "b" }
}

const USAGE: Usage = Usage {
    input: 1000,
    output: 300,
    cached_input: 400,
    cache_write: 100,
    reasoning: 50,
    cost_micro_usd: None,
    estimated: false,
};

#[test]
fn tokens_of_caches_and_of_reasoning_are_parts_of_the_others() {
    let rates = Rates {
        input: 2_500_000,
        output: 10_000_000,
        cached_input: 1_250_000,
        cache_write: 3_125_000,
        reasoning: 20_000_000,
        request: 7_000_000,
    };
    // 500 * 2.5 + 400 * 1.25 + 100 * 3.125 + 250 * 10 + 50 * 20 + 7
    assert_eq!(rates.cost(&USAGE), 5570);
}

#[test]
fn costs_are_rounded_to_the_nearest_and_never_overflow() {
    let rates = Rates { input: 37_500, ..Rates::default() };
    assert_eq!(rates.cost(&Usage { input: 13, ..Usage::default() }), 0);
    assert_eq!(rates.cost(&Usage { input: 14, ..Usage::default() }), 1);
    let dear = Rates { input: u64::MAX, output: u64::MAX, ..Rates::default() };
    assert_eq!(dear.cost(&Usage { input: u64::MAX, output: u64::MAX, ..Usage::default() }), u64::MAX);
}

#[test]
fn the_first_entry_that_fits_holds() {
    let prices = Prices::new(vec![
        entry("openai", "gpt-4o-mini*", flat(1)),
        entry("openai", "gpt-4o*", flat(2)),
        entry("azure-openai", "*", flat(3)),
    ]);
    let of = |provider, model| prices.cost([sold(provider, model)].into_iter(), &USAGE);
    for _ in 0..2 {
        assert_eq!(of("openai", "gpt-4o-mini-2024-07-18"), Some(1300));
        assert_eq!(of("openai", "gpt-4o"), Some(2600));
        assert_eq!(of("azure-openai", "gpt-4o"), Some(3900));
        assert_eq!(of("openai", "o9"), None);
    }
    assert_eq!(prices.quote(sold("azure-openai", "mine"), &USAGE), Some(3900));
}

#[test]
fn a_model_whose_asked_name_has_no_price_has_that_of_the_name_in_the_answer() {
    let prices = Prices::new(vec![entry("azure-openai", "gpt-4o-20*", flat(1))]);
    let names = ["my-deployment", "gpt-4o-2024-08-06"].map(|model| sold("azure-openai", model));
    assert_eq!(prices.cost(names.into_iter(), &USAGE), Some(1300));
    assert_eq!(prices.cost(names[..1].iter().copied(), &USAGE), None);
    assert_eq!(prices.cost([].into_iter(), &USAGE), None);
}

#[test]
fn a_long_prompt_has_prices_of_its_own_for_the_whole_exchange() {
    let price = Price::Rates { all: rates(1), long: Some((1000, rates(2))) };
    let prices = Prices::new(vec![entry("gemini", "*", price)]);
    let cost = |input| prices.cost([sold("gemini", "m")].into_iter(), &Usage { input, ..USAGE });
    assert_eq!([cost(1000), cost(1001)], [Some(1300), Some(2602)]);
}

#[test]
fn an_entry_holds_from_its_first_day_to_the_one_before_its_end() {
    let dated = |from, until, price| PriceEntry { from, until, ..entry("openai", "*", price) };
    let prices = Prices::new(vec![dated(Some(10), Some(20), flat(2)), dated(None, None, flat(1))]);
    let price =
        |day| prices.find(sold("openai", "m"), day).unwrap().price.cost(sold("openai", "m"), &USAGE).unwrap();
    assert_eq!([9, 10, 19, 20, 9].map(price), [1300, 2600, 2600, 1300, 1300]);
}

#[test]
fn more_names_than_are_remembered_have_their_price_all_the_same() {
    let prices = Prices::new(vec![entry("openai", "m*", flat(1))]);
    for number in 0..REMEMBERED + 10 {
        assert_eq!(prices.cost([sold("openai", &format!("m{number}"))].into_iter(), &USAGE), Some(1300));
    }
    assert_eq!(prices.known.read().unwrap().count(), REMEMBERED);
}

#[test]
fn a_rule_reckons_with_all_that_is_known() {
    let rule = "input_tokens * 2u + cached_input_tokens * 3u + cache_creation_input_tokens * 5u + output_tokens * 7u \
                + reasoning_tokens * 11u + total_tokens * 13u + (model == 'm' ? 1u : 0u) + (backend == 'b' ? 2u : 0u)";
    let rule = Price::Rule(CostRule::compile(rule).unwrap());
    let prices = Prices::new(vec![entry("openai", "*", rule)]);
    let expected = 1000 * 2 + 400 * 3 + 100 * 5 + 300 * 7 + 50 * 11 + 1300 * 13 + 3;
    assert_eq!(prices.cost([sold("openai", "m")].into_iter(), &USAGE), Some(expected));
}

#[test]
fn a_rule_may_reckon_in_fractions() {
    let rule = CostRule::compile("double(input_tokens) * 0.0126 + 1.0").unwrap();
    assert_eq!(rule.cost(sold("p", "m"), &USAGE), Ok(14));
}

#[test]
fn what_is_no_rule_is_refused_in_a_sentence() {
    let refused = |source: &str| CostRule::compile(source).unwrap_err();
    assert!(refused("input_tokens *").contains("is no CEL"));
    assert!(refused("price * 2u").contains("uses \"price\"; it may use model, backend, input_tokens"));
    assert!(refused("'free'").contains("gives no cost"));
    assert!(refused("-1").contains("gives no cost"));
    assert!(refused("input_tokens * 0.5").contains("write 3u"));
    assert!(refused(&"1u+".repeat(4000)).contains("longer"));
}

#[test]
fn a_rule_that_fails_for_some_requests_only_is_an_error_then() {
    let rule = CostRule::compile("1000u / (input_tokens - 999u)").unwrap();
    assert!(rule.cost(sold("p", "m"), &Usage { input: 999, ..Usage::default() }).is_err());
}
