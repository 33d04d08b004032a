//! When the seconds, minutes, hours, days and months of UTC begin and end.

use tidegate_pipeline::Unit;

const DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// Beginning and end of the unit in which a moment lies; all in microseconds since 1970.
pub(super) fn around(unit: Unit, wall: u64) -> (u64, u64) {
    if unit == Unit::Month {
        return month(wall);
    }
    let length = super::clock::microseconds(unit.length());
    let begins = wall - wall % length;
    (begins, begins.saturating_add(length))
}

fn month(wall: u64) -> (u64, u64) {
    let day = wall / DAY;
    let (year, month) = year_and_month(day);
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let begins = |year, month| first_day(year, month).saturating_mul(DAY);
    (begins(year, month), begins(next_year, next_month))
}

/// The year, the month and the day of a day since 1970, the latter two from 1.
pub(crate) fn date(day: u64) -> (u64, u64, u64) {
    let (year, month) = year_and_month(day);
    (year, month, day - first_day(year, month) + 1)
}

/// Days of 400 years, after which the calendar repeats.
const ERA: u64 = 146_097;
/// Days from 1 March of the year 0 to 1970.
const TO_1970: u64 = 719_468;

/// The year and the month, from 1, of a day since 1970. The year is taken to begin with March, so that what varies stands at
/// its end (Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn year_and_month(day: u64) -> (u64, u64) {
    let day = day + TO_1970;
    let in_era = day % ERA;
    let of_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * of_era + of_era / 4 - of_era / 100);
    let from_march = (5 * in_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (day / ERA * 400 + of_era + u64::from(month <= 2), month)
}

/// The first day of a month, since 1970 (the same source, `days_from_civil`).
fn first_day(year: u64, month: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_era = year % 400;
    let in_era = of_era * 365 + of_era / 4 - of_era / 100 + (153 * from_march + 2) / 5;
    (year / 400 * ERA + in_era).saturating_sub(TO_1970)
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
