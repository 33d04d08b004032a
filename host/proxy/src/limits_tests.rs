use std::time::{Duration, SystemTime};

use http::HeaderMap;
use tidegate_contract::Dialect;
use tidegate_pipeline::{Allowance, Counted, Standing};

use super::{span, tell};

fn allowance(counted: Counted, limit: u64, remaining: u64) -> Allowance {
    Allowance { counted, limit, standing: Standing { remaining, reset: Duration::from_secs(6) } }
}

fn told(allowances: &[Allowance], dialect: Dialect) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-ratelimit-limit-requests", "1".parse().unwrap());
    tell(allowances, dialect, &mut headers);
    headers
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn the_tightest_limit_of_a_kind_is_told() {
    let all = [
        allowance(Counted::Requests, 60, 30),
        allowance(Counted::Requests, 1000, 29),
        allowance(Counted::Tokens, 500, 400),
        allowance(Counted::OutputTokens, 300, 200),
    ];
    let headers = told(&all, Dialect::OpenAi);
    assert_eq!(text(&headers, "x-ratelimit-limit-requests"), Some("1000"));
    assert_eq!(text(&headers, "x-ratelimit-remaining-requests"), Some("29"));
    assert_eq!(text(&headers, "x-ratelimit-reset-requests"), Some("6s"));
    assert_eq!(text(&headers, "x-ratelimit-limit-tokens"), Some("300"));
    assert_eq!(text(&headers, "x-ratelimit-remaining-tokens"), Some("200"));
}

#[test]
fn what_the_upstream_says_stays_where_nothing_else_is_to_be_told() {
    let headers = told(&[allowance(Counted::Tokens, 5, 4)], Dialect::OpenAi);
    assert_eq!(text(&headers, "x-ratelimit-limit-requests"), Some("1"));
}

#[test]
fn clients_of_anthropic_get_its_fields_and_a_time() {
    let all = [allowance(Counted::Requests, 60, 30), allowance(Counted::OutputTokens, 300, 200)];
    let headers = told(&all, Dialect::Anthropic);
    assert_eq!(text(&headers, "anthropic-ratelimit-requests-limit"), Some("60"));
    assert_eq!(text(&headers, "anthropic-ratelimit-output-tokens-remaining"), Some("200"));
    assert_eq!(text(&headers, "anthropic-ratelimit-tokens-limit"), None);
    let reset = text(&headers, "anthropic-ratelimit-requests-reset").unwrap();
    let left = humantime::parse_rfc3339(reset).unwrap().duration_since(SystemTime::now()).unwrap();
    assert!((5..=7).contains(&left.as_secs()), "{reset}");
}

#[test]
fn spans_are_written_as_openai_writes_them() {
    for (milliseconds, text) in [
        (0, "0s"),
        (17, "17ms"),
        (1000, "1s"),
        (59_500, "59.5s"),
        (360_000, "6m0s"),
        (60_005, "1m0.005s"),
        (86_400_000, "24h0m0s"),
    ] {
        assert_eq!(span(Duration::from_millis(milliseconds)), text);
    }
    assert_eq!(span(Duration::from_micros(1)), "1ms");
}
