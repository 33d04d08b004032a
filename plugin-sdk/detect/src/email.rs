//! E-mail addresses, by their `@`.

use super::{Add, before};

/// The longest local part (RFC 5321 section 4.5.3.1.1).
const LOCAL: usize = 64;

pub(super) fn scan(bytes: &[u8], add: Add<'_>) {
    let mut free = 0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'@') {
        let least = free.max(at.saturating_sub(LOCAL));
        let mut start = at;
        while start > least && is_local(bytes[start - 1]) {
            start -= 1;
        }
        while start < at && bytes[start] == b'.' {
            start += 1;
        }
        if let Some(end) = domain(bytes, at + 1).filter(|_| start < at && before(bytes, at) != Some(&b'.')) {
            add(start, end);
            free = end;
        }
    }
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._%+-'!#$&*=?^{}|~".contains(&byte)
}

/// The end of a host name with at least two labels, the last of them letters.
fn domain(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut label, mut dots, mut good) = (start, start, 0, None);
    while at < bytes.len() && at - start <= 253 {
        let byte = bytes[at];
        if byte == b'.' && at > label {
            dots += 1;
            label = at + 1;
        } else if !byte.is_ascii_alphanumeric() && byte != b'-' {
            break;
        }
        at += 1;
        // The longest prefix that is a name: `x@a.de.` and `x@a.de-` end before the sign.
        let last = &bytes[label..at];
        if dots > 0 && last.len() >= 2 && last.iter().all(u8::is_ascii_alphabetic) {
            good = Some(at);
        }
    }
    good
}
