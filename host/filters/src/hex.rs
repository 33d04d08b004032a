//! Bytes as people write them down.

use std::fmt::Write;

/// Two digits for each byte, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A text takes whatever is written.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
