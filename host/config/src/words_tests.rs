use super::{closest, hint, join, list};

#[test]
fn a_slip_of_the_keyboard_is_guessed_and_another_word_is_not() {
    let known = ["weight", "cluster", "priority", "model"];
    assert_eq!(closest("wieght", known), Some("weight"));
    assert_eq!(closest("Cluster", known), Some("cluster"));
    assert_eq!(closest("clusters", known), Some("cluster"));
    assert_eq!(closest("region", known), None);
    assert_eq!(closest("", known), None);
    assert_eq!(closest("x", []), None);
}

#[test]
fn a_hint_guesses_or_lists() {
    assert_eq!(hint("keys", "nmae", ["name", "hosts"]), "did you mean \"name\"?");
    assert_eq!(hint("keys", "zzz", ["name", "hosts"]), "known keys are \"name\" and \"hosts\"");
    assert_eq!(hint("keys", "zzz", ["name"]), "the only one known is \"name\"");
    assert_eq!(hint("clusters", "zzz", []), "there are no clusters");
}

#[test]
fn lists_read_as_sentences() {
    assert_eq!(list(&["a", "b", "c"], "or"), "\"a\", \"b\" or \"c\"");
    assert_eq!((join(&[], "or"), join(&["a".to_owned()], "or")), (String::new(), "a".to_owned()));
}
