use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::Instant;

use super::{Cooldowns, MOST, asked_pause};

fn asked(status: u16, fields: &[(&'static str, &str)]) -> Option<Duration> {
    let field = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    let headers: HeaderMap = fields.iter().map(field).collect();
    asked_pause(StatusCode::from_u16(status).unwrap(), &headers)
}

#[test]
fn seconds_milliseconds_and_dates_are_understood() {
    for status in [429, 503, 529] {
        assert_eq!(asked(status, &[("retry-after", "7")]), Some(Duration::from_secs(7)));
    }
    assert_eq!(asked(429, &[("retry-after", "0.5")]), Some(Duration::from_millis(500)));
    let both = [("retry-after", "7"), ("retry-after-ms", "250")];
    assert_eq!(asked(429, &both), Some(Duration::from_millis(250)));
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(30));
    let pause = asked(503, &[("retry-after", &date)]).unwrap();
    assert!((28..=30).contains(&pause.as_secs()), "{pause:?}");
}

#[test]
fn what_is_no_pause_is_none() {
    assert_eq!(asked(500, &[("retry-after", "7")]), None);
    assert_eq!(asked(200, &[("retry-after", "7")]), None);
    assert_eq!(asked(429, &[]), None);
    for text in ["soon", "-1", "nan", "inf", "Sun, 06 Nov 1994 08:49:37 GMT"] {
        assert_eq!(asked(429, &[("retry-after", text)]), None, "{text}");
    }
}

#[test]
fn a_model_cools_down_alone_and_to_its_latest_end() {
    let (mut cooldowns, now) = (Cooldowns::default(), Instant::now());
    cooldowns.add("a", now, Duration::from_secs(5));
    cooldowns.add("a", now, Duration::from_secs(1));
    assert_eq!(cooldowns.look("a", now + Duration::from_secs(4)), (true, true));
    assert_eq!(cooldowns.look("b", now), (false, true));
    assert_eq!(cooldowns.look("a", now + Duration::from_secs(5)), (false, false));
}

#[test]
fn no_more_models_are_remembered_than_there_is_room_for() {
    let (mut cooldowns, now) = (Cooldowns::default(), Instant::now());
    for number in 0..=MOST {
        cooldowns.add(&number.to_string(), now, Duration::from_secs(1));
    }
    assert_eq!(cooldowns.look(&MOST.to_string(), now), (false, true));
    let later = now + Duration::from_secs(2);
    cooldowns.add("new", later, Duration::from_secs(1));
    assert_eq!(cooldowns.look("new", later), (true, true));
}
