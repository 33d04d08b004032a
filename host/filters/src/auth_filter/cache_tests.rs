use super::super::keys::sha256;
use super::{Cache, GENERATION};

#[test]
fn a_value_ends_with_its_time() {
    let cache = Cache::new();
    cache.put(sha256(b"a"), 1, 10);
    assert_eq!(cache.get(&sha256(b"a"), 9), Some(1));
    assert_eq!(cache.get(&sha256(b"a"), 10), None);
    assert_eq!(cache.get(&sha256(b"b"), 0), None);
}

#[test]
fn it_is_bounded_and_what_is_used_stays() {
    let cache = Cache::new();
    cache.put(sha256(b"used"), 0, 100);
    for number in 0..5 * GENERATION {
        cache.put(sha256(&number.to_le_bytes()), number, 100);
        if number % 1000 == 0 {
            assert_eq!(cache.get(&sha256(b"used"), 1), Some(0), "after {number}");
        }
    }
    assert_eq!(cache.get(&sha256(&1_usize.to_le_bytes()), 1), None);
    let generations = cache.generations.lock().unwrap();
    assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
}
