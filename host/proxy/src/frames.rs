//! The HTTP/2 streams of a client connection that are open on the wire, by the frames that pass.
//!
//! The HTTP library reports the end of an answer when it has taken the last piece of it, which may then wait for the
//! client's window for as long as the client likes. Only the frames tell when it is gone.

use std::collections::HashSet;

use crate::io::H2_PREFACE;

/// RFC 9113 §4.1.
const FRAME_HEAD: usize = 9;

// RFC 9113 §6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The streams that have a whole head and no whole answer yet.
#[derive(Debug)]
pub(crate) struct Streams {
    received: Frames,
    sent: Frames,
    open: HashSet<u32>,
    /// The highest that was opened; what is not above it is no new one.
    last: u32,
}

impl Streams {
    /// Of a connection of which nothing has passed, the preface neither.
    pub(crate) fn new() -> Self {
        let received = Frames { skip: H2_PREFACE.len(), ..Frames::default() };
        Self { received, sent: Frames::default(), open: HashSet::new(), last: 0 }
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    /// Bytes from the client.
    pub(crate) fn received(&mut self, bytes: &[u8]) {
        let Self { received, open, last, .. } = self;
        received.pass(bytes, |frame| match frame.kind {
            HEADERS | CONTINUATION if frame.flags & END_HEADERS != 0 && frame.stream > *last => {
                *last = frame.stream;
                open.insert(frame.stream);
            }
            RST_STREAM => drop(open.remove(&frame.stream)),
            _ => {}
        });
    }

    /// Bytes that the client's socket took; whether data of an answer was among them.
    pub(crate) fn sent(&mut self, bytes: &[u8]) -> bool {
        let Self { sent, open, .. } = self;
        let mut data = false;
        sent.pass(bytes, |frame| {
            data |= frame.kind == DATA;
            let ends = matches!(frame.kind, DATA | HEADERS) && frame.flags & END_STREAM != 0;
            if ends || frame.kind == RST_STREAM {
                open.remove(&frame.stream);
            }
        });
        data
    }
}

/// What the head of a frame says.
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
}

/// Finds the heads of frames in bytes that come in pieces of any size.
#[derive(Debug, Default)]
struct Frames {
    head: [u8; FRAME_HEAD],
    have: usize,
    /// Bytes until the next head.
    skip: usize,
}

impl Frames {
    fn pass(&mut self, mut bytes: &[u8], mut found: impl FnMut(&Frame)) {
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return;
            }
            let taken = bytes.len().min(FRAME_HEAD - self.have);
            self.head[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have == FRAME_HEAD {
                let [a, b, c, kind, flags, stream @ ..] = self.head;
                self.have = 0;
                self.skip = u32::from_be_bytes([0, a, b, c]) as usize;
                // The first bit is reserved.
                found(&Frame { kind, flags, stream: u32::from_be_bytes(stream) & (u32::MAX >> 1) });
            }
        }
    }
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
