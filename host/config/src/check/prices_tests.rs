use super::*;

#[test]
fn every_entry_of_the_catalogue_is_a_price_of_known_providers() {
    let entries: Vec<raw::Price> = serde_saphyr::from_str(include_str!("../prices.yaml")).unwrap();
    assert!(entries.len() > 50, "{}", entries.len());
    let known = crate::provider::names();
    for entry in entries {
        let name = match &entry.model {
            Globs::One(glob) => glob.clone(),
            Globs::Many(globs) => globs.join(", "),
        };
        let price = price(entry, &mut |key, problem| panic!("{name}: {key}: {problem}"));
        let providers = price.unwrap().providers.unwrap();
        assert!(providers.iter().all(|provider| known.contains(&provider.as_str())), "{providers:?}");
    }
}

#[test]
fn days_are_counted_from_1970() {
    assert_eq!(days("1970-01-01"), Some(0));
    assert_eq!(days("2024-02-29"), Some(19782));
    assert_eq!([days("2023-02-29"), days("2023-13-01"), days("1969-12-31")], [None; 3]);
}
