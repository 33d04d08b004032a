//! Names of keys, and which of them lie in one slot of a cluster.
//!
//! A script may touch only keys of one slot, and braces in a key say which: what stands between them is all that counts. The
//! limits of one filter for one caller differ in the middle of their keys only, so that they share a slot, and one script
//! reserves all of them. Other reservations are made slot by slot.

use tidegate_pipeline::Want;

use super::settings::BadSettings;

/// Stands in the keys of limits before and after what one filter counts in different ways.
const SEPARATOR: char = '\u{1f}';

/// Makes the names of keys.
#[derive(Clone)]
pub(super) struct Keys {
    prefix: String,
    is_cluster: bool,
}

/// Wants of one reservation that lie in one slot.
pub(super) struct Group {
    /// What stands between the braces; nothing where there is only one slot.
    pub(super) tag: Option<String>,
    /// Their places in the reservation.
    pub(super) places: Vec<usize>,
}

impl Keys {
    pub(super) fn new(prefix: String, is_cluster: bool) -> Result<Self, BadSettings> {
        if prefix.contains(['{', '}']) {
            return Err(BadSettings::Prefix(prefix.escape_debug().to_string()));
        }
        Ok(Self { prefix, is_cluster })
    }

    pub(super) fn is_cluster(&self) -> bool {
        self.is_cluster
    }

    /// A value of a plugin.
    pub(super) fn value(&self, key: &str) -> String {
        format!("{}v:{key}", self.prefix)
    }

    /// A table of records, its revision, and the list of its newest changes.
    pub(super) fn table(&self, table: &str) -> [String; 3] {
        let name = format!("{}t:{{{table}}}", self.prefix);
        let (revision, changes) = (format!("{name}:revision"), format!("{name}:changes"));
        [name, revision, changes]
    }

    /// A counter of a limit; the same where there is no cluster, so that a server can become one.
    pub(super) fn counter(&self, key: &str) -> String {
        format!("{}q:{{{}}}:{key}", self.prefix, tag(key))
    }

    /// What was reserved in one slot.
    pub(super) fn record(&self, tag: Option<&str>, id: &str) -> String {
        match tag {
            Some(tag) => format!("{}r:{{{tag}}}:{id}", self.prefix),
            None => format!("{}r:{id}", self.prefix),
        }
    }

    /// In which slots a reservation was made.
    pub(super) fn index(&self, id: &str) -> String {
        format!("{}i:{id}", self.prefix)
    }

    /// The wants by slot, in the order of the first of each.
    pub(super) fn groups(&self, wants: &[Want]) -> Vec<Group> {
        if !self.is_cluster {
            return vec![Group { tag: None, places: (0..wants.len()).collect() }];
        }
        let mut groups: Vec<Group> = Vec::new();
        for (place, want) in wants.iter().enumerate() {
            let tag = Some(tag(&want.key));
            match groups.iter_mut().find(|group| group.tag == tag) {
                Some(group) => group.places.push(place),
                None => groups.push(Group { tag, places: vec![place] }),
            }
        }
        groups
    }
}

/// Of what stands before the first and after the last separator, which may be anything, a word without braces.
fn tag(key: &str) -> String {
    let first = key.find(SEPARATOR).unwrap_or(key.len());
    let last = key.rfind(SEPARATOR).unwrap_or(key.len());
    format!("{:016x}", fnv(key[..first].bytes().chain(key[last..].bytes())))
}

/// FNV-1a of 64 bits: the same in every gateway, which the hash of the standard library is not.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
