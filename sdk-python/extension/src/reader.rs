//! Takes frames off a socket.

use std::collections::VecDeque;
use std::io::IoSliceMut;
use std::os::fd::RawFd;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use pyo3::exceptions::{PyMemoryError, PyOSError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::call::Values;
use crate::frame::{HEAD, REST_OF_HEAD};
use crate::gave_up::{GaveUp, attempt};
use crate::new;
use crate::read::Parser;

/// Bytes before what the length counts.
const LENGTH: usize = 4;
/// The flag of a frame whose body is a descriptor.
const DESCRIPTOR: u8 = 1;
/// The kinds that the gateway sends; the metas of others are not read.
const FROM_GATEWAY: [u8; 5] = [1, 4, 8, 10, 11];
const CALL: u8 = 4;
/// Room that is always there, and the size of a usual read.
const BUFFER: usize = 64 * 1024;

/// `Reader` of `_worker/frames.py`: the same methods, and the same limits.
#[pyclass(module = "tidegate.tidegate_worker")]
pub(crate) struct Reader {
    /// Held, so that the descriptor stays this socket's.
    _socket: Py<PyAny>,
    socket: RawFd,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Room for what comes beside the bytes.
    control: Vec<u8>,
    descriptors: VecDeque<RawFd>,
    reference: Reference,
    values: Option<Values>,
}

/// What only Python does.
struct Reference {
    garbage: Py<PyAny>,
    meta: Py<PyAny>,
    content: Py<PyAny>,
}

/// The head of a frame.
struct Head {
    length: usize,
    kind: u8,
    flags: u8,
    id: u32,
    meta: usize,
}

#[pymethods]
impl Reader {
    #[new]
    fn new(socket: Bound<'_, PyAny>) -> PyResult<Self> {
        let frames = socket.py().import("tidegate._worker.frames")?;
        let of = |name: &str| frames.getattr(name).map(Bound::unbind);
        Ok(Self {
            socket: socket.call_method0("fileno")?.extract()?,
            _socket: socket.unbind(),
            buffer: renewed(BUFFER)?,
            start: 0,
            end: 0,
            control: cmsg_space!([RawFd; 28]),
            descriptors: VecDeque::new(),
            reference: Reference {
                garbage: of("Garbage")?,
                meta: of("meta_of")?,
                content: of("content_of")?,
            },
            values: None,
        })
    }

    /// From here on calls of these hooks come with values of the package; each hook has the class of its context.
    fn expect(&mut self, hooks: &Bound<'_, PyDict>) -> PyResult<()> {
        self.values = Some(Values::new(hooks)?);
        Ok(())
    }

    /// How many bytes the buffer has.
    #[getter]
    fn room(&self) -> usize {
        self.buffer.len()
    }

    /// Reads what is there, waiting as the socket does; False at the end of the stream.
    fn fill(&mut self, py: Python<'_>) -> PyResult<bool> {
        loop {
            match py.detach(|| self.receive()) {
                Ok(count) => return Ok(count > 0),
                Err(Errno::EINTR) => py.check_signals()?,
                Err(errno) => return Err(failed(py, errno)),
            }
        }
    }

    /// The next frame, where all of it is there.
    fn take<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let have = self.end - self.start;
        let Some(head) = Head::of(&self.buffer[self.start..self.end]) else {
            if have > 0 {
                self.make_room(HEAD)?;
            }
            return Ok(None);
        };
        let Head { length, kind, flags, id, meta } = head;
        if length < REST_OF_HEAD + meta {
            return Err(self.garbage(py, &format!("a frame of {length} bytes cannot have a meta of {meta}")));
        }
        let size = LENGTH + length;
        if have < size {
            self.make_room(size)?;
            return Ok(None);
        }
        let frame = &self.buffer[self.start..self.start + size];
        let (meta, body) = frame[HEAD..].split_at(meta);
        let meta = self.meta(py, kind, meta)?;
        let body = if flags & DESCRIPTOR == 0 {
            new::bytes(py, body)?.into_any()
        } else {
            let Some(descriptor) = self.descriptors.pop_front() else {
                return Err(self.garbage(py, "a frame came without the descriptor that it speaks of"));
            };
            self.reference.content.bind(py).call1((descriptor,))?
        };
        self.forget(size)?;
        Ok(Some((kind, id, meta, body).into_pyobject(py)?))
    }

    /// The next frame, waited for; None at the end of the stream.
    fn read<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        loop {
            if let Some(frame) = self.take(py)? {
                return Ok(Some(frame));
            }
            if !self.fill(py)? {
                return Ok(None);
            }
        }
    }
}

