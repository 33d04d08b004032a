use std::sync::Arc;

use tidegate_contract::Principal;

use super::{Greedy, Load, Place};

/// A request of somebody's that is let in by its share, too.
fn place(load: &Arc<Load>, most: usize, who: &str) -> Result<Place, Greedy> {
    let mut place = load.enter(most).unwrap();
    place.hold(Some(&Principal::named(who.to_owned())))?;
    Ok(place)
}

#[test]
fn no_more_get_in_than_there_are_places() {
    let load = Arc::new(Load::default());
    let held: Vec<_> = (0..3).map(|_| load.enter(3).unwrap()).collect();
    assert!(load.enter(3).is_none());
    drop(held);
    assert!(load.enter(3).is_some());
}

#[test]
fn one_alone_may_have_all_and_makes_room_for_others() {
    let load = Arc::new(Load::default());
    let mut greedy: Vec<_> = (0..7).map(|_| place(&load, 8, "greedy").ok().unwrap()).collect();
    let modest = place(&load, 8, "modest").ok().unwrap();
    greedy.pop();
    assert_eq!(place(&load, 8, "greedy").err(), Some(Greedy), "it has 6 of 4");
    let second = place(&load, 8, "modest").ok().unwrap();
    drop((modest, second));
    assert!(place(&load, 8, "greedy").is_ok(), "it is alone again");
}

#[test]
fn a_share_counts_only_above_half_of_the_places_and_is_never_nothing() {
    let load = Arc::new(Load::default());
    let held: Vec<_> = ["a", "b", "a", "a"].iter().map(|who| place(&load, 8, who).ok().unwrap()).collect();
    assert!(place(&load, 8, "a").is_err(), "5 of 8 would be taken, and 3 by it leave room for a fourth only");
    drop(held);
    let many: Vec<_> = (0..3).map(|number| place(&load, 4, &number.to_string()).ok().unwrap()).collect();
    assert!(place(&load, 4, "new").is_ok());
    drop(many);
}

#[test]
fn whom_nobody_knows_is_one_principal() {
    let load = Arc::new(Load::default());
    let mut first = load.enter(2).unwrap();
    assert_eq!(first.hold(None), Ok(()));
    let known = place(&load, 2, "known").ok().unwrap();
    drop(known);
    let mut second = load.enter(2).unwrap();
    assert_eq!(second.hold(None), Ok(()), "it is alone");
    assert_eq!(second.hold(None), Ok(()), "it counts once");
}
