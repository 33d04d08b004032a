//! Keeps credentials out of log lines that show headers.

/// What stands in a log for a value that must not be seen.
const REDACTED: &str = "[redacted]";

/// Parts of a header's name that say its value is a credential.
const PARTS: [&str; 9] =
    ["auth", "cookie", "key", "token", "secret", "password", "signature", "credential", "session"];

/// Whether a header's value may be a credential, by its name. In doubt it is: a log line without a value costs
/// less than a leaked key.
pub fn carries_credentials(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name != ":authority" && PARTS.iter().any(|part| name.contains(part))
}

/// A header's value as a log may show it.
pub fn loggable<'a>(name: &str, value: &'a str) -> &'a str {
    if carries_credentials(name) { REDACTED } else { value }
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
