use super::{Breaker, FAILURES, REST};

#[test]
fn it_opens_after_failures_in_a_row_and_lets_one_try_later() {
    let breaker = Breaker::default();
    for _ in 0..FAILURES - 1 {
        breaker.note(false);
    }
    breaker.note(true);
    for _ in 0..FAILURES {
        assert!(breaker.check().is_ok());
        breaker.note(false);
    }
    assert!(breaker.check().is_err());
    std::thread::sleep(REST);
    assert!(breaker.check().is_ok(), "one may try");
    assert!(breaker.check().is_err(), "the others wait for it");
    breaker.note(true);
    assert!(breaker.check().is_ok());
}
