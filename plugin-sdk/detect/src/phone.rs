//! Telephone numbers: `+49 30 1234567`, `(202) 555-0123`, `030 1234567`.

use super::{Add, before, is_border};

/// Most bytes of a number with its separators.
const LONGEST: usize = 32;

pub(super) fn scan(bytes: &[u8], add: Add<'_>) {
    let mut at = 0;
    while at < bytes.len() {
        let starts = matches!(bytes[at], b'+' | b'(') || bytes[at].is_ascii_digit();
        if !starts || !may_start(bytes, at) {
            at += 1;
            continue;
        }
        let number = Number::read(bytes, at);
        if number.is_phone() && is_border(bytes.get(number.end)) {
            add(at, number.end);
            at = number.end;
        } else {
            // Past the digits of its first group: the next group may begin one of its own.
            at += 1;
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
        }
    }
}

/// Nothing before it that would make it part of something longer, such as a version or a sum.
fn may_start(bytes: &[u8], at: usize) -> bool {
    let before = before(bytes, at);
    is_border(before) && !before.is_some_and(|byte| b"+.,-/:#$=&".contains(byte))
}

/// What looks like one number.
struct Number {
    first: u8,
    end: usize,
    /// Digits of each group, at most eight groups.
    groups: [usize; 8],
    /// The first digit of each group.
    leads: [u8; 8],
    count: usize,
}

impl Number {
    /// Takes digits, single separators between them, and brackets.
    fn read(bytes: &[u8], start: usize) -> Self {
        let mut number = Self { first: bytes[start], end: start, groups: [0; 8], leads: [0; 8], count: 0 };
        let mut at = start;
        let mut open = true;
        while at < bytes.len() && at - start < LONGEST {
            let byte = bytes[at];
            if byte.is_ascii_digit() {
                if open && !number.group(byte) {
                    break;
                }
                open = false;
                number.groups[number.count - 1] += 1;
                number.end = at + 1;
            } else if at == start || (b" -.()/".contains(&byte) && goes_on(bytes, at)) {
                open = true;
            } else {
                break;
            }
            at += 1;
        }
        number
    }

    fn group(&mut self, digit: u8) -> bool {
        if self.count == self.groups.len() {
            return false;
        }
        self.leads[self.count] = digit;
        self.count += 1;
        true
    }

    fn is_phone(&self) -> bool {
        let groups = &self.groups[..self.count];
        let digits: usize = groups.iter().sum();
        let zero = self.leads[0] == b'0';
        if self.first == b'+' {
            return (8..=15).contains(&digits) && !zero;
        }
        // North America: area code and exchange, neither of which begins with 0 or 1, and line; perhaps behind a 1.
        if let [3, 3, 4] | [1, 3, 3, 4] = groups {
            return self.leads[self.count - 3..self.count - 1].iter().all(|lead| *lead >= b'2');
        }
        // Elsewhere: a leading 0, and groups that tell it from a bare number. Three, two and four are another number.
        zero && self.count >= 2 && (9..=15).contains(&digits) && !matches!(groups, [3, 2, 4])
    }
}

/// Whether a digit follows within this separator and at most two more, as in `(202) 555`.
fn goes_on(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at + 1..bytes.len().min(at + 3)];
    match rest.iter().position(u8::is_ascii_digit) {
        Some(0) => true,
        Some(1) => matches!((bytes[at], rest[0]), (b')', b' ' | b'-') | (b' ', b'(')),
        _ => false,
    }
}
