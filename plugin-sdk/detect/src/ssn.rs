//! Social security numbers of the USA: `078-05-1120`, without the ranges that are never given out.

use super::digits::runs;
use super::{Add, before, is_border};

pub(super) fn scan(bytes: &[u8], add: Add<'_>) {
    runs(bytes, b"- ", |groups| {
        // Exactly three groups: a part of a longer number is none.
        let [area, group, serial] = groups else { return };
        let shape = area.len() == 3 && group.len() == 2 && serial.len() == 4;
        let same = bytes[area.end] == bytes[group.end];
        let whole = is_border(before(bytes, area.start)) && is_border(bytes.get(serial.end));
        if shape && same && whole && is_given(&bytes[area.start..serial.end]) {
            add(area.start, serial.end);
        }
    });
}

fn is_given(number: &[u8]) -> bool {
    let (area, group, serial) = (&number[..3], &number[4..6], &number[7..]);
    area != b"000" && area != b"666" && area[0] != b'9' && group != b"00" && serial != b"0000"
}
