//! The client's body: held and read where a rule needs it, else passed on unread.

use std::ops::Range;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tidegate_config::checked::Limits;
use tidegate_contract::Operation;
use tidegate_pipeline::Digest;
use tidegate_providers::{
    FormError, FormModel, FormScan, ModelName, RequestScan, replace_model, scan_request,
};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::clock::Clock;
use crate::coding::Coding;
use crate::fault::Fault;
use crate::headers::media_type;
use crate::lingering::Lingering;

/// What bounds a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes, before and after decompression.
    pub(crate) limit: Limit,
    /// Between two pieces.
    pub(crate) wait: Duration,
    /// Whether the digest of what the client sent is wanted.
    pub(crate) digest: bool,
}

/// The most bytes that a body may have, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) bytes: usize,
    /// Its key under `limits`.
    pub(crate) key: &'static str,
}

impl Limit {
    /// Of every body.
    pub(crate) fn body(limits: &Limits) -> Self {
        Self { bytes: limits.body, key: "body" }
    }

    /// Of one that is read before it is known who sent it.
    pub(crate) fn unauthenticated(limits: &Limits) -> Self {
        Self { bytes: limits.unauthenticated_body, key: "unauthenticated_body" }
    }

    /// The fault of a body beyond it.
    pub(crate) fn exceeded(self) -> Fault {
        Fault::BodyTooLarge { limit: self.bytes, key: self.key }
    }
}

/// A body in the gateway's hands.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    pub(crate) model: Option<NamedModel>,
    /// Whether it asks for a stream.
    pub(crate) stream: bool,
    /// The most tokens of the answer, where the body says it and its model.
    pub(crate) output_bound: Option<u64>,
    /// Whether the coding of the body was undone.
    pub(crate) decoded: bool,
    /// Of the bytes that the client sent, where that was wanted. On the heap, since every step of the way has room for it.
    pub(crate) digest: Option<Box<Digest>>,
}

impl Held {
    /// No body at all.
    pub(crate) fn empty() -> Self {
        let bytes = Bytes::new();
        Self { bytes, model: None, stream: false, output_bound: None, decoded: false, digest: None }
    }

    /// Reads what the body says of its routing.
    pub(crate) fn read(bytes: Bytes, headers: &HeaderMap, heading: &Heading) -> Result<Self, Fault> {
        let named = |model| Self { model, ..Self::empty() };
        let said = match &heading.in_path {
            Some(InPath { model, stream }) => {
                let model = NamedModel { name: model.clone(), place: None };
                Self { stream: *stream, ..named(Some(model)) }
            }
            None if is_form(heading.operation, headers) => named(form_model(&bytes, headers)?),
            None => Self::routed(&bytes, headers, heading.operation)?,
        };
        Ok(Self { bytes, ..said })
    }

    /// What a JSON body says. Where the path promises a model call, one that cannot be read is a fault; elsewhere it simply
    /// names none.
    fn routed(bytes: &Bytes, headers: &HeaderMap, operation: Operation) -> Result<Self, Fault> {
        let must_be_json = operation.names_a_model();
        if !must_be_json && !says_json(headers) {
            return Ok(Self::empty());
        }
        match scan_request(bytes) {
            Ok(RequestScan { model, stream, output_bound }) => {
                let named = |model: ModelName<'_>| NamedModel {
                    name: model.name.into_owned(),
                    place: Some(ModelPlace::Json(model.range)),
                };
                Ok(Self { model: model.map(named), stream, output_bound, ..Self::empty() })
            }
            Err(error) if must_be_json => Err(Fault::Body(error.to_string())),
            Err(_) => Ok(Self::empty()),
        }
    }
}

/// What the head of a request says of its routing.
#[derive(Debug, Clone)]
pub(crate) struct Heading {
    pub(crate) operation: Operation,
    /// In dialects that say it there.
    pub(crate) in_path: Option<InPath>,
}

/// What a path says that other dialects say in the body.
#[derive(Debug, Clone)]
pub(crate) struct InPath {
    pub(crate) model: String,
    pub(crate) stream: bool,
}

/// The model that a request names, and where in the body.
#[derive(Debug, Clone)]
pub(crate) struct NamedModel {
    pub(crate) name: String,
    pub(crate) place: Option<ModelPlace>,
}

