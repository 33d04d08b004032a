use crate::metrics::Metrics;

fn line(metrics: &Metrics, start: &str) -> Option<String> {
    metrics.render().lines().find(|line| line.starts_with(start)).map(str::to_owned)
}

#[test]
fn an_unused_filter_shows_zeros() {
    let metrics = Metrics::new().unwrap();
    let _calls = metrics.hook_calls("keys", "authenticate");
    let shown = line(&metrics, r#"tidegate_auth_total{filter="keys",verdict="fail_open"}"#).unwrap();
    assert!(shown.ends_with(" 0"), "{shown}");
}

#[test]
fn each_call_is_timed_and_counted_by_its_verdict() {
    let metrics = Metrics::new().unwrap();
    let calls = metrics.hook_calls("keys", "authenticate");
    calls.start().finish("deny");
    calls.start().finish("fail_open");
    calls.start().finish("unforeseen");
    let text = metrics.render();
    for verdict in ["deny", "fail_open", "unforeseen"] {
        assert!(text.contains(&format!(
            "tidegate_plugin_calls_total{{hook=\"authenticate\",plugin=\"keys\",verdict=\"{verdict}\"}} 1\n"
        )));
        assert!(text.contains(&format!("tidegate_auth_total{{filter=\"keys\",verdict=\"{verdict}\"}} 1\n")));
    }
    assert!(text.contains("tidegate_plugin_seconds_count{hook=\"authenticate\",plugin=\"keys\"} 3\n"));
}

#[test]
fn a_call_whose_client_left_counts_as_cancelled() {
    let metrics = Metrics::new().unwrap();
    let calls = metrics.hook_calls("guard", "moderate_input");
    drop(calls.start());
    let start = r#"tidegate_plugin_calls_total{hook="moderate_input",plugin="guard",verdict="cancelled"}"#;
    assert!(line(&metrics, start).unwrap().ends_with(" 1"));
    assert!(line(&metrics, r#"tidegate_auth_total{filter="guard""#).is_none());
}
