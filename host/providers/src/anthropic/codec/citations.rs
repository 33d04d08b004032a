//! What words rest on, both ways.

use crate::exchange::fields::Fields;
use crate::exchange::json::{Json, Object, Text, object};
use crate::exchange::place::Place;
use crate::exchange::refused::Refused;
use crate::exchange::request::Citation;

/// The list beside a text. Kinds that nobody knows yet are left out: the text says the same without them.
pub(super) fn decode<'a>(text: &mut Fields<'a, '_>) -> Result<Vec<Citation<'a>>, Refused> {
    let place = text.place();
    let place = place.key("citations");
    let list = text.list("citations")?.unwrap_or_default();
    let read = |(index, citation)| one(citation, place.at(index));
    list.into_iter().enumerate().filter_map(|entry| read(entry).transpose()).collect()
}

/// One of them, also as a stream brings it.
pub(super) fn one<'a>(citation: Json<'a>, place: Place<'_>) -> Result<Option<Citation<'a>>, Refused> {
    let mut fields = Fields::of(citation, place)?;
    let kind = fields.need_text("type")?;
    let mut read = Citation {
        title: fields.text("document_title")?.or(fields.text("title")?),
        quote: fields.text("cited_text")?,
        document: fields.count("document_index")?,
        ..Citation::default()
    };
    let unit = match &*kind {
        "char_location" => ["char", "start_char_index", "end_char_index"],
        "page_location" => ["page", "start_page_number", "end_page_number"],
        "content_block_location" => ["block", "start_block_index", "end_block_index"],
        "search_result_location" => {
            read.url = Some(fields.text("source")?.unwrap_or_default());
            read.document = fields.count("search_result_index")?;
            ["block", "start_block_index", "end_block_index"]
        }
        "web_search_result_location" => {
            read.url = fields.text("url")?;
            read.token = fields.text("encrypted_index")?;
            return Ok(Some(read));
        }
        _ => return Ok(None),
    };
    let [unit, from, to] = unit;
    read.place = fields.count(from)?.zip(fields.count(to)?);
    read.place_unit = Some(Text::Borrowed(unit));
    Ok(Some(read))
}

/// `None` for one that names neither an address nor a place in a document: the API has no words for it.
pub(super) fn encode(citation: Citation<'_>) -> Option<Object<'_>> {
    // Where in the answer the words are: the API says it by where the citation stands.
    let Citation { url, title, quote, document, range: _, place, place_unit, token } = citation;
    let quote = quote.unwrap_or_default();
    let ((from, to), unit) = match (url, place.zip(place_unit)) {
        // Of a client's own search.
        (Some(url), Some(((from, to), unit))) if unit == "block" => {
            return Some(object! {
                "type": "search_result_location",
                "cited_text": quote,
                "search_result_index": document.unwrap_or(0),
                "source": url,
                "title": title,
                "start_block_index": from,
                "end_block_index": to,
            });
        }
        (Some(url), _) => {
            return Some(object! {
                "type": "web_search_result_location",
                "cited_text": quote,
                "url": url,
                "title": title,
                "encrypted_index": token.unwrap_or_default(),
            });
        }
        (None, span) => span?,
    };
    let [kind, start, end] = match &*unit {
        "char" => ["char_location", "start_char_index", "end_char_index"],
        "page" => ["page_location", "start_page_number", "end_page_number"],
        _ => ["content_block_location", "start_block_index", "end_block_index"],
    };
    let mut cited = object! { "type": kind, "cited_text": quote, "document_index": document.unwrap_or(0) };
    cited.set("document_title", title);
    cited.set(start, from);
    cited.set(end, to);
    Some(cited)
}

/// Of an earlier turn. The provider does not take back a page of the web that it did not find itself.
pub(super) fn encode_earlier(citation: Citation<'_>) -> Option<Object<'_>> {
    let is_known = citation.url.is_none() || citation.token.is_some() || citation.place.is_some();
    if is_known { encode(citation) } else { None }
}
