//! Finds what may identify a person or open a door. Each scanner reads the text once; none goes back by more than a match.
//!
//! Plugins and built-in filters share it, so it depends on no more than a reader of JSON and stays small in a component.

#![forbid(unsafe_code)]

mod arguments;
mod card;
mod digits;
mod email;
mod iban;
mod ip;
mod phone;
mod secret;
mod ssn;
mod stream;

pub use arguments::{Token, tokens};
pub use stream::{Arriving, Judged, judge, open_end};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// The number of a payment card, with a good check digit.
    Card,
    /// An international account number, with good check digits.
    Iban,
    /// A social security number of the USA.
    Ssn,
    /// An IPv4 or IPv6 address of a host.
    Ip,
    /// A key or token of a known shape.
    Secret,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Email, Self::Phone, Self::Card, Self::Iban, Self::Ssn, Self::Ip, Self::Secret];

    /// The name in configurations and findings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Ssn => "ssn",
            Self::Ip => "ip",
            Self::Secret => "secret",
        }
    }

    /// The category of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == name)
    }
}

/// Bytes `start..end` of the text, both on borders of characters: a match is ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// The first byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
    /// What it is.
    pub category: Category,
}

/// All matches of these categories, in order and without overlap: of two that overlap the one that begins first stays, of
/// two that begin together the longer one.
pub fn find(text: &str, detect: &[Category]) -> Vec<Match> {
    let mut found: Vec<Match> = Vec::new();
    for category in detect {
        found = merged(&found, &scan(text, *category));
    }
    let mut free = 0;
    found.retain(|found| {
        let keep = found.start >= free;
        if keep {
            free = found.end;
        }
        keep
    });
    found
}

/// The matches of one category, in order.
fn scan(text: &str, category: Category) -> Vec<Match> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut add = |start, end| found.push(Match { start, end, category });
    match category {
        Category::Email => email::scan(bytes, &mut add),
        Category::Phone => phone::scan(bytes, &mut add),
        Category::Card => card::scan(bytes, &mut add),
        Category::Iban => iban::scan(bytes, &mut add),
        Category::Ssn => ssn::scan(bytes, &mut add),
        Category::Ip => ip::scan(text, &mut add),
        Category::Secret => secret::scan(bytes, &mut add),
    }
    found
}

/// Two lists that are in order, as one. A tenth of the code of a sort.
fn merged(left: &[Match], right: &[Match]) -> Vec<Match> {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut all = Vec::new();
    loop {
        let next = match (left.peek(), right.peek()) {
            (Some(one), Some(other)) if order(other) < order(one) => right.next(),
            (Some(_), _) => left.next(),
            (None, _) => right.next(),
        };
        match next {
            Some(found) => all.push(*found),
            None => return all,
        }
    }
}

fn order(found: &Match) -> (usize, std::cmp::Reverse<usize>) {
    (found.start, std::cmp::Reverse(found.end))
}

/// Where a scanner puts what it found: start and end.
type Add<'a> = &'a mut dyn FnMut(usize, usize);

/// Whether a match may begin or end here: no letter, digit or part of a wider character next to it.
fn is_border(byte: Option<&u8>) -> bool {
    byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
}

fn before(bytes: &[u8], at: usize) -> Option<&u8> {
    at.checked_sub(1).and_then(|at| bytes.get(at))
}

#[cfg(test)]
#[path = "lib_tests.rs"]
mod tests;
