use super::{Kind, Node, Place};
use crate::yaml::parse;

fn tree(text: &str) -> Node {
    parse(text).unwrap_or_else(|refusals| panic!("{refusals:?}"))
}

#[test]
fn a_pointer_finds_values_in_lists_and_under_escaped_keys() {
    let tree = tree("a:\n  - {x/y: 1, m~n: 2}\n");
    let found = tree.at("/a/0/x~1y").unwrap();
    assert_eq!((found.to_json(), found.place()), (1.into(), Place { line: 2, column: 11 }));
    assert_eq!(tree.at("/a/0/m~0n").unwrap().to_json(), 2);
    assert_eq!(tree.at("").unwrap(), &tree);
    for missing in ["a", "/b", "/a/1", "/a/x", "/a/0/x~1y/z", "/a/-1"] {
        assert!(tree.at(missing).is_none(), "{missing}");
    }
}

#[test]
fn debug_shows_kinds_and_places_but_no_value() {
    let debug = format!("{:?}", tree("key: hunter2\n").at("/key").unwrap());
    assert_eq!(debug, "a text at 1:6");
    assert!(!format!("{:?}", tree("key: hunter2\n")).contains("hunter2"));
}

#[test]
fn an_interpolated_text_is_quoted_as_it_was_written() {
    let mut node = Node::new(Place::START, Kind::Text("${A}".to_owned()));
    node.interpolate("hunter2".to_owned());
    assert_eq!((node.quoted().as_str(), node.text()), ("\"${A}\"", Some("hunter2")));
    node.set_kind(Kind::Integer(7));
    assert_eq!(node.quoted(), "\"${A}\"");
}

#[test]
fn a_pruned_list_keeps_the_order_of_the_rest_and_knows_that_it_is_not_whole() {
    let mut tree = tree("[a, b, c, d]");
    tree.prune(&["0", "2"].into());
    assert_eq!(tree.to_json(), serde_json::json!(["b", "d"]));
    assert!(tree.is_pruned());
}

#[test]
fn whole_floats_become_whole_numbers_in_json() {
    assert_eq!(tree("[1.0, 1.5, -0.0, 1e300]").to_json().to_string(), "[1,1.5,0,1e+300]");
}
