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
fn one_alone_leaves_a_place_to_others_and_makes_room_for_them() {
    let load = Arc::new(Load::default());
    let mut greedy: Vec<_> = (0..9).map(|_| place(&load, 10, "greedy").ok().unwrap()).collect();
    assert_eq!(place(&load, 10, "greedy").err(), Some(Greedy), "a tenth is kept free");
    let modest = place(&load, 10, "modest").ok().unwrap();
    greedy.pop();
    assert_eq!(place(&load, 10, "greedy").err(), Some(Greedy), "it has 8 and may have 4");
    let second = place(&load, 10, "modest").ok().unwrap();
    drop((modest, second));
    assert!(place(&load, 10, "greedy").is_ok(), "it is alone again");
}

#[test]
fn a_share_counts_only_above_half_of_the_places_and_is_never_nothing() {
    let load = Arc::new(Load::default());
    let held: Vec<_> =
        ["a", "a", "a", "a", "b"].iter().map(|who| place(&load, 10, who).ok().unwrap()).collect();
    assert_eq!(place(&load, 10, "a").err(), Some(Greedy), "with it six of ten would be taken");
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
