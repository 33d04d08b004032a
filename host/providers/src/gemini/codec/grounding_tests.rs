//! Tests of citations.

use proptest::prelude::*;

use super::*;

fn citation(url: &str, range: Option<(u64, u64)>) -> Citation<'_> {
    Citation { url: Some(url.into()), range, ..Citation::default() }
}

#[test]
fn chunks_that_nothing_rests_on_in_particular_are_cited_without_a_place() {
    let metadata = Json::read(br#"{"groundingChunks":[{"web":{"uri":"u"}},{"other":{}},3]}"#).unwrap();
    assert_eq!(decode(Some(metadata), None, "text"), [citation("u", None)]);
}

#[test]
fn odd_metadata_do_no_harm() {
    for metadata in [
        "3",
        "[]",
        r#"{"groundingSupports":[{"groundingChunkIndices":[7,"a",-1]}]}"#,
        r#"{"groundingChunks":{},"groundingSupports":[{"segment":{"endIndex":99},"groundingChunkIndices":[0]}]}"#,
    ] {
        let read = || Json::read(metadata.as_bytes()).ok();
        assert_eq!(decode(read(), read(), "é"), []);
    }
}

#[test]
fn places_beyond_the_text_are_at_its_end() {
    let sources = Json::read(br#"{"citations":[{"startIndex":90,"endIndex":99,"uri":"u"}]}"#).unwrap();
    assert_eq!(decode(None, Some(sources), "éa"), [citation("u", Some((2, 2)))]);
    assert_eq!(segment(7, 3, "éa").get("text"), Some(&Json::from("")));
}

#[test]
fn a_citation_belongs_to_the_words_in_which_it_begins() {
    let text = |text: &'static str| Block::new(Part::Text(text.into()));
    let mut blocks = vec![text("één"), Block::new(Part::Refusal("no".into())), text("two")];
    attach(&mut blocks, vec![citation("a", Some((2, 5))), citation("b", Some((3, 4))), citation("c", None)]);
    let cited = |block: &Block<'_>| match &block.part {
        Part::Cited { citations, .. } => {
            citations.iter().filter_map(|one| one.url.clone()).collect::<String>()
        }
        _ => String::new(),
    };
    assert_eq!(blocks.iter().map(cited).collect::<Vec<_>>(), ["a", "", "bc"]);
    let mut silent = Vec::new();
    attach(&mut silent, vec![citation("a", None)]);
    assert_eq!(silent, []);
}

proptest! {
    #[test]
    fn places_survive_the_change_of_units(text in "[aé€😀]{1,20}", from in 0_u64..20, length in 0_u64..20) {
        let characters = text.chars().count() as u64;
        let from = from.min(characters);
        let to = (from + length).min(characters);
        let cited = vec![citation("u", Some((from, to)))];
        let metadata = encode(cited.clone(), &text).map(Json::from);
        prop_assert_eq!(decode(metadata, None, &text), cited);
    }
}
