//! Where a piece of an event stream may be cut without cutting an event.

/// The length of the whole events at the start of `bytes`: everything up to and including its last empty line.
///
/// Lines end in `\n`, `\r\n` or `\r` (WHATWG HTML §9.2.6).
pub(crate) fn whole_events(bytes: &[u8]) -> usize {
    // The `\n` of this `\r` may still be on its way.
    let undecided = bytes.ends_with(b"\n\r");
    let mut end = bytes.len() - usize::from(undecided);
    while let Some(last) = bytes[..end].iter().rposition(|byte| is_break(*byte)) {
        let line_break =
            if bytes[last] == b'\n' && last > 0 && bytes[last - 1] == b'\r' { last - 1 } else { last };
        if line_break > 0 && is_break(bytes[line_break - 1]) {
            return last + 1;
        }
        end = line_break;
    }
    0
}

fn is_break(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
