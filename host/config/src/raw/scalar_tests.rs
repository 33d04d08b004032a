use std::time::Duration;

use super::{Period, Size};

#[test]
fn durations_have_a_unit() {
    let parse = |text: &str| Period::parse(text).map(|period| period.0);
    assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
    assert_eq!(parse("10s"), Some(Duration::from_secs(10)));
    assert_eq!(parse("5m"), Some(Duration::from_secs(300)));
    assert_eq!(parse("1h"), Some(Duration::from_secs(3600)));
    assert!(parse("999999999h").is_some());
    for wrong in ["", "10", "s", "1d", "-1s", "1.5s", "1 s", "99999999999999999999h"] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

#[test]
fn sizes_tell_binary_from_decimal_units() {
    let parse = |text: &str| Size::parse(text).map(|size| size.0);
    assert_eq!(parse("64KiB"), Some(65_536));
    assert_eq!((parse("1MB"), parse("1MiB")), (Some(1_000_000), Some(1 << 20)));
    assert_eq!((parse("2GB"), parse("1GiB")), (Some(2_000_000_000), Some(1 << 30)));
    assert_eq!((parse("7"), parse("7B")), (Some(7), Some(7)));
    assert_eq!(parse("999999999GiB"), Some(999_999_999 << 30));
    for wrong in ["", "KiB", "1kib", "1 KiB", "-1", "99999999999999999999GiB"] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}

#[test]
fn defaults_are_written_in_the_largest_unit_that_fits() {
    let size = |size: Size| serde_json::to_value(size).unwrap();
    let period = |period: Period| serde_json::to_value(period).unwrap();
    assert_eq!((size(Size::kib(64)), size(Size::kib(32 * 1024))), ("64KiB".into(), "32MiB".into()));
    assert_eq!(size(Size(1000)), "1000B");
    assert_eq!(period(Period::seconds(60)), "60s");
    assert_eq!(period(Period(Duration::from_millis(1500))), "1500ms");
}