/// Where a body names its model.
#[derive(Debug, Clone)]
pub(crate) enum ModelPlace {
    /// A JSON string.
    Json(Range<usize>),
    /// The content of a part of a form.
    Form(Range<usize>),
}

impl ModelPlace {
    /// The body with another model.
    pub(crate) fn renamed(&self, body: &Bytes, new: &str) -> Bytes {
        match self {
            Self::Json(range) => replace_model(body, range.clone(), new),
            Self::Form(range) => [&body[..range.start], new.as_bytes(), &body[range.end..]].concat().into(),
        }
    }
}

/// The body of a request, whichever way it goes.
pub(crate) enum ClientBody {
    Unread(Incoming),
    /// A form that was read up to its model.
    Begun(Box<Begun>),
    Held(Held),
}

/// A form whose rest is still to come.
pub(crate) struct Begun {
    pub(crate) begun: Bytes,
    pub(crate) model: NamedModel,
    pub(crate) scan: Box<FormScan>,
    pub(crate) rest: Lingering,
}

impl ClientBody {
    /// The model, if the body was read and names one.
    pub(crate) fn model(&self) -> Option<&NamedModel> {
        match self {
            Self::Unread(_) => None,
            Self::Begun(begun) => Some(&begun.model),
            Self::Held(held) => held.model.as_ref(),
        }
    }

    /// The digest of the body, if it was read and the digest wanted.
    pub(crate) fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Unread(_) | Self::Begun(_) => None,
            Self::Held(held) => held.digest.as_deref(),
        }
    }

    /// Holds the body, and reads its model where it is JSON that has one.
    pub(crate) async fn hold(
        self,
        headers: &HeaderMap,
        heading: &Heading,
        (bounds, clock): (Bounds, &Clock),
    ) -> Result<Self, Fault> {
        let raw = match self {
            Self::Unread(incoming) => collect(Bytes::new(), incoming, headers, (bounds, clock)).await?,
            Self::Begun(form) => Box::pin(collect(form.begun, form.rest, headers, (bounds, clock))).await?,
            Self::Held(_) => return Ok(self),
        };
        let digest = bounds.digest.then(|| Box::new(Digest::of(&raw)));
        let (bytes, decoded) = decode(raw, headers, bounds.limit).await?;
        Ok(Self::Held(Held { decoded, digest, ..Held::read(bytes, headers, heading)? }))
    }

    /// Reads as much of the body as it takes to know its model: of a form its beginning, of anything else all of it.
    pub(crate) async fn begin(
        self,
        headers: &HeaderMap,
        heading: &Heading,
        (bounds, clock): (Bounds, &Clock),
    ) -> Result<Self, Fault> {
        match self {
            Self::Unread(incoming)
                if is_form(heading.operation, headers) && !headers.contains_key(CONTENT_ENCODING) =>
            {
                check_length(headers, bounds.limit)?;
                let incoming = Lingering::new(incoming);
                begin(incoming, form(headers)?, (bounds, clock)).await
            }
            other => other.hold(headers, heading, (bounds, clock)).await,
        }
    }
}

/// Refuses a body whose announced length is too large before a byte of it is read.
pub(crate) fn check_length(headers: &HeaderMap, limit: Limit) -> Result<(), Fault> {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit.bytes as u64) {
        return Err(limit.exceeded());
    }
    Ok(())
}

/// The next piece of a body; `None` at its end.
async fn piece(
    incoming: &mut (impl Body<Data = Bytes, Error = hyper::Error> + Unpin),
    bounds: Bounds,
    clock: &Clock,
) -> Result<Option<Bytes>, Fault> {
    loop {
        let late = || Fault::BodyTimeout(bounds.wait);
        let Some(frame) = clock.phase(bounds.wait, late, incoming.frame()).await? else { return Ok(None) };
        // Trailers of a request end here.
        if let Ok(data) = frame.map_err(|_| Fault::ClientLeft)?.into_data() {
            return Ok(Some(data));
        }
    }
}

/// Reads a form up to its model; one without is read whole.
async fn begin(
    mut incoming: Lingering,
    mut scan: Box<FormScan>,
    (bounds, clock): (Bounds, &Clock),
) -> Result<ClientBody, Fault> {
    let mut begun = BytesMut::new();
    while let Some(data) = piece(&mut incoming, bounds, clock).await? {
        if begun.len() + data.len() > bounds.limit.bytes {
            return Err(bounds.limit.exceeded());
        }
        begun.extend_from_slice(&data);
        scan.feed(&data).map_err(bad_form)?;
        if let Some(model) = named(&scan) {
            let form = Begun { begun: begun.freeze(), model, scan, rest: incoming };
            return Ok(ClientBody::Begun(Box::new(form)));
        }
    }
    Ok(ClientBody::Held(Held { bytes: begun.freeze(), ..Held::empty() }))
}

