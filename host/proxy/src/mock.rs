//! The embedded model behind a real HTTP connection in memory, so that it is pooled, timed out and retried like any upstream.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tidegate_config::checked;
use tidegate_providers::mock::{MockRequest, Model, Pace, Plan, Scripted, ScriptedBody, Settings};
use tokio::io::DuplexStream;

/// What a pipe holds before its writer waits, as a socket's buffer would.
const PIPE: usize = 64 * 1024;

/// Between the last byte before a cut and the cut.
const CUT_AFTER_FLUSH: Duration = Duration::from_millis(2);

/// Serves one embedded model on connections in memory.
#[derive(Clone)]
pub(crate) struct MockServer {
    model: Arc<Model>,
}

impl MockServer {
    pub(crate) fn new(mock: &checked::Mock) -> Self {
        Self { model: Arc::new(Model::new(settings(mock))) }
    }

    /// The client's end of a new connection.
    pub(crate) fn connect(&self) -> DuplexStream {
        let (client, server) = tokio::io::duplex(PIPE);
        let model = Arc::clone(&self.model);
        let service = service_fn(move |request| answer(Arc::clone(&model), request));
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(server), service);
        // The connection ends by itself when the pool drops the other end.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "connection to the embedded model ended");
            }
        });
        client
    }
}

async fn answer(
    model: Arc<Model>,
    request: Request<Incoming>,
) -> Result<Response<impl http_body::Body<Data = Bytes, Error = io::Error>>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let plan = model.answer(&MockRequest {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body: &body,
    });
    tokio::time::sleep(plan.latency).await;
    Ok(carry_out(plan))
}

fn carry_out(plan: Plan) -> Response<impl http_body::Body<Data = Bytes, Error = io::Error>> {
    let Plan { status, headers, steps, cut, .. } = plan;
    let paced = futures_util::stream::iter(steps).then(|step| async move {
        if !step.wait.is_zero() {
            tokio::time::sleep(step.wait).await;
        }
        Ok(Frame::data(step.bytes))
    });
    let end = futures_util::stream::iter(cut.then_some(())).then(|()| async {
        // hyper throws away what it has not flushed when a body fails; while the body waits, it flushes.
        tokio::time::sleep(CUT_AFTER_FLUSH).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    let mut response = Response::new(StreamBody::new(paced.chain(end)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response.headers_mut().extend(headers);
    response
}

fn settings(mock: &checked::Mock) -> Settings {
    Settings {
        reply: Some(mock.reply.clone()),
        echo: mock.echo,
        stream: Pace { chunk: mock.stream.chunk, every: mock.stream.every },
        latency: mock.latency,
        status: mock.status,
        script: mock.script.iter().map(scripted).collect(),
    }
}

fn scripted(answer: &checked::MockAnswer) -> Scripted {
    let field = |(name, value): &(String, String)| {
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
    };
    let body = match &answer.body {
        checked::MockBody::Whole { text, content_type } => {
            ScriptedBody::Whole { bytes: Bytes::from(text.clone()), content_type }
        }
        checked::MockBody::Events(events) => ScriptedBody::Events(events.clone()),
    };
    Scripted {
        status: answer.status,
        headers: answer.headers.iter().filter_map(field).collect(),
        body,
        cut_after: answer.cut_after,
    }
}
