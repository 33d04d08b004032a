//! What words rest on, both ways. The API knows addresses, and files of its own that nobody else has.

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::Citation;

/// The list beside a text.
pub(super) fn decode<'a>(text: &mut Fields<'a, '_>) -> Result<Vec<Citation<'a>>, Refused> {
    let place = text.place();
    let place = place.key("annotations");
    let list = text.list("annotations")?.unwrap_or_default();
    let read = |(index, annotation)| one(annotation, place.at(index));
    list.into_iter().enumerate().filter_map(|entry| read(entry).transpose()).collect()
}

/// One of them, also as a stream brings it; `None` for one that is no address.
pub(super) fn one<'a>(annotation: Json<'a>, place: Place<'_>) -> Result<Option<Citation<'a>>, Refused> {
    let mut cited = Fields::of(annotation, place)?;
    if cited.text("type")?.is_none_or(|kind| kind != "url_citation") {
        return Ok(None);
    }
    let range = cited.count("start_index")?.zip(cited.count("end_index")?);
    let (url, title) = (cited.text("url")?, cited.text("title")?);
    Ok(Some(Citation { url, title, range, ..Citation::default() }))
}

/// Where the provider does not say which words rest on it, all of the text of so many characters do.
pub(super) fn encode(citation: Citation<'_>, length: u64) -> Option<Object<'_>> {
    let (start, end) = citation.range.unwrap_or((0, length));
    Some(object! {
        "type": "url_citation",
        "start_index": start,
        "end_index": end,
        "url": citation.url?,
        "title": citation.title.unwrap_or_default(),
    })
}
