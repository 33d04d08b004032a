use http::{HeaderMap, HeaderValue};
use tidegate_contract::{Need, Subscription};

use super::{WantedHeaders, check_wanted};

fn fields(names: &[&str]) -> Need {
    Need::Fields(names.iter().map(|name| (*name).to_owned()).collect())
}

fn all() -> Vec<(&'static str, &'static [u8])> {
    vec![("x-a", b"1"), ("x-b", b"2"), ("x-a", b"3"), ("x-c", b"\xff")]
}

fn map(fields: &[(&'static str, &'static [u8])]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(*name, HeaderValue::from_bytes(value).unwrap());
    }
    map
}

#[test]
fn both_forms_of_a_head_give_what_was_asked_for() {
    let all = all();
    type Case<'c> = (Need, &'c [(&'static str, &'static [u8])]);
    let cases: [Case<'_>; 6] = [
        (Need::Whole, &all),
        (Need::Nothing, &[]),
        (fields(&[]), &[]),
        (fields(&["x-c", "x-a"]), &[("x-c", b"\xff"), ("x-a", b"1"), ("x-a", b"3")]),
        (fields(&["x-a", "x-a"]), &[("x-a", b"1"), ("x-a", b"3")]),
        (fields(&["x-none", "x-b"]), &[("x-b", b"2")]),
    ];
    for (need, wanted) in cases {
        let asked = WantedHeaders::new(&need);
        assert_eq!(&*asked.of_fields(&all), wanted, "{need:?}");
        assert_eq!(*asked.of_map(&map(&all)), map(wanted), "{need:?}");
    }
}

#[test]
fn a_name_that_cannot_be_is_told() {
    for name in ["X-Team", "x team", "", "größe"] {
        let subscription = Subscription { headers: fields(&["x-a", name]), ..Subscription::default() };
        let told = check_wanted(&subscription).unwrap_err().to_string();
        assert!(told.contains(&format!("the header \"{name}\"")) && told.contains("lower case"), "{told}");
    }
    assert!(check_wanted(&Subscription { headers: fields(&["x-a"]), ..Subscription::default() }).is_ok());
    assert!(check_wanted(&Subscription::default()).is_ok());
}
