//! Misdeeds of a library in a process of its own, against that process and those around it.

use std::hint::black_box;
use std::io::Write as _;
use std::process::Command;
use std::thread;
use std::time::Duration;

use tidegate_plugin::{Error, Result};

const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
const SIGSTOP: i32 = 19;
const IGNORE: usize = 1;
/// The worker's end of its socket.
const SOCKET: i32 = 3;

unsafe extern "C" {
    fn kill(process: i32, signal: i32) -> i32;
    fn signal(number: i32, handler: usize) -> usize;
    fn fork() -> i32;
    fn setsid() -> i32;
    fn close(descriptor: i32) -> i32;
    fn write(descriptor: i32, bytes: *const u8, count: usize) -> isize;
}

/// Does what is named.
pub(crate) fn run(name: &str) -> Result<()> {
    match name {
        "nap" => thread::sleep(Duration::from_millis(600)),
        "sleep" => sleep(),
        "deaf" => deaf(),
        "stopped" => send(std::process::id(), SIGSTOP),
        "exit_at_once" => std::process::exit(0),
        "kill_group" => send(0, SIGKILL),
        "close_socket" => shut(SOCKET),
        "garbage" => wire(&b"HTTP/1.1 200 OK\r\n\r\n".repeat(8)),
        "lying_length" => wire(b"\xff\xff\xff\xff\x05\0\0\0\x01\0\0\0\0\0\0\0"),
        "silence" => wire(b"\x10\0\0\0\x05\0\0\0\xfe\xff\xff\xff\x04\0\0\0null"),
        "print_flood" => (0..50_000).for_each(|number| println!("flood {number}")),
        "print_huge" => print_huge(),
        "close_output" => (1..3).for_each(shut),
        "fork" => child(false),
        "detach" => child(true),
        "daemon" => daemon(),
        "start" => drop(Command::new("sleep").arg("1000000").spawn()),
        "thread" => drop(thread::spawn(sleep)),
        "threads" => (0..50).for_each(|_| drop(thread::spawn(turn))),
        other => return Err(Error::from(format!("unknown attack \"{other}\""))),
    }
    Ok(())
}

fn shut(descriptor: i32) {
    // SAFETY: none; that is the attack, here and below.
    black_box(unsafe { close(descriptor) });
}

fn sleep() {
    thread::sleep(Duration::from_secs(1_000_000));
}

fn turn() {
    loop {
        black_box(1);
    }
}

/// Hears no signal that can be ignored.
fn deaf() {
    for number in [SIGTERM, SIGINT] {
        // SAFETY: see above.
        black_box(unsafe { signal(number, IGNORE) });
    }
    sleep();
}

fn send(process: u32, number: i32) {
    // SAFETY: see above.
    black_box(unsafe { kill(process.cast_signed(), number) });
}

fn wire(bytes: &[u8]) {
    // SAFETY: see above.
    black_box(unsafe { write(SOCKET, bytes.as_ptr(), bytes.len()) });
}

/// One line without an end, and bytes that are no text.
fn print_huge() {
    let _ = std::io::stdout().write_all(&b"\xff\x1b[2J".repeat(1024 * 1024));
    let _ = std::io::stderr().write_all(&vec![b'{'; 1024 * 1024]);
}

/// One that is nobody's child any more, with a child of its own.
fn daemon() {
    // SAFETY: see above.
    if unsafe { fork() } == 0 {
        // SAFETY: see above.
        unsafe { setsid() };
        child(false);
        std::process::exit(0);
    }
}

/// A process that outlives its parent.
fn child(leaves_the_group: bool) {
    // SAFETY: see above.
    if unsafe { fork() } == 0 {
        if leaves_the_group {
            // SAFETY: see above.
            unsafe { setsid() };
        }
        sleep();
    }
}
