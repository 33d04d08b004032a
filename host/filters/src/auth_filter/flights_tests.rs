use futures_util::FutureExt;

use super::*;

#[test]
fn one_asks_at_a_time_about_the_same_and_all_at_once_about_different_things() {
    let flights = Flights::default();
    let first = flights.turn([1; 32]).now_or_never().expect("nobody else asks");
    let mut second = Box::pin(flights.turn([1; 32]));
    assert!(second.as_mut().now_or_never().is_none());
    assert!(flights.turn([2; 32]).now_or_never().is_some());
    drop(first);
    assert!(second.now_or_never().is_some());
}

#[test]
fn flights_that_ended_are_forgotten() {
    let flights = Flights::default();
    for number in 0..10 * MANY {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_le_bytes());
        drop(flights.turn(digest).now_or_never());
    }
    assert!(flights.0.lock().unwrap().len() <= MANY);
}
