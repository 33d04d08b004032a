//! What words of an answer rest on: `groundingMetadata` and `citationMetadata` as citations, and back.
//!
//! The API counts in bytes of the text, citations in characters.

use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::request::{Block, Citation, Part};

/// The citations of a candidate, whose text is given.
pub(super) fn decode<'a>(
    grounding: Option<Json<'a>>,
    citation: Option<Json<'a>>,
    text: &str,
) -> Vec<Citation<'a>> {
    let mut citations = grounding.map(|grounding| grounded(grounding, text)).unwrap_or_default();
    let Some(Json::Object(mut metadata)) = citation else { return citations };
    let sources = metadata.take("citationSources").or_else(|| metadata.take("citations"));
    for source in list(sources) {
        let Json::Object(mut source) = source else { continue };
        let range = range(&Json::from(source.clone()), text);
        let mut word = |key: &str| source.take(key).map(Json::into_text);
        citations.push(Citation { url: word("uri"), title: word("title"), range, ..Citation::default() });
    }
    citations
}

fn list(value: Option<Json<'_>>) -> Vec<Json<'_>> {
    if let Some(Json::List(values)) = value { values } else { Vec::new() }
}

/// Each support with each of its chunks; chunks alone where nothing says which words rest on them.
fn grounded<'a>(grounding: Json<'a>, text: &str) -> Vec<Citation<'a>> {
    let Json::Object(mut grounding) = grounding else { return Vec::new() };
    let chunks: Vec<Option<Citation<'a>>> =
        list(grounding.take("groundingChunks")).into_iter().map(chunk).collect();
    let supports = list(grounding.take("groundingSupports"));
    if supports.is_empty() {
        return chunks.into_iter().flatten().collect();
    }
    let mut citations = Vec::new();
    for support in supports {
        let range = support.at(&["segment"]).and_then(|segment| range(segment, text));
        let Some(Json::List(indices)) = support.at(&["groundingChunkIndices"]) else { continue };
        let of = |index: &Json<'_>| chunks.get(usize::try_from(index.as_u64()?).ok()?)?.clone();
        citations.extend(indices.iter().filter_map(of).map(|citation| Citation { range, ..citation }));
    }
    citations
}

/// A page, or a passage of a document.
fn chunk(chunk: Json<'_>) -> Option<Citation<'_>> {
    let Json::Object(mut chunk) = chunk else { return None };
    let kinds = ["web", "retrievedContext", "maps", "image"];
    let Json::Object(mut source) = kinds.iter().find_map(|kind| chunk.take(kind))? else { return None };
    let mut word = |key: &str| source.take(key).map(Json::into_text);
    let url = word("uri").or_else(|| word("sourceUri"));
    Some(Citation { url, title: word("title"), quote: word("text"), ..Citation::default() })
}

/// From bytes to characters. What the beginning of a text is, is not said.
fn range(segment: &Json<'_>, text: &str) -> Option<(u64, u64)> {
    let count = |key: &str| segment.at(&[key]).and_then(Json::as_u64);
    let to = count("endIndex")?;
    let from = count("startIndex").unwrap_or(0).min(to);
    let characters = |bytes: u64| {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        text.char_indices().take_while(|(at, _)| *at < bytes).count() as u64
    };
    Some((characters(from), characters(to)))
}

/// The text of an answer, without its thoughts.
pub(super) fn text_of(blocks: &[Block<'_>]) -> String {
    blocks.iter().filter_map(|block| text_of_part(&block.part)).collect()
}

fn text_of_part<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    match part {
        Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) => Some(text),
        _ => None,
    }
}

/// Gives each citation to the text in which it begins, or to the last.
pub(super) fn attach<'a>(blocks: &mut [Block<'a>], citations: Vec<Citation<'a>>) {
    for citation in citations {
        let from = citation.range.map_or(u64::MAX, |(from, _)| from);
        let mut end = 0;
        let mut found = None;
        for (at, block) in blocks.iter().enumerate() {
            let (Part::Text(text) | Part::Cited { text, .. }) = &block.part else { continue };
            if found.is_none() || end <= from {
                found = Some(at);
            }
            end += text.chars().count() as u64;
        }
        let Some(block) = found.and_then(|at| blocks.get_mut(at)) else { return };
        match &mut block.part {
            Part::Cited { citations, .. } => citations.push(citation),
            part => {
                let text = if let Part::Text(text) = part { std::mem::take(text) } else { Text::default() };
                *part = Part::Cited { text, citations: vec![citation] };
            }
        }
    }
}

/// `groundingMetadata` of a whole answer.
pub(super) fn of_blocks<'a>(blocks: &[Block<'a>]) -> Option<Object<'a>> {
    let citations = collect(blocks);
    if citations.is_empty() { None } else { encode(citations, &text_of(blocks)) }
}

/// The citations of blocks; those that do not say which words rest on them get all of their block.
fn collect<'a>(blocks: &[Block<'a>]) -> Vec<Citation<'a>> {
    let mut collected = Vec::new();
    let mut from = 0;
    for block in blocks {
        let to = from + text_of_part(&block.part).map_or(0, |text| text.chars().count() as u64);
        if let Part::Cited { citations, .. } = &block.part {
            let ranged =
                |one: &Citation<'a>| Citation { range: one.range.or(Some((from, to))), ..one.clone() };
            collected.extend(citations.iter().map(ranged));
        }
        from = to;
    }
    collected
}

/// `groundingMetadata`; `None` where nothing is cited.
pub(super) fn encode<'a>(citations: Vec<Citation<'a>>, text: &str) -> Option<Object<'a>> {
    let (mut chunks, mut supports) = (Vec::<Object<'a>>::new(), Vec::new());
    for citation in citations {
        let Citation { url, title, quote, range, document: _, place: _, place_unit: _, token: _ } = citation;
        let kind = if url.is_some() && quote.is_none() { "web" } else { "retrievedContext" };
        let mut source = Object::default();
        source.set_some("uri", url);
        source.set_some("title", title);
        source.set_some("text", quote);
        let mut chunk = Object::default();
        chunk.set(kind, source);
        let index = chunks.iter().position(|known| *known == chunk).unwrap_or_else(|| {
            chunks.push(chunk);
            chunks.len() - 1
        });
        if let Some((from, to)) = range {
            supports.push(object! {
                "segment": segment(from, to, text),
                "groundingChunkIndices": vec![index as u64],
            });
        }
    }
    let mut grounding = Object::default();
    if chunks.is_empty() {
        return None;
    }
    grounding.set("groundingChunks", chunks);
    if !supports.is_empty() {
        grounding.set("groundingSupports", supports);
    }
    Some(grounding)
}

/// From characters to bytes.
fn segment(from: u64, to: u64, text: &str) -> Object<'static> {
    let byte = |characters: u64| {
        let characters = usize::try_from(characters).unwrap_or(usize::MAX);
        text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at)
    };
    let (from, to) = (byte(from), byte(to));
    let mut segment = Object::default();
    if from > 0 {
        segment.set("startIndex", from as u64);
    }
    segment.set("endIndex", to as u64);
    segment.set("text", text.get(from..to).unwrap_or_default().to_owned());
    segment
}

#[cfg(test)]
#[path = "grounding_tests.rs"]
mod tests;