/// Whether the body of a request is a form with files.
pub(crate) fn is_form(operation: Operation, headers: &HeaderMap) -> bool {
    operation.takes_forms() && media_type(headers) == "multipart/form-data"
}

fn form(headers: &HeaderMap) -> Result<Box<FormScan>, Fault> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    FormScan::new(content_type).map(Box::new).map_err(bad_form)
}

pub(crate) fn bad_form(error: FormError) -> Fault {
    Fault::Body(error.to_string())
}

fn named(scan: &FormScan) -> Option<NamedModel> {
    let FormModel { name, range } = scan.model()?.clone();
    Some(NamedModel { name, place: Some(ModelPlace::Form(range)) })
}

fn form_model(bytes: &Bytes, headers: &HeaderMap) -> Result<Option<NamedModel>, Fault> {
    let mut scan = form(headers)?;
    scan.feed(bytes).map_err(bad_form)?;
    Ok(named(&scan))
}

async fn collect(
    begun: Bytes,
    mut incoming: impl Body<Data = Bytes, Error = hyper::Error> + Unpin,
    headers: &HeaderMap,
    (bounds, clock): (Bounds, &Clock),
) -> Result<Bytes, Fault> {
    check_length(headers, bounds.limit)?;
    let rest = incoming.size_hint().exact().and_then(|rest| usize::try_from(rest).ok());
    let announced = begun.len() + rest.unwrap_or(0);
    let mut only = Some(begun).filter(|begun| !begun.is_empty());
    let mut whole = BytesMut::new();
    while let Some(data) = piece(&mut incoming, bounds, clock).await? {
        let length = only.as_ref().map_or(whole.len(), Bytes::len) + data.len();
        if length > bounds.limit.bytes {
            return Err(bounds.limit.exceeded());
        }
        if length == data.len() {
            // A body that comes in one piece, as most do, is never copied.
            if incoming.is_end_stream() {
                return Ok(data);
            }
            only = Some(data);
            continue;
        }
        make_room(&mut whole, length, announced);
        whole.extend_from_slice(&only.take().unwrap_or_default());
        whole.extend_from_slice(&data);
    }
    Ok(only.unwrap_or_else(|| whole.freeze()))
}

/// Bytes after which the rest that was announced is believed to come.
const BELIEVED: usize = 64 * 1024;

/// Room for a body of this length so far. What is announced gets all of its room at once, so that megabytes are not copied to
/// grow; but only once a part of it has come, so that a word in a head takes no memory.
fn make_room(whole: &mut BytesMut, length: usize, announced: usize) {
    let wanted = if length > BELIEVED { length.max(announced) } else { length };
    whole.reserve(wanted - whole.len());
}

/// Undoes the content coding within the limit.
async fn decode(raw: Bytes, headers: &HeaderMap, limit: Limit) -> Result<(Bytes, bool), Fault> {
    let unknown = |_| {
        let known = "send it plain, or as gzip, deflate, br or zstd";
        Fault::Body(format!("\"content-encoding\" of the body is none that is served; {known}"))
    };
    let Some(coding) = Coding::of(headers).map_err(unknown)? else { return Ok((raw, false)) };
    let input: &[u8] = &raw;
    Ok((read_within(coding.undone(input), limit).await?, true))
}

async fn read_within(decoder: impl AsyncRead + Unpin, limit: Limit) -> Result<Bytes, Fault> {
    let mut decoded = Vec::new();
    let read = decoder.take(limit.bytes as u64 + 1).read_to_end(&mut decoded).await;
    read.map_err(|_| Fault::Body("the body is not what its \"content-encoding\" says".into()))?;
    if decoded.len() > limit.bytes {
        return Err(limit.exceeded());
    }
    Ok(decoded.into())
}

pub(crate) fn says_json(headers: &HeaderMap) -> bool {
    let media_type = media_type(headers);
    media_type == "application/json" || media_type.ends_with("+json")
}
