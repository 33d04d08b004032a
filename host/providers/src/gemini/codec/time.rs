//! Moments as Google writes them (RFC 3339), in seconds since the beginning of 1970.

const DAY: u64 = 86_400;

/// The seconds of `2025-01-31T12:00:00.123456Z`; fractions are left out. `None` for other zones, and for what is no date.
pub(super) fn read(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let time = time.split_once('.').map_or(time, |(time, _)| time);
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let fits = (1970..10_000).contains(&year) && (1..13).contains(&month) && (1..32).contains(&day);
    let fits = fits && hour < 24 && minute < 60 && second < 61;
    fits.then(|| days(year, month, day) * DAY + hour * 3600 + minute * 60 + second)
}

fn numbers(text: &str, separator: char) -> Option<[u64; 3]> {
    let mut parts = text.split(separator).map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

/// Days before a date, of years that begin in March, so that a leap day is the last of its year.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    // From the first of March of the year 0 to 1970 there are 719 468 days.
    before + (month * 153 + 2) / 5 + day - 1 - 719_468
}

pub(super) fn write(seconds: u64) -> String {
    let (days, rest) = (seconds / DAY + 719_468, seconds % DAY);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, carried) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year_of_era + era * 400 + carried;
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
