//! Payment cards: 13 to 19 digits in groups, with the check digit of Luhn.

use super::digits::{Group, runs};
use super::{Add, before, is_border};

pub(super) fn scan(bytes: &[u8], add: Add<'_>) {
    runs(bytes, b" -", |groups| {
        let mut first = 0;
        while first < groups.len() {
            match card(bytes, &groups[first..]) {
                Some(count) => {
                    add(groups[first].start, groups[first + count - 1].end);
                    first += count;
                }
                None => first += 1,
            }
        }
    });
}

/// How many groups from the first on are a card: the most that are one. Bounded, since 19 digits are at most 19 groups.
fn card(bytes: &[u8], groups: &[Group]) -> Option<usize> {
    let start = groups[0].start;
    if !is_border(before(bytes, start)) || !(b'2'..=b'6').contains(&bytes[start]) {
        return None;
    }
    let (mut digits, mut best) = (0, None);
    for (index, group) in groups.iter().enumerate() {
        digits += group.len();
        if digits > 19 {
            break;
        }
        let number = &bytes[start..group.end];
        if digits >= 13 && is_border(bytes.get(group.end)) && luhn(number) {
            best = Some(index + 1);
        }
    }
    best
}

fn luhn(number: &[u8]) -> bool {
    let digits = number.iter().rev().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(index, digit)| if index.is_multiple_of(2) { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}
