//! JSON that stays one line for every reader, also those that break lines at more than CR and LF.

use std::io::{self, Write};

use serde_json::ser::Formatter;

/// The compact form; serde_json itself escapes the controls below U+0020.
#[derive(Debug, Default)]
pub(crate) struct OneLine;

impl Formatter for OneLine {
    /// Escapes DEL, the C1 controls (NEL among them) and U+2028/2029 as well.
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // Almost every text is plain ASCII, and goes out in one copy.
        if fragment.bytes().all(|byte| byte < 0x7f) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut written = 0;
        for (at, character) in fragment.char_indices().filter(|(_, character)| breaks(*character)) {
            writer.write_all(&fragment.as_bytes()[written..at])?;
            write!(writer, "\\u{:04x}", u32::from(character))?;
            written = at + character.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }
}

fn breaks(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}')
}
