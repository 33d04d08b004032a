//! One form of a path, so that route, filter and upstream can never read it differently.

use std::borrow::Cow;

use http::Method;

/// Why a path is refused rather than repaired: two readers could disagree about what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathProblem {
    /// `*`, or the authority form of CONNECT.
    #[error("the request target must be a path that begins with \"/\"")]
    NotAPath,
    /// `//`, which some servers read as the start of an authority.
    #[error("the path has an empty segment (\"//\"); remove it")]
    EmptySegment,
    /// `.` or `..`, plain or encoded.
    #[error("the path has a \".\" or \"..\" segment; send the path that it stands for")]
    DotSegment,
    /// `;`, `\` or anything else outside RFC 3986's pchar.
    #[error("the path has a character that must be percent-encoded or is not served; remove it")]
    Character,
    /// `%2F`, `%5C`, `%00`, `%3B`: encoded forms that some servers decode before they route.
    #[error("the path has an encoded separator or control character; remove it")]
    EncodedSeparator,
    /// `%` without two hexadecimal digits.
    #[error("the path has a \"%\" that is not followed by two hexadecimal digits")]
    Escape,
}

/// The normal form (RFC 3986 §6.2.2): unreserved characters decoded, escapes in upper case, nothing ambiguous.
///
/// Applied to its own result it changes nothing. Borrowed where the path is in normal form already.
pub(crate) fn normalise(path: &str) -> Result<Cow<'_, str>, PathProblem> {
    if !path.starts_with('/') {
        return Err(PathProblem::NotAPath);
    }
    let normal = if path.contains('%') { Cow::Owned(decode_unreserved(path)?) } else { Cow::Borrowed(path) };
    check_characters(&normal)?;
    check_segments(&normal)?;
    Ok(normal)
}

/// `%2F` in a model's name as the slash that it stands for: OpenAI's clients encode it in `/v1/models/{id}`, Bedrock's in
/// the ARN of `/model/{arn}/converse`.
///
/// Only for requests whose path ends at the gateway, or is written anew: what is left means the same as when the slash is
/// sent as it is, and is normalised as any path.
pub(crate) fn with_plain_model<'a>(method: &Method, path: &'a str) -> Cow<'a, str> {
    let has_model = || match *method {
        Method::GET | Method::HEAD => path.starts_with("/v1/models/"),
        Method::POST => {
            let is_converse = path.ends_with("/converse") || path.ends_with("/converse-stream");
            path.starts_with("/model/") && is_converse
        }
        _ => false,
    };
    if (path.contains("%2F") || path.contains("%2f")) && has_model() {
        return Cow::Owned(path.replace("%2F", "/").replace("%2f", "/"));
    }
    Cow::Borrowed(path)
}

fn check_characters(path: &str) -> Result<(), PathProblem> {
    let legal = |byte: u8| is_unreserved(byte) || b"/%:@!$&'()*+,=".contains(&byte);
    if path.bytes().all(legal) { Ok(()) } else { Err(PathProblem::Character) }
}

fn check_segments(path: &str) -> Result<(), PathProblem> {
    let mut segments = path[1..].split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." | ".." => return Err(PathProblem::DotSegment),
            // A slash at the end is legal; an empty segment before another is not.
            "" if segments.peek().is_some() => return Err(PathProblem::EmptySegment),
            _ => {}
        }
    }
    Ok(())
}

fn decode_unreserved(path: &str) -> Result<String, PathProblem> {
    let mut normal = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        normal.push_str(before);
        let byte = escaped_byte(after).ok_or(PathProblem::Escape)?;
        push_byte(&mut normal, byte)?;
        rest = &after[2..];
    }
    normal.push_str(rest);
    Ok(normal)
}

fn escaped_byte(after_percent: &str) -> Option<u8> {
    let digits = after_percent.get(..2)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u8::from_str_radix(digits, 16).ok()
}

fn push_byte(normal: &mut String, byte: u8) -> Result<(), PathProblem> {
    if is_unreserved(byte) {
        normal.push(char::from(byte));
    } else if byte < 0x20 || byte == 0x7f || b"/\\;".contains(&byte) {
        return Err(PathProblem::EncodedSeparator);
    } else {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        normal.push('%');
        normal.push(char::from(HEX[usize::from(byte >> 4)]));
        normal.push(char::from(HEX[usize::from(byte & 15)]));
    }
    Ok(())
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
