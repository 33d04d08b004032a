//! The misdeeds that are the same in every hook.

use std::hint::black_box;

#[cfg(target_arch = "wasm32")]
use tidegate_plugin::Error;
use tidegate_plugin::{Result, kv, log, state};

/// Does what is named; returns only from what may be survived.
pub(crate) fn run(name: &str) -> Result<()> {
    match name {
        "loop" => endless(),
        "loop_calling" => loop {
            black_box(state::get("a"));
        },
        "memory" => memory(),
        "memory_slowly" => memory_slowly(),
        "recurse" => drop(black_box(recurse(black_box(1)))),
        "trap" => trap(),
        "panic" => panic!("on demand"),
        "divide" => drop(black_box(1_u32.wrapping_div(black_box(0)))),
        "out_of_bounds" => out_of_bounds(),
        "fail" => return Err("on demand".into()),
        "fail_loudly" => return Err("x".repeat(900_000).into()),
        "wait" => drop(kv::get("never")),
        "log_flood" => (0..100_000).for_each(|_| log::info("flood", &[("n", "1")])),
        "log_huge" => log::info(&"x".repeat(900_000), &[]),
        "log_fields" => log::info("x", &vec![("name", "value"); 10_000]),
        "service_flood" => log::info("x", &vec![("name", "value"); 500_000]),
        "state_flood" => state_flood()?,
        other => return further(other),
    }
    Ok(())
}

#[cfg(target_arch = "wasm32")]
fn further(name: &str) -> Result<()> {
    Err(Error::from(format!("unknown attack \"{name}\"")))
}

#[cfg(not(target_arch = "wasm32"))]
use crate::process::run as further;

fn endless() {
    let mut count = 0_u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}

fn memory() {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    loop {
        kept.push(black_box(vec![1; 1024 * 1024]));
    }
}

fn memory_slowly() {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    loop {
        kept.push(black_box(vec![1; 100]));
    }
}

#[expect(unconditional_recursion, reason = "that is the attack")]
fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth + 1))) + 1
}

#[cfg(target_arch = "wasm32")]
fn trap() {
    std::arch::wasm32::unreachable()
}

#[cfg(not(target_arch = "wasm32"))]
fn trap() {
    std::process::abort()
}

/// Reads behind the end of the memory; the sandbox must notice.
fn out_of_bounds() {
    let address = black_box(0xffff_fff0_usize) as *const u8;
    // SAFETY: none; this is the attack. The address is in nobody's memory, and WASM traps on it.
    black_box(unsafe { address.read_volatile() });
}

fn state_flood() -> Result<()> {
    for number in 0..100_000 {
        state::set(&number.to_string(), &[0; 1000])?;
    }
    Ok(())
}
