use std::time::Duration;

use super::{Bounds, Tick, Watch};

const SHORT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(60);

fn closes(watch: &Watch) -> bool {
    matches!(watch.tick(), Tick::Close(_))
}

#[test]
fn a_connection_without_a_first_head_is_closed() {
    let watch = Watch::new(Bounds { header: SHORT, idle: LONG });
    assert!(!closes(&watch));
    std::thread::sleep(SHORT * 2);
    assert!(closes(&watch));
}

#[test]
fn an_exchange_under_way_is_left_alone_until_the_client_stalls() {
    let watch = Watch::new(Bounds { header: SHORT, idle: SHORT });
    let busy = watch.begin();
    std::thread::sleep(SHORT * 2);
    assert!(!closes(&watch));
    watch.stalled(true);
    std::thread::sleep(SHORT * 2);
    assert!(closes(&watch));
    watch.stalled(false);
    assert!(!closes(&watch));
    drop(busy);
}

#[test]
fn an_idle_connection_is_closed_and_a_slow_second_head_too() {
    let watch = Watch::new(Bounds { header: LONG, idle: SHORT });
    drop(watch.begin());
    assert!(!closes(&watch));
    std::thread::sleep(SHORT * 2);
    assert!(matches!(watch.tick(), Tick::Retire(_)));

    let watch = Watch::new(Bounds { header: SHORT, idle: LONG });
    drop(watch.begin());
    std::thread::sleep(SHORT * 2);
    assert!(!closes(&watch), "idle is no head");
    watch.received();
    std::thread::sleep(SHORT * 2);
    assert!(closes(&watch));
}

#[test]
fn the_last_bytes_of_an_answer_keep_a_connection_occupied() {
    let watch = Watch::new(Bounds { header: LONG, idle: LONG });
    drop(watch.begin());
    assert!(!watch.is_occupied());
    watch.stalled(true);
    assert!(watch.is_occupied(), "the socket took not all of it");
    watch.stalled(false);
    watch.streams(1);
    assert!(watch.is_occupied(), "the stream's window took not all of it");
    watch.streams(0);
    assert!(!watch.is_occupied());
}

#[test]
fn a_connection_is_idle_from_its_last_byte_on() {
    let watch = Watch::new(Bounds { header: LONG, idle: SHORT * 4 });
    drop(watch.begin());
    for _ in 0..5 {
        watch.stalled(true);
        std::thread::sleep(SHORT);
        watch.stalled(false);
        watch.streams(1);
        std::thread::sleep(SHORT);
        watch.streams(0);
        assert!(matches!(watch.tick(), Tick::Again(_)), "it takes its bytes, slowly");
    }
    std::thread::sleep(SHORT * 5);
    assert!(matches!(watch.tick(), Tick::Retire(_)));
    watch.streams(1);
    std::thread::sleep(SHORT * 5);
    assert!(closes(&watch), "a stream whose window stays closed");
}
