//! The beginning of an answer, read before its head goes on: as long as nothing has reached the client, another backend
//! can still answer in place of one that breaks off or says that it failed.

use bytes::BytesMut;
use http::Response;
use http_body_util::BodyExt;
use tidegate_config::checked::{RetryOn, Timeouts};
use tidegate_providers::AnswerScan;

use crate::events::whole_events;
use crate::fault::Fault;
use crate::headers::{EVENT_STREAM, is_encoded, media_type};
use crate::ledger::Ledger;
use crate::respond::broke_off;
use crate::snapshot::Route;
use crate::stream::MAX_PARTIAL;
use crate::translated::UpstreamBody;
use crate::upstream::Answered;

/// Whether a failure that shows in the beginning of an answer is one that the route retries.
pub(crate) fn matters(route: &Route, ledger: &Ledger) -> bool {
    let shows = |cause: &RetryOn| matches!(cause, RetryOn::Reset | RetryOn::Timeout | RetryOn::ServerError);
    ledger.operation.names_a_model() && route.retry.on.iter().any(shows)
}

/// Waits for the first piece of a good answer, of a stream for its first event.
pub(crate) async fn wait(
    answered: Box<Answered>,
    timeouts: &Timeouts,
    ledger: &Ledger,
) -> Result<Box<Answered>, Fault> {
    let headers = answered.response.headers();
    if !answered.response.status().is_success() || is_encoded(headers) {
        return Ok(answered);
    }
    let is_stream = media_type(headers) == EVENT_STREAM;
    let Answered { response, lease, translation, .. } = *answered;
    let (parts, body) = response.into_parts();
    let late = || Fault::UpstreamTimeout {
        cluster: ledger.cluster_name(),
        phase: "begin the body of its answer",
        after: timeouts.first_byte,
    };
    let reading = begin(body, is_stream, ledger);
    let (body, failed) = ledger.clock.phase(timeouts.first_byte, late, reading).await??;
    let response = Response::from_parts(parts, body);
    Ok(Box::new(Answered { response, lease, translation, failed }))
}

/// Reads until there is something to pass on; with whether that is an error event.
async fn begin(
    mut body: UpstreamBody,
    is_stream: bool,
    ledger: &Ledger,
) -> Result<(UpstreamBody, bool), Fault> {
    let mut beginning = BytesMut::new();
    let mut scan = AnswerScan::events();
    while !is_begun(&beginning, is_stream) {
        let Some(frame) = body.frame().await else {
            let is_whole = scan.finished() || scan.error_in_stream() || (!is_stream && !beginning.is_empty());
            if is_whole {
                break;
            }
            let cause = "its body ended before it began".into();
            return Err(Fault::Reset { cluster: ledger.cluster_name(), cause });
        };
        let Ok(data) = frame.map_err(|error| broke_off(error, ledger))?.into_data() else { continue };
        if is_stream {
            scan.feed(&data);
        }
        beginning.extend_from_slice(&data);
    }
    let failed = scan.error_in_stream();
    Ok((body.behind(beginning.freeze()), failed))
}

fn is_begun(beginning: &[u8], is_stream: bool) -> bool {
    match is_stream {
        true => whole_events(beginning) > 0 || beginning.len() > MAX_PARTIAL,
        false => !beginning.is_empty(),
    }
}
