use super::*;
use crate::check::endpoint_problem;

#[test]
fn every_line_of_the_table_is_a_provider() {
    assert!(TABLE.len() > 30);
    for (name, line) in TABLE.iter() {
        assert!(!is_taken(name), "{name} has code of its own");
        let endpoint = line.endpoint.as_deref().unwrap_or_else(|| panic!("{name} has no endpoint"));
        assert_eq!(endpoint_problem(endpoint), None, "{name}");
        let prefix = &line.path_prefix;
        assert!(prefix.is_empty() || (prefix.starts_with('/') && !prefix.ends_with('/')), "{name}");
        let found = by_name(name, &IndexMap::new());
        assert!(matches!(found, Some(Provider::Compatible(found)) if found.name == *name));
    }
}

#[test]
fn a_line_of_the_configuration_takes_the_place_of_one_of_the_table() {
    let line = raw::Compatible {
        endpoint: None,
        path_prefix: "/v9".into(),
        responses: true,
        tokenize: false,
        rerank: None,
        words: raw::Words::Mistral,
    };
    let added = IndexMap::from([("groq".to_owned(), line)]);
    let found = by_name("groq", &added).unwrap();
    assert_eq!((found.prefix(), found.needs()), (Some("/v9"), &["endpoint"][..]));
}
