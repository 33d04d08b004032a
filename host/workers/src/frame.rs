//! Frames as they stand on the socket.

use bytes::{Buf, Bytes, BytesMut};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes before the meta, the length itself included.
const HEAD: usize = 16;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Hello = 1,
    Ready = 2,
    Refused = 3,
    Call = 4,
    Return = 5,
    Fail = 6,
    Ask = 7,
    Answer = 8,
    Note = 9,
    Cancel = 10,
    Stop = 11,
}

impl Kind {
    /// A kind that a worker may send.
    fn of_a_worker(byte: u8) -> Option<Self> {
        let known = [Self::Ready, Self::Refused, Self::Return, Self::Fail, Self::Ask, Self::Note];
        known.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A frame that a worker sent.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) id: u32,
    pub(crate) meta: Bytes,
    pub(crate) body: Bytes,
}

/// Why nothing more is read of a worker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("it closed its connection")]
    Closed,
    #[error("it sent {0} bytes at once")]
    TooLarge(usize),
    #[error("it sent what is no frame of the protocol")]
    Malformed,
    #[error("its connection broke: {0}")]
    Broken(String),
}

/// A frame for a worker, head and meta; the body follows it.
///
/// # Errors
/// Where the meta cannot be written as JSON, or the frame is too long for its length field.
pub(crate) fn encode(kind: Kind, id: u32, meta: &impl Serialize, body: Body<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(512);
    out.resize(HEAD, 0);
    serde_json::to_writer(&mut out, meta).ok()?;
    let length_of_meta = out.len() - HEAD;
    let inline = match body {
        Body::Inline(bytes) => bytes.len(),
        Body::Descriptor => 0,
    };
    let length = u32::try_from(out.len() - 4 + inline).ok()?;
    out[..4].copy_from_slice(&length.to_le_bytes());
    out[4] = kind as u8;
    out[5] = u8::from(matches!(body, Body::Descriptor));
    out[8..12].copy_from_slice(&id.to_le_bytes());
    out[12..16].copy_from_slice(&u32::try_from(length_of_meta).ok()?.to_le_bytes());
    if let Body::Inline(bytes) = body {
        out.extend_from_slice(bytes);
    }
    Some(out)
}

/// How the body of a frame travels.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body<'a> {
    Inline(&'a [u8]),
    /// As a file descriptor that is sent with the frame.
    Descriptor,
}

/// Reads frames, none of which may be longer than `most`.
pub(crate) struct Reader<R> {
    from: R,
    buffer: BytesMut,
    most: usize,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(crate) fn new(from: R, most: usize) -> Self {
        Self { from, buffer: BytesMut::with_capacity(8 * 1024), most }
    }

    /// The next frame.
    ///
    /// # Errors
    /// Where there is none, or none that may be read; nothing can be read after that.
    pub(crate) async fn next(&mut self) -> Result<Frame, FrameError> {
        loop {
            if let Some(frame) = self.take()? {
                return Ok(frame);
            }
            let read = self.from.read_buf(&mut self.buffer).await;
            match read {
                Ok(0) => return Err(FrameError::Closed),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                    return Err(FrameError::Closed);
                }
                Err(error) => return Err(FrameError::Broken(error.to_string())),
            }
        }
    }

    fn take(&mut self) -> Result<Option<Frame>, FrameError> {
        if self.buffer.len() < HEAD {
            return Ok(None);
        }
        let mut head = &self.buffer[..HEAD];
        let rest = head.get_u32_le() as usize;
        let kind = Kind::of_a_worker(head.get_u8()).ok_or(FrameError::Malformed)?;
        let flags = head.get_u8();
        let reserved = head.get_u16_le();
        let id = head.get_u32_le();
        let meta = head.get_u32_le() as usize;
        if flags != 0 || reserved != 0 || rest < HEAD - 4 || meta > rest - (HEAD - 4) {
            return Err(FrameError::Malformed);
        }
        if rest > self.most {
            return Err(FrameError::TooLarge(rest));
        }
        let whole = rest + 4;
        if self.buffer.len() < whole {
            self.buffer.reserve(whole - self.buffer.len());
            return Ok(None);
        }
        let mut frame = self.buffer.split_to(whole).freeze();
        frame.advance(HEAD);
        let meta = frame.split_to(meta);
        Ok(Some(Frame { kind, id, meta, body: frame }))
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
