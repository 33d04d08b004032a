//! Ids of calls as the APIs that demand them take them: letters, digits, `-` and `_`, and never none.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::json::Text;

/// The calls of a conversation that have no id yet, so that what answers them gets the same.
#[derive(Debug)]
pub(crate) struct Ids {
    /// What ids that are made here begin with.
    prefix: &'static str,
    /// Bytes that an id may have.
    longest: usize,
    calls: u64,
    nameless: VecDeque<(String, String)>,
}

impl Ids {
    pub(crate) fn new(prefix: &'static str, longest: usize) -> Self {
        Self { prefix, longest, calls: 0, nameless: VecDeque::new() }
    }

    /// The id of the next call. Providers without ids leave it empty; then the position in the conversation is one.
    pub(crate) fn of_call<'a>(&mut self, id: Text<'a>, tool: &str) -> Text<'a> {
        self.calls += 1;
        if !id.is_empty() {
            return self.safe(id);
        }
        let id = format!("{}{}", self.prefix, self.calls);
        self.nameless.push_back((tool.to_owned(), id.clone()));
        Cow::Owned(id)
    }

    /// The id of the call that is answered: without one, the first open call of that tool, else the first at all.
    pub(crate) fn of_result<'a>(&mut self, id: Text<'a>, tool: Option<&str>) -> Text<'a> {
        if !id.is_empty() {
            return self.safe(id);
        }
        let same = |(name, _): &(String, String)| tool.is_some_and(|tool| tool == name);
        let at = self.nameless.iter().position(same).unwrap_or(0);
        self.nameless
            .remove(at)
            .map_or_else(|| Cow::Owned(format!("{}0", self.prefix)), |(_, id)| Cow::Owned(id))
    }

    /// The same id for the same, and another for another.
    fn safe<'a>(&self, id: Text<'a>) -> Text<'a> {
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if id.len() <= self.longest && id.bytes().all(is_safe) {
            return id;
        }
        // What was replaced or left out is told apart by its hash.
        let mark = format!("_{:08x}", hash(&id));
        let replace = |char: char| if u8::try_from(char).is_ok_and(is_safe) { char } else { '_' };
        let mut safe: String =
            id.chars().map(replace).take(self.longest.saturating_sub(mark.len())).collect();
        safe.push_str(&mark);
        Cow::Owned(safe)
    }
}

/// FNV-1a, which stays the same in every version of the gateway.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
