//! Content codings of bodies (RFC 9110, section 8.4.1; RFC 7932, RFC 8878).

use std::pin::Pin;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use tokio::io::{AsyncBufRead, AsyncRead};

/// A coding that can be undone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// A coding that is none of these, or several at once, as nobody needs them and bombs nest them.
#[derive(Debug)]
pub(crate) struct Unknown;

/// What is read out of a decoder.
pub(crate) type Reader<'r> = Pin<Box<dyn AsyncRead + Send + Sync + 'r>>;

impl Coding {
    /// The coding of a body; `None` where it has none.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Unknown> {
        let mut fields = headers.get_all(CONTENT_ENCODING).iter();
        let Some(first) = fields.next() else { return Ok(None) };
        if fields.next().is_some() {
            return Err(Unknown);
        }
        match first.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(None),
            "gzip" | "x-gzip" => Ok(Some(Self::Gzip)),
            "deflate" => Ok(Some(Self::Deflate)),
            "br" => Ok(Some(Self::Brotli)),
            "zstd" => Ok(Some(Self::Zstd)),
            _ => Err(Unknown),
        }
    }

    /// What the body was before.
    pub(crate) fn undone<'r>(self, input: impl AsyncBufRead + Send + Sync + 'r) -> Reader<'r> {
        match self {
            Self::Gzip => Box::pin(GzipDecoder::new(input)),
            Self::Deflate => Box::pin(ZlibDecoder::new(input)),
            Self::Brotli => Box::pin(BrotliDecoder::new(input)),
            Self::Zstd => Box::pin(ZstdDecoder::new(input)),
        }
    }
}
