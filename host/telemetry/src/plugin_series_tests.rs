use std::sync::Arc;

use super::{FAMILIES, SERIES};
use crate::Metrics;

fn metrics() -> Arc<Metrics> {
    Metrics::new().unwrap()
}

fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[track_caller]
fn assert_line(metrics: &Metrics, line: &str) {
    let text = metrics.render();
    assert!(text.lines().any(|found| found == line), "no line {line} in\n{text}");
}

fn dropped(metrics: &Metrics, plugin: &str) -> u64 {
    let start = format!("tidegate_plugin_metrics_dropped_total{{plugin=\"{plugin}\"}} ");
    let text = metrics.render();
    text.lines().find_map(|line| line.strip_prefix(&start)).map_or(0, |count| count.parse().unwrap())
}

#[test]
fn counters_and_histograms_of_plugins_are_shown() {
    let metrics = metrics();
    let series = metrics.plugin_series();
    series.count("pii", "redactions", 2.0, &labels(&[("kind", "email"), ("action", "mask")]));
    series.count("pii", "redactions", 0.5, &labels(&[("action", "mask"), ("kind", "email")]));
    series.observe("pii", "score", 0.3, &[]);
    series.observe("pii", "score", 7.0, &[]);
    let counted = r#"tidegate_plugin_custom_redactions_total{action="mask",kind="email",plugin="pii"} 2.5"#;
    assert_line(&metrics, counted);
    assert_line(&metrics, "# TYPE tidegate_plugin_custom_redactions_total counter");
    assert_line(&metrics, "# TYPE tidegate_plugin_custom_score histogram");
    assert_line(&metrics, r#"tidegate_plugin_custom_score_bucket{plugin="pii",le="0.5"} 1"#);
    assert_line(&metrics, r#"tidegate_plugin_custom_score_sum{plugin="pii"} 7.3"#);
    assert_line(&metrics, r#"tidegate_plugin_custom_score_count{plugin="pii"} 2"#);
    assert_line(&metrics, r#"tidegate_plugin_metrics_dropped_total{plugin="pii"} 0"#);
}

#[test]
fn plugins_share_a_name_and_not_its_labels() {
    let metrics = metrics();
    metrics.plugin_series().count("a", "hits", 1.0, &labels(&[("x", "1")]));
    metrics.plugin_series().count("b", "hits_total", 2.0, &labels(&[("y", "2")]));
    assert_line(&metrics, r#"tidegate_plugin_custom_hits_total{plugin="a",x="1"} 1"#);
    assert_line(&metrics, r#"tidegate_plugin_custom_hits_total{plugin="b",y="2"} 2"#);
    let text = metrics.render();
    assert_eq!(text.matches("# TYPE tidegate_plugin_custom_hits_total counter").count(), 1, "{text}");
}

#[test]
fn other_labels_than_at_first_are_dropped() {
    let metrics = metrics();
    let series = metrics.plugin_series();
    series.count("p", "hits", 1.0, &labels(&[("x", "1")]));
    for other in [&[][..], &[("y", "1")], &[("x", "1"), ("y", "1")]] {
        series.count("p", "hits", 1.0, &labels(other));
    }
    assert_eq!(dropped(&metrics, "p"), 3);
    assert_line(&metrics, r#"tidegate_plugin_custom_hits_total{plugin="p",x="1"} 1"#);
}

#[test]
fn what_is_no_amount_is_dropped() {
    let metrics = metrics();
    let series = metrics.plugin_series();
    for by in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
        series.count("p", "hits", by, &[]);
    }
    for value in [f64::NAN, f64::INFINITY] {
        series.observe("p", "score", value, &[]);
    }
    assert_eq!(dropped(&metrics, "p"), 6);
    assert!(!metrics.render().contains("plugin_custom"), "nothing is shown before there is something");
    series.count("p", "hits", 0.0, &[]);
    series.observe("p", "score", -1.0, &[]);
    assert_line(&metrics, r#"tidegate_plugin_custom_hits_total{plugin="p"} 0"#);
    assert_line(&metrics, r#"tidegate_plugin_custom_score_sum{plugin="p"} -1"#);
}

#[test]
fn names_become_names_of_prometheus_or_nothing() {
    let metrics = metrics();
    let series = metrics.plugin_series();
    series.count(
        "p",
        "cache.hits-é",
        1.0,
        &labels(&[("a b", "1"), ("plugin", "me"), ("__name__", "x"), ("9", "y")]),
    );
    let line = r#"tidegate_plugin_custom_cache_hits___total{a_b="1",exported_9="y",exported___name__="x",exported_plugin="me",plugin="p"} 1"#;
    assert_line(&metrics, line);
    series.observe("p", "time", 1.0, &labels(&[("le", "0.5")]));
    assert_line(&metrics, r#"tidegate_plugin_custom_time_count{exported_le="0.5",plugin="p"} 1"#);
    let long = "x".repeat(65);
    series.count("p", "", 1.0, &[]);
    series.count("p", &long, 1.0, &[]);
    series.count("p", "hits", 1.0, &labels(&[("", "1")]));
    series.count("p", "hits", 1.0, &labels(&[("a.b", "1"), ("a-b", "1")]));
    series.count("p", "hits", 1.0, &vec![("x".to_owned(), "y".to_owned()); 9]);
    for name in ["time_count", "time_sum", "time_bucket", "cache_hits_total"] {
        series.observe("p", name, 1.0, &[]);
    }
    assert_eq!(dropped(&metrics, "p"), 9);
}

#[test]
fn values_stay_one_label_and_are_cut() {
    let metrics = metrics();
    let long = "ü".repeat(100);
    metrics.plugin_series().count("p", "hits", 1.0, &labels(&[("x", "a\"} 9\nevil 1"), ("y", &long)]));
    let text = metrics.render();
    assert!(!text.lines().any(|line| line.starts_with("evil")), "{text}");
    assert!(text.contains(&format!("y=\"{}\"", "ü".repeat(64))), "{text}");
}

#[test]
fn names_that_the_gateway_uses_stay_its_own() {
    let metrics = metrics();
    metrics.plugin_series().count("p", "calls", 1.0, &[]);
    metrics.plugin_series().observe("p", "seconds", 1.0, &[]);
    let text = metrics.render();
    let mut types: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
    let all = types.len();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), all, "{text}");
}

#[test]
fn t_dos_7_distinct_labels_of_plugins_make_a_bounded_number_of_series() {
    let metrics = metrics();
    let series = metrics.plugin_series();
    for number in 0..100_000_u32 {
        series.count("p", "hits", 1.0, &labels(&[("user", &number.to_string())]));
    }
    let text = metrics.render();
    let shown = text.lines().filter(|line| line.starts_with("tidegate_plugin_custom_hits_total{")).count();
    assert_eq!(shown, SERIES);
    assert_eq!(dropped(&metrics, "p"), 99_000, "a value is shown or counted as dropped");
    series.count("p", "hits", 1.0, &labels(&[("user", "7")]));
    assert_line(&metrics, r#"tidegate_plugin_custom_hits_total{plugin="p",user="7"} 2"#);
    series.count("p", "other", 1.0, &[]);
    assert_eq!(dropped(&metrics, "p"), 99_001, "the bound is over all families");
    series.count("q", "hits", 1.0, &labels(&[("user", "7")]));
    assert_line(&metrics, r#"tidegate_plugin_custom_hits_total{plugin="q",user="7"} 1"#);
}

#[test]
fn t_dos_7_distinct_names_of_plugins_make_a_bounded_number_of_families() {
    let metrics = metrics();
    for number in 0..10_000_u32 {
        metrics.plugin_series().count("p", &format!("c{number}"), 1.0, &[]);
        metrics.plugin_series().observe("p", &format!("h{number}"), 1.0, &[]);
    }
    let text = metrics.render();
    let shown = text.lines().filter(|line| line.starts_with("# TYPE tidegate_plugin_custom_")).count();
    assert_eq!(shown, FAMILIES);
    assert_eq!(dropped(&metrics, "p"), 20_000 - FAMILIES as u64);
}

#[test]
fn threads_that_meet_a_new_series_at_once_lose_nothing() {
    let metrics = metrics();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..200 {
                    metrics.plugin_series().count("p", "hits", 1.0, &labels(&[("n", &number.to_string())]));
                }
            });
        }
    });
    assert_line(&metrics, r#"tidegate_plugin_custom_hits_total{n="199",plugin="p"} 4"#);
    assert_eq!(dropped(&metrics, "p"), 0);
}
