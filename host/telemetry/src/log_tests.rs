use std::env::VarError;

use super::filter;

#[test]
fn an_unset_or_empty_variable_is_info() {
    for variable in [Err(VarError::NotPresent), Ok(" ".to_owned())] {
        assert_eq!(filter(variable).unwrap().to_string(), "info");
    }
}

#[test]
fn a_target_has_its_own_level() {
    let filter = filter(Ok("warn,tidegate_proxy=trace".to_owned())).unwrap().to_string();
    assert!(filter.contains("tidegate_proxy=trace") && filter.contains("warn"), "{filter}");
}

#[test]
fn a_filter_that_does_not_parse_names_the_variable() {
    let error = filter(Ok("tidegate=loud".to_owned())).unwrap_err().to_string();
    assert!(error.starts_with("\"TIDEGATE_LOG\" is not a log filter: "), "{error}");
}
