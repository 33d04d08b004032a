//! Addresses of hosts; those that stand for no host or for the machine itself identify nobody.

use std::net::IpAddr;

use super::Add;

/// The longest form of an address (`0000:…:255.255.255.255`).
const LONGEST: usize = 45;

pub(super) fn scan(text: &str, add: Add<'_>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !is_part(bytes[at]) {
            // A word that goes on with such signs, as `vab:12`, is no address.
            let word = bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_';
            at += 1;
            while word && bytes.get(at).is_some_and(|byte| is_part(*byte) || byte.is_ascii_alphanumeric()) {
                at += 1;
            }
            continue;
        }
        let start = at;
        while bytes.get(at).is_some_and(|byte| is_part(*byte)) {
            at += 1;
        }
        let word = bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if word {
            while bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) {
                at += 1;
            }
        } else if let Some(end) = address(text, start, at) {
            add(start, end);
        }
    }
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b':' || byte == b'.'
}

/// The end of the address at `start`: all of the word, or without the sign that ends a sentence, or without a port.
fn address(text: &str, start: usize, end: usize) -> Option<usize> {
    let word = &text[start..end];
    let trimmed = word.trim_end_matches(['.', ':']);
    let host = trimmed.split_once(':').map(|(host, _)| host).filter(|host| host.contains('.'));
    let candidates = [Some(word), Some(trimmed), host];
    let found = candidates.into_iter().flatten().find(|word| word.len() <= LONGEST && is_host(word))?;
    Some(start + found.len())
}

fn is_host(word: &str) -> bool {
    // Without a digit it is rather a path in a program, such as `abc::add`.
    if !word.contains([':', '.']) || !word.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    match word.parse() {
        Ok(IpAddr::V4(address)) => !address.is_loopback() && !address.is_unspecified(),
        Ok(IpAddr::V6(address)) => !address.is_loopback() && !address.is_unspecified(),
        Err(_) => false,
    }
}
