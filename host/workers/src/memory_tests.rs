use super::Memory;

#[test]
fn a_process_has_memory_of_its_own() {
    let before = Memory::of(rustix::process::getpid()).unwrap();
    let taken = vec![1_u8; 32 << 20];
    let now = Memory::of(rustix::process::getpid()).unwrap();
    assert!(now.resident >= before.resident + (30 << 20), "{before:?} {now:?}");
    assert!(now.data >= before.data + (30 << 20) && now.shared == before.shared, "{before:?} {now:?}");
    drop(taken);
}