impl Reader {
    fn receive(&mut self) -> Result<usize, Errno> {
        let mut room = [IoSliceMut::new(&mut self.buffer[self.end..])];
        let received =
            recvmsg::<()>(self.socket, &mut room, Some(&mut self.control), MsgFlags::MSG_CMSG_CLOEXEC)?;
        // An error says that more came than there is room for: it was none of the gateway's.
        for message in received.cmsgs().into_iter().flatten() {
            if let ControlMessageOwned::ScmRights(descriptors) = message {
                self.descriptors.extend(descriptors);
            }
        }
        let count = received.bytes;
        self.end += count;
        Ok(count)
    }

    fn meta<'py>(&self, py: Python<'py>, kind: u8, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        if !FROM_GATEWAY.contains(&kind) || text.is_empty() {
            return Ok(new::dict(py)?.into_any());
        }
        let quick = attempt(|| {
            let mut parser = Parser::new(py, text);
            if let (CALL, Some(values)) = (kind, &self.values) {
                return values.meta(&mut parser);
            }
            parser.document()?.cast_into_exact().map_err(|_| GaveUp)
        });
        match quick {
            Ok(meta) => Ok(meta.into_any()),
            Err(GaveUp) => self.reference.meta.bind(py).call1((new::bytes(py, text)?,)),
        }
    }

    fn garbage(&self, py: Python<'_>, text: &str) -> PyErr {
        match self.reference.garbage.bind(py).call1((text,)) {
            Ok(error) => PyErr::from_value(error),
            Err(error) => error,
        }
    }

    fn forget(&mut self, size: usize) -> PyResult<()> {
        self.start += size;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > BUFFER {
                self.buffer = renewed(BUFFER)?;
            }
        }
        Ok(())
    }

    /// Room for a frame of that size from `start` on. A length alone takes no memory: the buffer grows with what came.
    fn make_room(&mut self, size: usize) -> PyResult<()> {
        if self.start + size <= self.buffer.len() || self.end < self.buffer.len() {
            return Ok(());
        }
        let rest = &self.buffer[self.start..self.end];
        let grown = if self.start == 0 { rest.len() * 2 } else { self.buffer.len() };
        let mut buffer = renewed(size.min(grown).max(BUFFER))?;
        buffer[..rest.len()].copy_from_slice(rest);
        (self.start, self.end) = (0, rest.len());
        self.buffer = buffer;
        Ok(())
    }
}

impl Head {
    fn of(bytes: &[u8]) -> Option<Self> {
        let (head, _) = bytes.split_first_chunk::<HEAD>()?;
        let [l0, l1, l2, l3, kind, flags, _, _, i0, i1, i2, i3, m0, m1, m2, m3] = *head;
        Some(Self {
            length: u32::from_le_bytes([l0, l1, l2, l3]) as usize,
            kind,
            flags,
            id: u32::from_le_bytes([i0, i1, i2, i3]),
            meta: u32::from_le_bytes([m0, m1, m2, m3]) as usize,
        })
    }
}

/// An empty buffer; where there is no memory for it, Python's error.
fn renewed(size: usize) -> PyResult<Vec<u8>> {
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(size).map_err(|_| PyMemoryError::new_err(()))?;
    buffer.resize(size, 0);
    Ok(buffer)
}

/// The error of a call of the system, as Python's own modules raise it.
fn failed(py: Python<'_>, errno: Errno) -> PyErr {
    let number = errno as i32;
    match py.import("os").and_then(|os| os.call_method1("strerror", (number,))) {
        Ok(text) => PyOSError::new_err((number, text.unbind())),
        Err(error) => error,
    }
}
