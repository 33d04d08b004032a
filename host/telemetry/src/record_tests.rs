use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, UNIX_EPOCH};

use tidegate_contract::{Operation, Usage};

use super::Record;

/// A streamed chat that went well.
pub(crate) const CHAT: Record<'static> = Record {
    time: UNIX_EPOCH,
    request_id: "id-1",
    listener: "0.0.0.0:10000",
    service: Some("api"),
    route: Some("gpt"),
    cluster: Some("openai"),
    provider: Some("openai"),
    operation: Operation::Chat,
    method: "POST",
    path: "/v1/chat/completions",
    status: 200,
    error: None,
    blame: None,
    principal: Some("ada"),
    tenant: Some("lab"),
    client: IpAddr::V4(Ipv4Addr::LOCALHOST),
    original_model: Some("fast"),
    request_model: Some("gpt-5-mini"),
    response_model: Some("gpt-5-mini-2026"),
    streaming: true,
    attempts: 1,
    duration: Duration::from_millis(1250),
    upstream: Some(Duration::from_millis(40)),
    first_token: Some(Duration::from_millis(250)),
    usage: Some(Usage {
        input: 20,
        output: 11,
        cached_input: 8,
        cache_write: 0,
        reasoning: 3,
        cost_micro_usd: None,
        estimated: false,
    }),
    bytes_received: 300,
    bytes_sent: 4000,
    moderation: None,
    cancelled: false,
};

fn with_output(output: u64) -> Record<'static> {
    Record { usage: Some(Usage { output, ..Usage::default() }), ..CHAT }
}

#[test]
fn the_first_token_is_not_in_the_time_per_token() {
    assert_eq!(CHAT.per_output_token(), Some(Duration::from_millis(100)));
    assert_eq!(with_output(1).per_output_token(), None);
    assert_eq!(with_output(0).per_output_token(), None);
    assert_eq!(with_output(u64::MAX).per_output_token(), None);
}

#[test]
fn a_stream_that_was_left_or_a_plain_answer_has_no_time_per_token() {
    assert_eq!(Record { cancelled: true, ..CHAT }.per_output_token(), None);
    assert_eq!(Record { first_token: None, ..CHAT }.per_output_token(), None);
    assert_eq!(Record { usage: None, ..CHAT }.per_output_token(), None);
    assert_eq!(Record { duration: Duration::ZERO, ..CHAT }.per_output_token(), None);
}

#[test]
fn a_cause_or_a_status_from_400_is_a_failure() {
    assert!(!CHAT.failed());
    assert!(!Record { status: 399, ..CHAT }.failed());
    assert!(Record { status: 400, ..CHAT }.failed());
    assert!(Record { error: Some("upstream_cut"), ..CHAT }.failed());
}
