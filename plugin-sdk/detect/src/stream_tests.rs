use super::{Arriving, judge};
use crate::Category;

fn text(content: &str, released: usize, complete: bool) -> Arriving<'_> {
    Arriving { content, released, complete }
}

/// Plays the host: adds a part, releases what is not held, with `*` for what was found.
fn streamed(parts: &[&str]) -> String {
    let (mut arrived, mut released, mut out) = (String::new(), 0, String::new());
    for (index, part) in parts.iter().enumerate() {
        arrived.push_str(part);
        let judged = judge(&text(&arrived, released, index + 1 == parts.len()), &Category::ALL, 256);
        let end = arrived.len() - judged.hold;
        for found in judged.matches {
            assert!(found.end <= end, "an edit in what is held");
            out.push_str(&arrived[released..found.start]);
            out.push('*');
            released = found.end;
        }
        out.push_str(&arrived[released..end]);
        released = end;
    }
    out
}

#[test]
fn a_split_at_any_place_changes_nothing() {
    let texts = [
        "Hi, alice@example.com and +49 30 1234567, bye.",
        "Card 4111 1111 1111 1111 und größer: 2001:db8::1.",
        "IBAN DE89 3704 0044 0532 0130 00, ssn 078-05-1120, (202) 555-0123; key sk-abcdEFGH1234ijklMNOP5678 end",
    ];
    for content in texts {
        let whole = streamed(&[content]);
        assert!(whole.contains('*') && !whole.contains("alice@"));
        for at in (0..content.len()).filter(|at| content.is_char_boundary(*at)) {
            assert_eq!(streamed(&[&content[..at], &content[at..]]), whole, "split at {at}");
        }
        let characters: Vec<String> = content.chars().map(String::from).collect();
        let characters: Vec<&str> = characters.iter().map(String::as_str).collect();
        assert_eq!(streamed(&characters), whole, "a character at a time");
    }
}

#[test]
fn plain_words_are_let_go_but_for_the_last() {
    assert_eq!(judge(&text("these are words", 0, false), &Category::ALL, 256).hold, "words".len());
    assert_eq!(judge(&text("these are words. ", 0, false), &Category::ALL, 256).hold, "words. ".len());
    assert_eq!(judge(&text("these are words", 0, true), &Category::ALL, 256).hold, 0);
}

#[test]
fn what_has_left_is_not_edited() {
    let judged = judge(&text("alice@example.com is here", 6, true), &Category::ALL, 256);
    assert_eq!((judged.matches[0].start, judged.matches[0].end), (6, 17));
    let judged = judge(&text("alice@example.com is here", 17, true), &Category::ALL, 256);
    assert!(judged.matches.is_empty());
}

#[test]
fn never_more_is_held_than_the_longest_match() {
    let judged = judge(&text(&"a".repeat(1000), 0, false), &Category::ALL, 256);
    assert_eq!(judged.hold, 256);
}
