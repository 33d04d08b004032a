use crate::Metrics;

#[test]
fn findings_are_counted_by_category_and_bounded() {
    let metrics = Metrics::new().unwrap();
    let series = metrics.moderation("pii");
    series.found("email");
    series.found("email");
    (0..200).for_each(|number| series.found(&format!("c{number}")));
    let text = metrics.render();
    assert!(
        text.contains("tidegate_moderation_findings_total{category=\"email\",plugin=\"pii\"} 2"),
        "{text}"
    );
    assert!(text.contains("category=\"other\",plugin=\"pii\"} 101"), "{text}");
    assert_eq!(text.matches("tidegate_moderation_findings_total{").count(), 101);
    assert!(text.contains("tidegate_moderation_skipped_total 0"));
}
