use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::parse;
use crate::node::Place;

fn json(text: &str) -> Value {
    parse(text).unwrap_or_else(|refusals| panic!("{text:?}: {refusals:?}")).to_json()
}

fn refusal(text: &str) -> (Place, String) {
    parse(text).expect_err(text).remove(0)
}

#[test]
fn an_empty_file_is_an_empty_mapping() {
    for text in ["", "\n", "# a comment\n", "---\n"] {
        assert_eq!(json(text), json!({}), "{text:?}");
    }
}

#[test]
fn scalars_follow_yaml_1_2_and_everything_doubtful_stays_a_text() {
    let read =
        json("{a: yes, b: off, c: 007, d: 1_000, e: 1e3, f: 0x10, g: ~, h: 12345678901234567890123, i: '5'}");
    let wanted = json!({
        "a": "yes", "b": "off", "c": "007", "d": "1_000", "e": 1000, "f": 16, "g": null,
        "h": 1.2345678901234568e22, "i": "5"
    });
    assert_eq!(read, wanted);
}

#[test]
fn keys_are_texts_as_they_are_spelt() {
    assert_eq!(json("443: a\non: b\ntrue: c\n"), json!({"443": "a", "on": "b", "true": "c"}));
}

#[test]
fn places_count_characters_and_lines_from_one() {
    let tree = parse("ä: {b: é, c: [x,\n  y]}\n").unwrap();
    assert_eq!(tree.at("/ä/c/1").unwrap().place(), Place { line: 2, column: 3 });
    assert_eq!(tree.child("ä").unwrap().entry("c").unwrap().place, Place { line: 1, column: 11 });
}

#[test]
fn more_comments_than_a_parser_buffers_are_no_problem() {
    let comments = "  # - a commented item\n".repeat(500);
    assert_eq!(json(&format!("list:\n{comments}  - 1\n")), json!({"list": [1]}));
}

#[test]
fn t_dos_6_an_alias_bomb_is_refused_at_once() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let start = Instant::now();
    assert!(refusal(&bomb).1.starts_with("aliases add more than"));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn t_dos_6_deep_nesting_is_refused_at_once() {
    let block: String = (0..10_000).map(|depth| format!("{}a:\n", " ".repeat(depth.min(200)))).collect();
    for text in ["[".repeat(1_000_000), "{a: ".repeat(200_000), "- ".repeat(200_000), block] {
        let start = Instant::now();
        let (_, message) = refusal(&text);
        assert!(message.contains("nested deeper than 32 levels"), "{message}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[test]
fn t_dos_6_a_file_of_too_many_values_is_refused() {
    assert!(refusal(&format!("[{}]", "1,".repeat(300_000))).1.contains("too many values"));
    assert!(refusal(&" ".repeat(9 << 20)).1.contains("larger than 8 MiB"));
}
