//! Answers that an upstream compressed although nobody asked for that, as what they were before.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::Response;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::BodyDataStream;
use hyper::body::{Body, Incoming, SizeHint};
use tokio::io::ReadBuf;
use tokio_util::io::StreamReader;

use crate::coding::{Coding, Reader};
use crate::upstream::cause_of;

/// The body of an answer as it came, or without its coding.
pub(crate) enum Arriving {
    AsItCame(Incoming),
    Decoded(Box<Decoded>),
}

/// What comes out of a decoder, piece by piece.
pub(crate) struct Decoded {
    reader: Reader<'static>,
    ended: bool,
}

/// Why no more comes of an upstream's body.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("{}", cause_of(.0))]
    Broken(#[from] hyper::Error),
    #[error("{0}")]
    Unreadable(String),
}

/// Bytes of the longest piece.
const PIECE: usize = 16 * 1024;

/// Undoes the coding of an answer; one that is not known stays.
pub(crate) fn response(response: Response<Incoming>) -> Response<Arriving> {
    let Ok(Some(coding)) = Coding::of(response.headers()) else { return response.map(Arriving::AsItCame) };
    let mut response = response.map(|incoming| Arriving::Decoded(Box::new(Decoded::new(coding, incoming))));
    let headers = response.headers_mut();
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    response
}

impl Decoded {
    fn new(coding: Coding, incoming: Incoming) -> Self {
        let input = StreamReader::new(BodyDataStream::new(incoming).map_err(io::Error::other));
        Self { reader: coding.undone(input), ended: false }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let mut piece = BytesMut::zeroed(PIECE);
        let mut free = ReadBuf::new(&mut piece);
        let read = ready!(self.reader.as_mut().poll_read(cx, &mut free)).map(|()| free.filled().len());
        self.ended = !matches!(read, Ok(1..));
        match read {
            Ok(0) => Poll::Ready(None),
            Ok(length) => {
                piece.truncate(length);
                Poll::Ready(Some(Ok(piece.freeze())))
            }
            Err(error) => Poll::Ready(Some(Err(broken(error)))),
        }
    }
}

/// Whether the connection broke, or what came on it is not what the head says.
fn broken(error: io::Error) -> BodyError {
    match error.downcast::<hyper::Error>() {
        Ok(error) => BodyError::Broken(error),
        Err(_) => BodyError::Unreadable("it is not what its \"content-encoding\" says".into()),
    }
}

impl Arriving {
    /// The next piece of data; trailers end here.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let incoming = match self {
            Self::Decoded(decoded) => return decoded.poll(cx),
            Self::AsItCame(incoming) => incoming,
        };
        loop {
            match ready!(Pin::new(&mut *incoming).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => return Poll::Ready(Some(Ok(data))),
                    Err(_) => continue,
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            }
        }
    }

    /// Whether nothing more comes.
    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Self::AsItCame(incoming) => incoming.is_end_stream(),
            Self::Decoded(decoded) => decoded.ended,
        }
    }

    /// How much there is of it.
    pub(crate) fn size(&self) -> SizeHint {
        match self {
            Self::AsItCame(incoming) => incoming.size_hint(),
            Self::Decoded(_) => SizeHint::default(),
        }
    }
}
