//! International account numbers (ISO 13616): country, its length, and the check digits.

use super::{Add, before, is_border};

/// Country and length, from the registry.
const LENGTHS: &[u8] = b"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27\
GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30\
NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SD18SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20";

/// The longest number, and its spaces.
const LONGEST: usize = 34;

pub(super) fn scan(bytes: &[u8], add: Add<'_>) {
    let mut at = 0;
    while at + 4 <= bytes.len() {
        // The digits first: they are rarer than letters.
        let shape = bytes[at + 3].is_ascii_digit()
            && bytes[at + 2].is_ascii_digit()
            && bytes[at..at + 2].iter().all(u8::is_ascii_alphabetic);
        if !shape || !is_border(before(bytes, at)) {
            at += 1;
            continue;
        }
        match iban(bytes, at) {
            Some(end) => {
                add(at, end);
                at = end;
            }
            None => at += 4,
        }
    }
}

fn iban(bytes: &[u8], start: usize) -> Option<usize> {
    let wanted = length(&bytes[start..start + 2])?;
    let (mut number, mut count, mut at) = ([0; LONGEST], 0, start);
    while count < wanted {
        match bytes.get(at)? {
            byte if byte.is_ascii_alphanumeric() => {
                number[count] = byte.to_ascii_uppercase();
                count += 1;
            }
            b' ' | b'-' if bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric) => {}
            _ => return None,
        }
        at += 1;
    }
    (is_border(bytes.get(at)) && is_good(&number[..wanted])).then_some(at)
}

fn length(country: &[u8]) -> Option<usize> {
    let entry = LENGTHS.chunks_exact(4).find(|entry| entry[..2].eq_ignore_ascii_case(country))?;
    Some(usize::from(entry[2] - b'0') * 10 + usize::from(entry[3] - b'0'))
}

/// Modulo 97 of the number with its first four signs at the end, letters as 10 to 35, is 1.
fn is_good(number: &[u8]) -> bool {
    let moved = number[4..].iter().chain(&number[..4]);
    let rest = moved.fold(0_u32, |rest, byte| {
        if byte.is_ascii_digit() {
            (rest * 10 + u32::from(byte - b'0')) % 97
        } else {
            (rest * 100 + u32::from(byte - b'A') + 10) % 97
        }
    });
    rest == 1
}
