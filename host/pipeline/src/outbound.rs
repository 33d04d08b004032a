//! An answer on its way back through a chain, in reverse: what masked on the way in unmasks on the way out.

use std::sync::Arc;

use tidegate_contract::{Hook, Reply, TransformVerdict};

use crate::apply;
use crate::chain::{Chain, Denied};
use crate::document::Payload;
use crate::inbound::{Message, needed_length};
use crate::moderate::{self, Side};
use crate::plugin::{Call, HookError};
use crate::session::Session;

impl Chain {
    /// Whether any filter must see the body of an answer, or may change it.
    pub fn reads_answer(&self) -> bool {
        self.has(Hook::TransformResponse) || self.has(Hook::ModerateOutput)
    }

    /// Whether any filter must see the events of a stream.
    pub fn reads_events(&self) -> bool {
        self.has(Hook::TransformEvent)
    }

    /// Whether a stream must be put together to one answer, since a filter transforms nothing else.
    pub fn needs_whole_answers(&self) -> bool {
        self.links.iter().any(|link| link.needs_whole_answers())
    }

    /// Whether any filter judges the texts of an answer.
    pub fn judges_answers(&self) -> bool {
        self.has(Hook::ModerateOutput)
    }

    /// Runs moderation and transform hooks on a whole answer. `Some` is a filter's own answer in its place.
    ///
    /// # Errors
    /// Where a filter blocks, or fails and its entry denies.
    pub async fn outbound(
        &self,
        session: &mut Session,
        status: u16,
        message: &mut Message<'_>,
    ) -> Result<Option<Reply>, Denied> {
        for link in self.links.iter().rev() {
            if link.has(Hook::ModerateOutput) {
                moderate::body(link, Side::Output, session, message).await?;
            }
            if link.has(Hook::TransformResponse)
                && let Some(reply) = self.respond(link, session, (status, false), message).await?
            {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// Runs the transform hooks on the head of a stream, before its first byte. `Some` is a filter's own answer.
    ///
    /// # Errors
    /// Where a filter fails and its entry denies.
    pub async fn stream_head(
        &self,
        session: &mut Session,
        status: u16,
        message: &mut Message<'_>,
    ) -> Result<Option<Reply>, Denied> {
        for link in self.with(Hook::TransformResponse).rev() {
            if let Some(reply) = self.respond(link, session, (status, true), message).await? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    async fn respond(
        &self,
        link: &Arc<crate::guard::Link>,
        session: &mut Session,
        (status, stream): (u16, bool),
        message: &mut Message<'_>,
    ) -> Result<Option<Reply>, Denied> {
        let failed = |error| Denied::Failed { filter: Arc::clone(link.name()), error };
        let Some(scope) = session.scope(link, message.headers).map_err(failed)? else { return Ok(None) };
        let verdict = {
            let need = &link.subscription().response_body;
            let mut fields = Vec::new();
            let length = if stream { 0 } else { needed_length(need, message.body) };
            let payload = if stream {
                Ok(Payload::Absent)
            } else {
                link.check_body(length).and_then(|()| {
                    message
                        .body
                        .payload(need, &mut fields)
                        .map_err(|error| HookError::Invalid(error.to_string()))
                })
            };
            let headers = link.headers().of_map(message.headers);
            let headers = &*headers;
            let call = Call { context: session.context(), scope: &scope };
            let asked = link.ask(Hook::TransformResponse, call, |plugin, call| {
                Ok(plugin.transform_response(call, status, headers, payload?))
            });
            asked.await.map_err(failed)?
        };
        let carried = match verdict {
            None | Some(TransformVerdict::Unchanged) => Ok(None),
            Some(TransformVerdict::Reply(reply)) => apply::reply(&reply).map(|()| Some(reply)),
            Some(TransformVerdict::Changed(change)) => {
                apply::change(&change, message.headers, message.body).map(|()| None)
            }
        };
        link.forgive(Hook::TransformResponse, session, carried).map(Option::flatten).map_err(failed)
    }
}
