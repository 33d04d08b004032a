use serde_json::json;

use super::*;

fn group(principal: Option<&str>, requests: u64, cost: u64) -> Value {
    json!({
        "key": {"principal": principal},
        "requests": requests, "errors": 1, "cost_micro_usd": cost, "unpriced_requests": 0,
        "tokens": {"input": 100, "output": 20, "cached_input": 5, "cache_write": 0, "reasoning": 3},
    })
}

fn report(groups: &[Value], truncated: bool) -> Value {
    json!({"from": "F", "to": "T", "group_by": ["principal"], "groups": groups, "truncated": truncated})
}

#[test]
fn groups_stand_below_each_other_with_their_sum() {
    let table = shown(&report(&[group(Some("alice"), 1200, 12_500_000), group(None, 7, 30)], false));
    assert_eq!(
        table,
        "F to T\n\n\
         principal  requests  errors  input  cached  output  reasoning   cost ($)\n\
         alice          1200       1    100       5      20          3  12.500000\n\
         -                 7       1    100       5      20          3   0.000030\n\
         total          1207       2    200      10      40          6  12.500030\n"
    );
}

#[test]
fn what_clients_chose_cannot_move_the_cursor() {
    let table = shown(&report(&[group(Some("a\u{1b}[2Jb\nc"), 1, 1)], true));
    assert!(table.contains("a\\u{1b}[2Jb\\nc") && table.contains("raise --limit"), "{table}");
}

#[test]
fn without_groups_there_is_one_line() {
    let empty = shown(&report(&[], false));
    assert!(empty.lines().last().unwrap().starts_with("total"), "{empty}");
    let all = json!({"from": "F", "to": "T", "group_by": [], "groups": [group(None, 3, 5)]});
    assert_eq!(shown(&all).lines().count(), 4, "{}", shown(&all));
}
