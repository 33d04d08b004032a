use std::sync::Arc;

use tidegate_contract::Operation;

use super::Metrics;
use crate::guards::Side;
use crate::models::{NAMES, SETS};
use crate::record::Record;
use crate::record::tests::CHAT;

const MODEL: &str = r#"gen_ai_operation_name="chat",gen_ai_original_model="fast",gen_ai_provider_name="openai",gen_ai_request_model="gpt-5-mini",gen_ai_response_model="gpt-5-mini-2026""#;

fn observed(records: &[Record<'_>]) -> String {
    let metrics = Metrics::new().unwrap();
    records.iter().for_each(|record| metrics.observe(record));
    metrics.render()
}

#[track_caller]
fn assert_line(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "no line {line} in\n{text}");
}

#[test]
fn a_streamed_chat_feeds_every_histogram() {
    let text = observed(&[CHAT]);
    for (token_type, tokens) in [("input", 20), ("output", 11), ("cached_input", 8), ("reasoning", 3)] {
        let labels = format!("{MODEL},gen_ai_token_type=\"{token_type}\"");
        assert_line(&text, &format!("gen_ai_client_token_usage_sum{{{labels}}} {tokens}"));
    }
    assert!(!text.contains("cache_creation_input"), "a part that nobody reported has no series");
    for (name, seconds) in [
        ("gen_ai_server_time_to_first_token_seconds", "0.25"),
        ("gen_ai_server_time_per_output_token_seconds", "0.1"),
    ] {
        assert_line(&text, &format!("{name}_sum{{{MODEL}}} {seconds}"));
    }
    let labels = format!("error_type=\"\",{MODEL}");
    assert_line(&text, &format!("gen_ai_server_request_duration_seconds_sum{{{labels}}} 1.25"));
    assert_line(&text, r#"tidegate_upstream_seconds_sum{cluster="openai"} 0.04"#);
    assert_line(
        &text,
        r#"tidegate_requests_total{listener="0.0.0.0:10000",route="gpt",service="api",status="200"} 1"#,
    );
}

#[test]
fn the_same_kind_of_exchange_adds_up() {
    let text = observed(&[CHAT, CHAT, Record { status: 502, ..CHAT }]);
    assert_line(&text, r#"tidegate_upstream_seconds_count{cluster="openai"} 3"#);
    let labels = format!("error_type=\"_OTHER\",{MODEL}");
    assert_line(&text, &format!("gen_ai_server_request_duration_seconds_count{{{labels}}} 1"));
    let labels = format!("error_type=\"\",{MODEL}");
    assert_line(&text, &format!("gen_ai_server_request_duration_seconds_count{{{labels}}} 2"));
}

#[test]
fn a_request_that_no_cluster_saw_makes_no_model_series() {
    let refused = Record { status: 401, cluster: None, provider: None, usage: None, upstream: None, ..CHAT };
    let listed = Record { operation: Operation::Models, ..CHAT };
    let text = observed(&[refused, listed]);
    assert!(!text.contains("gen_ai_"), "{text}");
    assert_line(
        &text,
        r#"tidegate_requests_total{listener="0.0.0.0:10000",route="gpt",service="api",status="401"} 1"#,
    );
}

#[test]
fn buckets_are_those_of_the_conventions() {
    let text = observed(&[CHAT]);
    let bounds = |name: &str| {
        let start = format!("{name}_bucket");
        let lines = text.lines().filter(|line| {
            line.starts_with(&start) && (!line.contains("token_type") || line.contains("=\"input\""))
        });
        lines
            .map(|line| line.split("le=\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let tokens = bounds("gen_ai_client_token_usage");
    assert_eq!((tokens.len(), &*tokens[0], &*tokens[13]), (15, "1", "67108864"));
    let duration = bounds("gen_ai_server_request_duration_seconds");
    assert_eq!((duration.len(), &*duration[0], &*duration[13]), (15, "0.01", "81.92"));
    let first = bounds("gen_ai_server_time_to_first_token_seconds");
    assert_eq!((&*first[0], &*first[first.len() - 2]), ("0.001", "60"));
    let each = bounds("gen_ai_server_time_per_output_token_seconds");
    assert_eq!((&*each[0], &*each[each.len() - 2]), ("0.01", "2.5"));
}

#[test]
fn t_dos_7_distinct_model_names_make_a_bounded_number_of_series() {
    let metrics = Metrics::new().unwrap();
    for number in 0..100_000_u32 {
        let name = format!("model-{number}");
        let asked = Some(name.as_str());
        metrics.observe(&Record {
            original_model: asked,
            request_model: asked,
            response_model: None,
            ..CHAT
        });
    }
    let text = metrics.render();
    let series = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(series("gen_ai_server_request_duration_seconds_count"), NAMES + 1);
    assert!(text.contains("gen_ai_request_model=\"_other\""));
    let total: u64 = text
        .lines()
        .filter(|line| line.starts_with("gen_ai_server_request_duration_seconds_count"))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(total, 100_000, "a folded name loses no exchange");
    assert!(metrics.kept.read().unwrap().len() <= SETS + 1);
}

#[test]
fn a_name_with_quotes_and_line_ends_stays_one_label() {
    let text = observed(&[Record { original_model: Some("a\"} 9\nevil 1"), ..CHAT }]);
    assert!(!text.lines().any(|line| line.starts_with("evil")), "{text}");
    assert!(text.contains(r#"gen_ai_original_model="a\"} 9\nevil 1""#));
}

#[test]
fn guards_count_what_is_open() {
    let metrics = Metrics::new().unwrap();
    let request = metrics.request_started();
    let client = metrics.connection_opened(Side::Client);
    let _upstream = metrics.connection_opened(Side::Upstream);
    assert_line(&metrics.render(), "tidegate_requests_in_flight 1");
    drop((request, client));
    let text = metrics.render();
    assert_line(&text, "tidegate_requests_in_flight 0");
    assert_line(&text, r#"tidegate_connections{side="client"} 0"#);
    assert_line(&text, r#"tidegate_connections{side="upstream"} 1"#);
}

#[test]
fn a_refused_configuration_shows_until_the_next_good_one() {
    let metrics = Metrics::new().unwrap();
    assert_line(&metrics.render(), r#"tidegate_config_reloads_total{result="failure"} 0"#);
    metrics.reload_succeeded();
    metrics.reload_failed();
    let text = metrics.render();
    assert_line(&text, "tidegate_config_last_reload_successful 0");
    assert_line(&text, r#"tidegate_config_reloads_total{result="failure"} 1"#);
    metrics.reload_succeeded();
    let text = metrics.render();
    assert_line(&text, "tidegate_config_last_reload_successful 1");
    assert_line(&text, r#"tidegate_config_reloads_total{result="success"} 2"#);
    assert!(!text.contains("tidegate_config_last_reload_success_timestamp_seconds 0\n"));
}

#[test]
fn events_are_counted_by_name() {
    let metrics = Metrics::new().unwrap();
    metrics.retried("openai", "connect");
    metrics.connection_refused();
    metrics.certificate_reload_failed();
    metrics.cooled_down("openai");
    metrics.overflowed("openai", "max_requests");
    metrics.shed("overload");
    let text = metrics.render();
    assert_line(&text, r#"tidegate_retries_total{cluster="openai",reason="connect"} 1"#);
    assert_line(&text, r#"tidegate_cooldowns_total{cluster="openai"} 1"#);
    let overflows = r#"tidegate_circuit_breaker_overflows_total{cluster="openai",limit="max_requests"} 1"#;
    assert_line(&text, overflows);
    assert_line(&text, r#"tidegate_requests_shed_total{reason="overload"} 1"#);
    assert_line(&text, "tidegate_connections_refused_total 1");
    assert_line(&text, "tidegate_certificate_reload_failures_total 1");
    assert_line(&text, "tidegate_access_log_dropped_total 0");
}

#[test]
fn a_cluster_is_shown_as_ejected_as_long_as_it_is() {
    let metrics = Metrics::new().unwrap();
    let ejected = metrics.cluster_ejected("openai");
    assert_line(&metrics.render(), r#"tidegate_clusters_ejected{cluster="openai"} 1"#);
    drop(ejected);
    assert_line(&metrics.render(), r#"tidegate_clusters_ejected{cluster="openai"} 0"#);
}

#[test]
fn the_process_is_described() {
    let text = Metrics::new().unwrap().render();
    for name in ["resident_memory_bytes", "open_fds", "start_time_seconds"] {
        let start = format!("process_{name} ");
        let line = text.lines().find(|line| line.starts_with(&start)).unwrap();
        assert!(line[start.len()..].parse::<f64>().unwrap() > 0.0, "{line}");
    }
    assert!(text.contains("\nprocess_cpu_seconds_total "));
}

#[test]
fn threads_that_meet_a_new_kind_at_once_lose_nothing() {
    let metrics = Metrics::new().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let metrics = Arc::clone(&metrics);
            std::thread::spawn(move || {
                for status in 200..400 {
                    metrics.observe(&Record { status, ..CHAT });
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_line(&metrics.render(), r#"tidegate_upstream_seconds_count{cluster="openai"} 800"#);
}
