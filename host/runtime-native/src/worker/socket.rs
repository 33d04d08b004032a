//! The worker's end of the socket: frames, one after the other, as `docs/worker-protocol.md` has them.

#![allow(unsafe_code, reason = "descriptor 3 is taken over once; this file is all of it")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde::Serialize;

/// Where the gateway puts the socket.
const DESCRIPTOR: i32 = 3;

/// Bytes before the meta.
const HEAD: usize = 16;

/// The body is no part of the stream but a file.
const APART: u8 = 1;

/// No gateway sends more.
const MOST: usize = 256 * 1024 * 1024;

/// Kinds of frames.
pub(super) struct Kind;

impl Kind {
    pub(super) const HELLO: u8 = 1;
    pub(super) const READY: u8 = 2;
    pub(super) const REFUSED: u8 = 3;
    pub(super) const CALL: u8 = 4;
    pub(super) const RETURN: u8 = 5;
    pub(super) const FAIL: u8 = 6;
    pub(super) const ASK: u8 = 7;
    pub(super) const ANSWER: u8 = 8;
    pub(super) const NOTE: u8 = 9;
    pub(super) const STOP: u8 = 11;
}

/// A frame of the gateway.
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) id: u32,
    pub(super) meta: Vec<u8>,
    pub(super) body: Vec<u8>,
}

/// The socket, used by one thread.
pub(super) struct Socket {
    stream: UnixStream,
    /// What came while something else was waited for.
    later: RefCell<VecDeque<Frame>>,
    asks: RefCell<u32>,
}

impl Socket {
    /// Descriptor 3.
    ///
    /// # Errors
    /// Where it is no socket.
    pub(super) fn inherited() -> io::Result<Self> {
        // SAFETY: only whether it is open is looked at, and nothing in this process closes it.
        // What the plugin starts has no business with it.
        fcntl_setfd(unsafe { BorrowedFd::borrow_raw(DESCRIPTOR) }, FdFlags::CLOEXEC)?;
        // SAFETY: it is open; whoever starts a worker puts a socket there, and nothing else in this process knows of it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(DESCRIPTOR) };
        Ok(Self { stream: descriptor.into(), later: RefCell::default(), asks: RefCell::default() })
    }

    /// The next frame; `None` once the gateway is gone.
    pub(super) fn receive(&self) -> io::Result<Option<Frame>> {
        let waiting = self.later.borrow_mut().pop_front();
        if waiting.is_some() { Ok(waiting) } else { self.read() }
    }

    /// Asks a service and waits for its answer.
    pub(super) fn ask(&self, meta: &impl Serialize, body: &[u8]) -> io::Result<Frame> {
        let id = {
            let mut asks = self.asks.borrow_mut();
            *asks = asks.wrapping_add(1).max(1);
            *asks
        };
        self.send(Kind::ASK, id, meta, body)?;
        loop {
            let frame = self.read()?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if frame.kind == Kind::ANSWER && frame.id == id {
                return Ok(frame);
            }
            self.later.borrow_mut().push_back(frame);
        }
    }

    /// Sends a frame.
    pub(super) fn send(&self, kind: u8, id: u32, meta: &impl Serialize, body: &[u8]) -> io::Result<()> {
        let mut frame = vec![0; HEAD];
        serde_json::to_writer(&mut frame, meta)?;
        let too_long = |_| io::Error::from(io::ErrorKind::InvalidInput);
        let length_of_meta = u32::try_from(frame.len() - HEAD).map_err(too_long)?;
        let length = u32::try_from(frame.len() - 4 + body.len()).map_err(too_long)?;
        frame[..4].copy_from_slice(&length.to_le_bytes());
        frame[4] = kind;
        frame[8..12].copy_from_slice(&id.to_le_bytes());
        frame[12..16].copy_from_slice(&length_of_meta.to_le_bytes());
        frame.extend_from_slice(body);
        (&self.stream).write_all(&frame)
    }

    fn read(&self) -> io::Result<Option<Frame>> {
        let mut head = [0; HEAD];
        // A descriptor comes with the first byte.
        let (first, descriptor) = self.first(&mut head)?;
        if first == 0 {
            return Ok(None);
        }
        let mut stream = &self.stream;
        stream.read_exact(&mut head[first..])?;
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (rest, id, meta) = (number(0) as usize, number(8), number(12) as usize);
        let wrong = || io::Error::other("the gateway sent what is no frame of the protocol");
        let body = rest.checked_sub(HEAD - 4 + meta).filter(|_| rest <= MOST).ok_or_else(wrong)?;
        let (mut meta, mut inline) = (vec![0; meta], vec![0; body]);
        stream.read_exact(&mut meta)?;
        stream.read_exact(&mut inline)?;
        let body = match (head[5] & APART, descriptor) {
            (0, _) => inline,
            (_, Some(descriptor)) => contents(descriptor)?,
            (_, None) => return Err(wrong()),
        };
        Ok(Some(Frame { kind: head[4], id, meta, body }))
    }

    fn first(&self, head: &mut [u8; HEAD]) -> io::Result<(usize, Option<OwnedFd>)> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = loop {
            let into = &mut [IoSliceMut::new(head)];
            match recvmsg(self.stream.as_fd(), into, &mut control, RecvFlags::CMSG_CLOEXEC) {
                Err(rustix::io::Errno::INTR) => {}
                received => break received?,
            }
        };
        let mut descriptor = None;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(mut descriptors) = message {
                descriptor = descriptors.next();
            }
        }
        Ok((received.bytes, descriptor))
    }
}

/// All that stands in a file, from its beginning.
fn contents(descriptor: OwnedFd) -> io::Result<Vec<u8>> {
    use std::io::Seek as _;

    let mut file = std::fs::File::from(descriptor);
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
