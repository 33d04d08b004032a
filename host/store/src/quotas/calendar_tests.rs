use proptest::prelude::*;
use tidegate_pipeline::Unit;

use super::{DAY, around, first_day, year_and_month};

const SECOND: u64 = 1_000_000;

#[test]
fn months_are_those_of_the_calendar() {
    // `date -u -d 2024-02-29T12:00:00 +%s`, and so on.
    let leap_day = 1_709_208_000 * SECOND;
    assert_eq!(around(Unit::Month, leap_day), (1_706_745_600 * SECOND, 1_709_251_200 * SECOND));
    let new_year = 1_735_689_600 * SECOND;
    assert_eq!(around(Unit::Month, new_year - 1), (1_733_011_200 * SECOND, new_year));
    assert_eq!(around(Unit::Month, new_year).0, new_year);
    assert_eq!(around(Unit::Month, 0), (0, 31 * DAY));
}

#[test]
fn a_century_has_a_leap_day_only_every_fourth_time() {
    let february = |year| first_day(year, 3) - first_day(year, 2);
    assert_eq!([2000, 2023, 2024, 2100, 2400].map(february), [29, 28, 29, 28, 29]);
}

#[test]
fn shorter_units_begin_with_the_clock() {
    let noon = 1_709_208_000 * SECOND;
    let at = noon + 61 * SECOND + 5;
    let from_noon = |unit| {
        let (begins, ends) = around(unit, at);
        ((begins - (noon - DAY / 2)) / SECOND, (ends - begins) / SECOND)
    };
    let half = 12 * 60 * 60;
    assert_eq!(from_noon(Unit::Second), (half + 61, 1));
    assert_eq!(from_noon(Unit::Minute), (half + 60, 60));
    assert_eq!(from_noon(Unit::Hour), (half, 3600));
    assert_eq!(from_noon(Unit::Day), (0, 86_400));
}

proptest! {
    #[test]
    fn every_moment_lies_in_its_unit(wall in 0..300 * 366 * DAY) {
        for unit in Unit::ALL {
            let (begins, ends) = around(unit, wall);
            prop_assert!((begins..ends).contains(&wall));
            prop_assert_eq!(around(unit, ends).0, ends);
        }
    }

    #[test]
    fn days_and_months_belong_together(day in 0_u64..200_000) {
        let (year, month) = year_and_month(day);
        let first = first_day(year, month);
        prop_assert!(first <= day && day - first < 31);
        prop_assert_eq!(year_and_month(first), (year, month));
    }
}
