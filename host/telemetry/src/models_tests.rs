use super::{Cap, LONGEST, NAMES, OTHER, SETS, short};

#[test]
fn names_beyond_the_cap_are_other_and_known_ones_stay() {
    let cap = Cap::default();
    for number in 0..NAMES {
        let name = number.to_string();
        assert_eq!(cap.fold([&name, "", ""]), [name.as_str(), "", ""]);
    }
    assert_eq!(cap.fold(["new", "7", ""]), [OTHER, "7", ""]);
    assert_eq!(cap.fold(["3", "", ""]), ["3", "", ""]);
}

#[test]
fn known_names_in_ever_new_sets_are_other() {
    let cap = Cap::default();
    let names: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let folded = names.iter().flat_map(|a| names.iter().map(move |b| [a.as_str(), b.as_str(), ""]));
    let shown = folded.filter(|set| cap.fold(*set) == *set).count();
    assert_eq!(shown, SETS);
}

#[test]
fn a_long_name_is_cut_between_two_characters() {
    let name = "é".repeat(LONGEST);
    assert_eq!(short(Some(&name)), "é".repeat(LONGEST / 2));
    let name = format!("x{name}");
    assert_eq!(short(Some(&name)).len(), LONGEST - 1);
    assert_eq!(short(None), "");
}
