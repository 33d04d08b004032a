//! The form of AWS's shared files: sections of `name = value`, nested values indented below an empty one.

use std::collections::BTreeMap;

/// Values of one section.
pub(crate) type Section = BTreeMap<String, String>;

/// Sections by their whole names, such as `profile dev`. What cannot be read is passed over, as AWS's own tools do; a later
/// section of the same name adds to the one before.
pub(crate) fn parse(text: &str) -> BTreeMap<String, Section> {
    let mut sections: BTreeMap<String, Section> = BTreeMap::new();
    let mut current = None;
    for line in text.lines().filter(|line| !is_comment(line)) {
        if let Some(rest) = line.strip_prefix('[') {
            current = rest.split_once(']').map(|(name, _)| spaced(name));
        } else if let (Some(name), Some((key, value))) = (&current, property(line)) {
            sections.entry(name.clone()).or_default().insert(key, value);
        }
        if let Some(name) = current.as_ref().filter(|_| line.starts_with('[')) {
            sections.entry(name.clone()).or_default();
        }
    }
    sections
}

fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with(['#', ';'])
}

/// One line of a section; an indented one belongs to the value before it, which nothing here reads.
fn property(line: &str) -> Option<(String, String)> {
    if line.starts_with([' ', '\t']) {
        return None;
    }
    let (key, value) = line.split_once('=')?;
    let end = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| value.find(mark)).min();
    let value = value.get(..end.unwrap_or(value.len())).unwrap_or(value);
    Some((key.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

/// `profile   dev` and `profile dev` are one.
fn spaced(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "ini_tests.rs"]
mod tests;
