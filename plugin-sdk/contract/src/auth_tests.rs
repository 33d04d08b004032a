use super::ModelNames;

fn matches(glob: &str, model: &str) -> bool {
    ModelNames::new([glob.to_owned()]).allow(model)
}

#[test]
fn a_star_stands_for_any_run_of_characters() {
    for (glob, model) in
        [("*", ""), ("gpt-*", "gpt-4o"), ("*-mini", "o1-mini"), ("a*b*c", "aXbbYc"), ("a**", "a")]
    {
        assert!(matches(glob, model), "{glob} {model}");
    }
    for (glob, model) in [("gpt-*", "xgpt-4"), ("*-mini", "o1-mini2"), ("", "a"), ("A*", "abc")] {
        assert!(!matches(glob, model), "{glob} {model}");
    }
}

#[test]
fn a_question_mark_stands_for_one_character() {
    for (glob, model) in [
        ("gpt-?", "gpt-4"),
        ("gpt-?o*", "gpt-4o-mini"),
        ("?", "?"),
        ("?", "\u{e9}"),
        ("??", "\u{1f30a}x"),
        ("*?", "\u{6f6e}"),
        ("*??x", "ab\u{6f6e}x"),
    ] {
        assert!(matches(glob, model), "{glob} {model}");
    }
    for (glob, model) in
        [("gpt-?", "gpt-"), ("gpt-?", "gpt-4o"), ("?", ""), ("??", "\u{e9}"), ("*??", "\u{6f6e}")]
    {
        assert!(!matches(glob, model), "{glob} {model}");
    }
}
