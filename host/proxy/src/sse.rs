//! Server-sent events as values: for streams whose events filters see (WHATWG HTML section 9.2.6).

use tidegate_contract::Event;

/// What stands in a piece of whole events, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// An event with JSON data.
    Event(Event),
    /// Anything else, as it came: comments, the mark by which a stream ends, fields without data.
    Other(Vec<u8>),
}

/// Reads a piece that ends with a whole event.
pub(crate) fn read(piece: &[u8]) -> Vec<Part> {
    let text = String::from_utf8_lossy(piece);
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.split("\n\n").filter(|block| !block.trim_matches('\n').is_empty()).map(part).collect()
}

fn part(block: &str) -> Part {
    let value = |line: &'_ str, field: &str| -> Option<String> {
        let rest = line.strip_prefix(field)?;
        let value = rest.strip_prefix(':')?;
        Some(value.strip_prefix(' ').unwrap_or(value).to_owned())
    };
    let data: Vec<_> = block.split('\n').filter_map(|line| value(line, "data")).collect();
    let data = data.join("\n");
    if data.is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(&data).is_err() {
        return Part::Other(format!("{}\n\n", block.trim_matches('\n')).into_bytes());
    }
    let name = block.split('\n').filter_map(|line| value(line, "event")).next_back();
    Part::Event(Event { name, data })
}

/// Writes an event.
pub(crate) fn write(event: &Event, out: &mut Vec<u8>) {
    if let Some(name) = &event.name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    for line in event.data.split('\n') {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    out.push(b'\n');
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
