use std::sync::Arc;

use wasmtime::Engine;

use super::{Compiler, key};

const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

#[tokio::test]
async fn the_same_bytes_are_compiled_once_while_they_are_in_use() {
    let compiler = Compiler::start(Engine::default(), None).unwrap();
    let first = compiler.compile(EMPTY.into()).await.unwrap();
    let second = compiler.compile(EMPTY.into()).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
}

#[tokio::test]
async fn a_failure_does_not_stop_the_compiler() {
    let compiler = Compiler::start(Engine::default(), None).unwrap();
    assert!(compiler.compile((&b"\0asm\x0d\0\x01\0\xff\xff"[..]).into()).await.is_err());
    compiler.compile(EMPTY.into()).await.unwrap();
}

#[test]
fn the_key_knows_bytes_and_settings() {
    let mut epochs = wasmtime::Config::new();
    epochs.epoch_interruption(true);
    let (plain, epochs) = (Engine::default(), Engine::new(&epochs).unwrap());
    assert_eq!(key(&plain, b"a"), key(&plain, b"a"));
    assert_ne!(key(&plain, b"a"), key(&plain, b"b"));
    assert_ne!(key(&plain, b"a"), key(&epochs, b"a"));
}
