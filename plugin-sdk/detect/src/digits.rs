//! Runs of digits in groups: `4111 1111 1111 1111`, `078-05-1120`.

/// Digits next to each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Group {
    pub(super) fn len(self) -> usize {
        self.end - self.start
    }
}

/// Calls `each` with the groups of every run: groups that one of `separators` parts, once between each two.
pub(super) fn runs(bytes: &[u8], separators: &[u8], mut each: impl FnMut(&[Group])) {
    let mut groups: Vec<Group> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        let goes_on =
            groups.last().is_some_and(|last| last.end + 1 == start && separators.contains(&bytes[last.end]));
        if !goes_on && !groups.is_empty() {
            each(&groups);
            groups.clear();
        }
        groups.push(Group { start, end: at });
    }
    if !groups.is_empty() {
        each(&groups);
    }
}
