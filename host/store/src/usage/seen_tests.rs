use tidegate_pipeline::{Dimension, UsageRecord};

use super::{Seen, Tags};

fn value(time: u64, dimension: &Dimension) -> Option<String> {
    Seen::from(&UsageRecord { time, ..UsageRecord::default() }).value(dimension).map(String::from)
}

#[test]
fn times_are_told_in_utc() {
    // `date -u -d 2024-02-29T23:59:59 +%s`.
    let leap_day = 1_709_251_199_999;
    assert_eq!(value(leap_day, &Dimension::Hour).as_deref(), Some("2024-02-29T23"));
    assert_eq!(value(leap_day, &Dimension::Day).as_deref(), Some("2024-02-29"));
    assert_eq!(value(leap_day, &Dimension::Month).as_deref(), Some("2024-02"));
    assert_eq!(value(leap_day + 1, &Dimension::Hour).as_deref(), Some("2024-03-01T00"));
    assert_eq!(value(0, &Dimension::Hour).as_deref(), Some("1970-01-01T00"));
}

#[test]
fn the_largest_time_has_a_day_too() {
    assert!(value(u64::MAX, &Dimension::Hour).is_some());
}

#[test]
fn tags_are_found_whatever_their_name() {
    let json = r#"{"a.b":"1","$[0]":"2","quote\"":"3","":"4"}"#;
    let value = |name: &str| Tags::Json(json).value(name).map(String::from);
    assert_eq!(value("a.b").as_deref(), Some("1"));
    assert_eq!(value("$[0]").as_deref(), Some("2"));
    assert_eq!(value("quote\"").as_deref(), Some("3"));
    assert_eq!(value("").as_deref(), Some("4"));
    assert_eq!(value("a"), None);
}
