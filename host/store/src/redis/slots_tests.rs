use std::sync::Arc;

use tidegate_pipeline::{Shape, Unit, Want, Window};

use super::{Keys, tag};

fn want(key: &str) -> Want {
    Want { key: Arc::from(key), window: Window { shape: Shape::Fixed, unit: Unit::Day }, limit: 1, amount: 1 }
}

#[test]
fn limits_of_one_filter_for_one_caller_share_a_slot() {
    let keys = Keys::new("t:".into(), true).unwrap();
    let place = "routes/a/filters/0\u{1f}";
    let wants = ["requests/day\u{1f}5:alice", "tokens/hour\u{1f}5:alice", "requests/day\u{1f}3:bob"];
    let groups = keys.groups(&wants.map(|rest| want(&format!("{place}{rest}"))));
    assert_eq!(groups.iter().map(|group| group.places.clone()).collect::<Vec<_>>(), [vec![0, 1], vec![2]]);
}

#[test]
fn a_caller_cannot_choose_the_slot_by_braces() {
    let keys = Keys::new("t:".into(), true).unwrap();
    for key in ["{a}", "}{", "a\u{1f}b\u{1f}{x}", ""] {
        let counter = keys.counter(key);
        let (open, close) = (counter.find('{').unwrap(), counter.find('}').unwrap());
        assert_eq!(counter[open + 1..close], tag(key));
    }
    assert!(Keys::new("{t}:".into(), true).is_err());
}

#[test]
fn without_a_cluster_everything_is_one_group() {
    let keys = Keys::new("t:".into(), false).unwrap();
    assert_eq!(keys.groups(&[want("a"), want("b")]).len(), 1);
    assert_eq!(keys.counter("a"), Keys::new("t:".into(), true).unwrap().counter("a"));
}
