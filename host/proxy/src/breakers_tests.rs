use std::sync::Arc;

use tidegate_config::checked::CircuitBreakers;

use super::{Breakers, Full};

#[test]
fn places_are_given_back_also_by_a_retry_that_got_none() {
    let breakers = Arc::new(Breakers::default());
    let bounds = CircuitBreakers { max_requests: Some(2), max_retries: Some(1) };
    let first = breakers.enter(bounds, true).ok().unwrap();
    assert_eq!(breakers.enter(bounds, true).err(), Some(Full("max_retries")));
    let second = breakers.enter(bounds, false).ok().unwrap();
    assert_eq!(breakers.enter(bounds, false).err(), Some(Full("max_requests")));
    drop((first, second));
    assert!(breakers.enter(bounds, true).is_ok());
}

#[test]
fn without_bounds_there_is_always_a_place() {
    let breakers = Arc::new(Breakers::default());
    let held: Vec<_> = (0..1000).map(|_| breakers.enter(CircuitBreakers::default(), true)).collect();
    assert!(held.iter().all(Result::is_ok));
}
