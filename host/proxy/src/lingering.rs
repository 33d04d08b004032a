//! A client's body of which the rest is read for a while when nobody wants it any more: were the connection closed with bytes
//! unread, the client might lose the answer (RFC 9112, section 9.6).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

/// What is read at most of the rest, and for how long.
const MOST: usize = 8 * 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(2);

/// A body that may be dropped before its end.
pub(crate) struct Lingering(Option<Incoming>);

impl Lingering {
    pub(crate) fn new(incoming: Incoming) -> Self {
        Self(Some(incoming))
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Some(incoming) => Pin::new(incoming).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let rest = self.0.take().filter(|incoming| !incoming.is_end_stream());
        if let (Some(incoming), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(LONGEST, discard(incoming)));
        }
    }
}

async fn discard(mut incoming: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = incoming.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MOST {
            return;
        }
    }
}
