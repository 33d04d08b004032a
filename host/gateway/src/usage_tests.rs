use super::*;

const NOW: SystemTime = UNIX_EPOCH;

fn asked(pairs: &[(&str, &str)]) -> Result<UsageQuery, String> {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    read(&pairs, NOW + 100 * DAY)
}

fn days(days: u64) -> u64 {
    days * 24 * 60 * 60 * 1000
}

#[test]
fn a_query_without_parameters_is_about_the_last_day() {
    let query = asked(&[]).unwrap();
    assert_eq!((query.from, query.to, query.limit), (days(99), days(100), GROUPS));
    assert!(query.group_by.is_empty() && query.only.is_empty());
}

#[test]
fn times_groups_and_values_are_read() {
    let query = asked(&[
        ("from", "1970-01-02"),
        ("to", "1970-01-03T00:00:00Z"),
        ("group_by", "model, tag:team"),
        ("principal", "a%"),
        ("limit", "5"),
    ])
    .unwrap();
    assert_eq!((query.from, query.to, query.limit), (days(1), days(2), 5));
    assert_eq!(query.group_by, [Dimension::Model, Dimension::Tag("team".into())]);
    assert_eq!(query.only, [(Dimension::Principal, "a%".to_owned())]);
    assert_eq!(asked(&[("since", "30d")]).unwrap().from, days(70));
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence() {
    for (name, value, part) in [
        ("from", "yesterday", "must be a time such as"),
        ("since", "-1h", "must be a duration such as"),
        ("since", "1000y", "must be a duration such as"),
        ("limit", "0", "from 1 to 10000"),
        ("limit", "10001", "from 1 to 10000"),
        ("limit", "1e9", "from 1 to 10000"),
        ("group_by", "models", "unknown parameter or group \"models\""),
        ("group_by", "model,model,model,model,model,model,model", "at most 6"),
        ("tag:", "x", "unknown parameter"),
        ("order", "x", "unknown parameter"),
        ("to", "1970-01-01", "must be before"),
    ] {
        let text = asked(&[(name, value)]).unwrap_err();
        assert!(text.contains(part), "{name}={value}: {text}");
    }
}

#[test]
fn a_group_is_told_by_the_names_of_its_values() {
    let query = UsageQuery { group_by: vec![Dimension::Model, Dimension::Tenant], ..UsageQuery::default() };
    let one = UsageGroup {
        values: vec![Some("m".into()), None],
        requests: 2,
        cost_micro_usd: 7,
        ..UsageGroup::default()
    };
    let told = shown(&query, &UsageReport { groups: vec![one], truncated: true }, 3);
    assert_eq!(told["groups"][0]["key"], json!({"model": "m", "tenant": null}));
    assert_eq!(
        (&told["groups"][0]["requests"], &told["groups"][0]["cost_micro_usd"]),
        (&json!(2), &json!(7))
    );
    assert_eq!((&told["truncated"], &told["lost_records"]), (&json!(true), &json!(3)));
}
