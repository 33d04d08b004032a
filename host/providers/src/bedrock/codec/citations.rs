//! What words of an answer rest on, both ways.

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::{Citation, Part};

use super::media;

/// `{content: [{text}], citations}`.
pub(super) fn decode_block<'a>(
    mut block: Fields<'a, '_>,
    unknown: &mut Vec<String>,
) -> Result<Part<'a>, Refused> {
    let place = block.place();
    let texts = media::texts(block.list("content")?.unwrap_or_default(), place.key("content"))?;
    let list = place.key("citations");
    let citation = |(index, citation)| decode(citation, list.at(index));
    let citations = block.list("citations")?.unwrap_or_default();
    let citations = citations.into_iter().enumerate().map(citation).collect::<Result<_, Refused>>()?;
    block.done(unknown);
    Ok(Part::Cited { text: joined(texts), citations })
}

/// Several texts as one.
fn joined(mut texts: Vec<Text<'_>>) -> Text<'_> {
    if texts.len() == 1 { texts.remove(0) } else { Text::Owned(texts.concat()) }
}

/// `{title, source, sourceContent, location}`.
pub(super) fn decode<'a>(citation: Json<'a>, place: Place<'_>) -> Result<Citation<'a>, Refused> {
    let mut fields = Fields::of(citation, place)?;
    let mut citation = Citation { title: fields.text("title")?, ..Citation::default() };
    if let Some(location) = fields.object("location")? {
        locate(Fields::of_object(location, place.key("location")), &mut citation)?;
    }
    let source = fields.text("source")?;
    citation.url = citation.url.or(source);
    if let Some(content) = fields.list("sourceContent")?.filter(|content| !content.is_empty()) {
        citation.quote = Some(joined(media::texts(content, place.key("sourceContent"))?));
    }
    Ok(citation)
}

/// Where a location says which document it means, and in which unit.
const UNITS: [(&str, &str, &str); 4] = [
    ("documentChar", "documentIndex", "char"),
    ("documentPage", "documentIndex", "page"),
    ("documentChunk", "documentIndex", "block"),
    ("searchResultLocation", "searchResultIndex", "block"),
];

fn locate<'a>(mut location: Fields<'a, '_>, citation: &mut Citation<'a>) -> Result<(), Refused> {
    let place = location.place();
    if let Some(web) = location.object("web")? {
        citation.url = Fields::of_object(web, place.key("web")).text("url")?;
    }
    for (key, index, unit) in UNITS {
        if let Some(within) = location.object(key)? {
            let mut within = Fields::of_object(within, place.key(key));
            citation.document = within.count(index)?;
            citation.place = within.count("start")?.zip(within.count("end")?);
            citation.place_unit = Some(Text::Borrowed(unit));
        }
    }
    Ok(())
}

/// Words with what they rest on; of what cannot be located the words alone.
pub(super) fn encode_block<'a>(text: Text<'a>, citations: Vec<Citation<'a>>) -> Object<'a> {
    let is_located = |citation: &Citation<'_>| location(citation).is_some();
    if citations.is_empty() || !citations.iter().all(is_located) {
        return object! { "text": text };
    }
    let citations: Vec<Object<'a>> = citations.into_iter().map(encode).collect();
    let content = vec![object! { "text": text }];
    object! { "citationsContent": object! { "content": content, "citations": citations } }
}

pub(super) fn encode(citation: Citation<'_>) -> Object<'_> {
    let location = location(&citation);
    let Citation { url: _, title, quote, document: _, range: _, place: _, place_unit: _, token: _ } =
        citation;
    let mut encoded = Object::default();
    encoded.set_some("title", title);
    encoded.set_some("sourceContent", quote.map(|text| vec![object! { "text": text }]));
    encoded.set_some("location", location);
    encoded
}

fn location<'a>(citation: &Citation<'a>) -> Option<Object<'a>> {
    if let (Some(document), Some((start, end))) = (citation.document, citation.place) {
        let unit = citation.place_unit.as_deref().unwrap_or("char");
        let (key, index, _) = UNITS.iter().find(|(_, _, name)| *name == unit)?;
        let mut within = Object::default();
        within.set(*index, document);
        within.set("start", start);
        within.set("end", end);
        let mut location = Object::default();
        location.set(*key, within);
        return Some(location);
    }
    let url = citation.url.clone()?;
    Some(object! { "web": object! { "url": url } })
}
