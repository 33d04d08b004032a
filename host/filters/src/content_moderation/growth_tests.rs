use proptest::prelude::*;
use regex::Regex;

use super::Growth;

#[track_caller]
fn open(pattern: &str, text: &str) -> usize {
    text.len() - Growth::new(pattern).unwrap().open(text, 0)
}

#[test]
fn what_may_still_grow_is_known() {
    assert_eq!(open("secret", "a sec"), 3);
    assert_eq!(open("secret", "a secx"), 0);
    assert_eq!(open("secret", "a secret"), 0, "nothing can change it");
    assert_eq!(open(r"secret\b", "a secret"), 6, "the next letter can");
    assert_eq!(open("secret$", "a secret"), 6);
    assert_eq!(open(r"\d{4}", "12 34"), 2);
    assert_eq!(open(r"\d+", "12 345"), 3);
    assert_eq!(open(r"\d+?", "12 345"), 0);
    assert_eq!(open("(?:ab)+", "abab"), 4);
    assert_eq!(open("a|ab", "a"), 0, "the engine prefers the first");
    assert_eq!(open("ab|a", "a"), 1);
    assert_eq!(open("a.*?b", "a1b22"), 0);
    assert_eq!(open("a.*b", "a1b22"), 5);
    assert_eq!(open("(?i)straße", "STRAẞ"), "STRAẞ".len());
    assert_eq!(open(r"\Aabc", "xab"), 0);
    assert_eq!(open(r"(?m)^abc", "x\nab"), 2);
    assert_eq!(open("[ä-ü]+x", "öü"), 4);
}

#[test]
fn it_begins_behind_what_has_left() {
    let growth = Growth::new(r"\babc").unwrap();
    assert_eq!(growth.open("xab", 1), 3, "no word begins there");
    assert_eq!(growth.open("x ab", 2), 2);
}

const PATTERNS: [&str; 12] = [
    "a+b",
    "ab|abc|c",
    r"\bab\b",
    "a[^c]*c",
    "(?:ab){2,3}",
    "a.?b$",
    "a*?b",
    "ä+a",
    r"(?m)^a|b$",
    r"\Ba",
    "(?:a|ab)(?:c|bcd)?",
    r"(?:[ab]c)+\b",
];

proptest! {
    /// What is found before that place is found in whatever the text becomes, and nothing else is.
    #[test]
    fn what_is_sure_stays(pattern in prop::sample::select(&PATTERNS), text in "[abcä \n]{0,12}", more in "[abcdä \n]{0,6}") {
        let (regex, growth) = (Regex::new(pattern).unwrap(), Growth::new(pattern).unwrap());
        let open = growth.open(&text, 0);
        let sure = |text: &str| -> Vec<_> {
            regex.find_iter(text).map(|found| found.range()).filter(|range| !range.is_empty() && range.start < open).collect()
        };
        let now = sure(&text);
        prop_assert!(now.iter().all(|range| range.end <= open), "{now:?} and {open}");
        prop_assert_eq!(now, sure(&format!("{text}{more}")));
    }
}
