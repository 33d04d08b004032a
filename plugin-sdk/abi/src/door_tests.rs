use abi_stable::StableAbi;
use abi_stable::library::ROOT_MODULE_LOADER_NAME;

use super::{DoorRef, HEADER_SYMBOL};

#[test]
fn the_header_has_the_name_under_which_it_is_looked_for() {
    assert_eq!(HEADER_SYMBOL, ROOT_MODULE_LOADER_NAME);
}

#[test]
fn the_layout_of_the_tables_is_part_of_what_is_compared() {
    let layout = format!("{:?}", DoorRef::LAYOUT);
    for name in ["kv_increment", "transform_event", "deadline_ms"] {
        assert!(layout.contains(name), "{name}");
    }
}
