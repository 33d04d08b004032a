//! A request on its way through a chain, and one attempt of it through the filters of its backend.

use std::sync::Arc;

use http::HeaderMap;
use tidegate_contract::{AdmissionVerdict, Change, Hook, Operation, Reply, TransformVerdict, Usage};

use crate::apply;
use crate::chain::{Chain, Denied};
use crate::document::Body;
use crate::guard::Link;
use crate::moderate::{self, Side};
use crate::plugin::{Call, HookError};
use crate::scope::Scope;
use crate::session::Session;
use crate::texts::FindTexts;
use crate::tickets::Tickets;

/// A message that filters read and change.
pub struct Message<'m> {
    /// Its fields.
    pub headers: &'m mut HeaderMap,
    /// Its body.
    pub body: &'m mut Body,
    /// Finds its texts.
    pub texts: &'m dyn FindTexts,
    /// Whether there is a cluster of that name.
    pub clusters: &'m (dyn Fn(&str) -> bool + Sync),
}

/// What filters decided besides what they changed in the message.
#[derive(Debug, Default)]
pub struct Detour {
    /// Another cluster for the request.
    pub cluster: Option<String>,
    /// The route is to be picked anew.
    pub reroute: bool,
}

/// What becomes of a message.
#[derive(Debug)]
pub enum Flow {
    /// It goes on.
    On(Detour),
    /// A filter answers in its place.
    Reply(Reply),
}

impl Chain {
    /// Whether any filter must see the body of a request, or may change it.
    pub fn reads_request(&self) -> bool {
        [Hook::TransformRequest, Hook::ModerateInput].into_iter().any(|hook| self.has(hook))
    }

    /// Reserves what a request may cost. Whatever happens then, the tickets are settled exactly once.
    ///
    /// # Errors
    /// Where a filter refuses or fails; what others admitted before is taken back.
    pub async fn admit(
        &self,
        session: &mut Session,
        headers: &HeaderMap,
        estimate: Usage,
    ) -> Result<Tickets, Denied> {
        let mut tickets = Tickets::default();
        for link in self.with(Hook::Admit) {
            if let Err(denied) = admit_one(link, session, headers, (estimate, &mut tickets)).await {
                tickets.withdraw().await;
                return Err(denied);
            }
        }
        Ok(tickets)
    }

    /// Runs transform and moderation hooks in order; what stands later sees what stands earlier changed.
    ///
    /// # Errors
    /// Where a filter blocks, or fails and its entry denies.
    pub async fn inbound(&self, session: &mut Session, message: &mut Message<'_>) -> Result<Flow, Denied> {
        let mut detour = Detour::default();
        for link in &self.links {
            if link.has(Hook::TransformRequest) {
                match transform(link, Hook::TransformRequest, session, message).await? {
                    Some(Outcome::Reply(reply)) => return Ok(Flow::Reply(reply)),
                    Some(Outcome::Changed(cluster, reroute)) => {
                        detour.cluster = cluster.or(detour.cluster);
                        detour.reroute |= reroute;
                        note_model(session, message.body);
                    }
                    None => {}
                }
            }
            if link.has(Hook::ModerateInput) {
                moderate::body(link, Side::Input, session, message).await?;
            }
        }
        Ok(Flow::On(detour))
    }

    /// Runs the `transform_upstream` hooks of a backend's filters on one attempt.
    ///
    /// # Errors
    /// Where a filter fails and its entry denies.
    pub async fn upstream(&self, session: &mut Session, message: &mut Message<'_>) -> Result<Flow, Denied> {
        for link in self.with(Hook::TransformUpstream) {
            if let Some(Outcome::Reply(reply)) =
                transform(link, Hook::TransformUpstream, session, message).await?
            {
                return Ok(Flow::Reply(reply));
            }
        }
        Ok(Flow::On(Detour::default()))
    }
}

/// Asks one filter to admit. A shadow refuses nobody, and what it admitted is settled as that of any other.
async fn admit_one(
    link: &Arc<Link>,
    session: &mut Session,
    headers: &HeaderMap,
    (estimate, tickets): (Usage, &mut Tickets),
) -> Result<(), Denied> {
    let failed = |error| Denied::Failed { filter: Arc::clone(link.name()), error };
    let Some(scope) = session.scope(link, headers).map_err(failed)? else { return Ok(()) };
    if let Some(fields) = link.headers().named_of(headers) {
        scope.show_fields(fields);
    }
    let call = Call { context: session.context(), scope: &scope };
    let heard = link.hear(Hook::Admit, call, |plugin, call| Ok(plugin.admit(call, estimate))).await;
    let verdict = heard.map_err(failed)?;
    if !link.is_shadow() {
        session.allowances.extend(scope.take_allowances());
    }
    match verdict {
        Some(AdmissionVerdict::Admitted(Some(ticket))) => tickets.add(link, scope, ticket, session),
        Some(AdmissionVerdict::Refused(refusal)) if !link.is_shadow() => {
            let carried = apply::refusal(&refusal).map(|()| refusal);
            if let Some(refusal) = link.forgive(Hook::Admit, session, carried).map_err(failed)? {
                return Err(Denied::Refused { filter: Arc::clone(link.name()), refusal });
            }
        }
        Some(AdmissionVerdict::Admitted(None) | AdmissionVerdict::Refused(_)) | None => {}
    }
    Ok(())
}

/// What a transform did.
enum Outcome {
    Changed(Option<String>, bool),
    Reply(Reply),
}

async fn transform(
    link: &Arc<Link>,
    hook: Hook,
    session: &mut Session,
    message: &mut Message<'_>,
) -> Result<Option<Outcome>, Denied> {
    let failed = |error| Denied::Failed { filter: Arc::clone(link.name()), error };
    let Some(scope) = session.scope(link, message.headers).map_err(failed)? else { return Ok(None) };
    let verdict = ask(link, hook, (session, &scope), message).await?;
    let carried = match verdict {
        None | Some(TransformVerdict::Unchanged) => Ok(None),
        Some(TransformVerdict::Reply(reply)) => apply::reply(&reply).map(|()| Some(Outcome::Reply(reply))),
        Some(TransformVerdict::Changed(change)) => {
            let made = check(&change, session, message)
                .and_then(|()| apply::change(&change, message.headers, message.body));
            let Change { cluster, reroute, .. } = change;
            made.map(|()| Some(Outcome::Changed(cluster, reroute)))
        }
    };
    link.forgive(hook, session, carried).map(Option::flatten).map_err(failed)
}

/// What a change of a request must not break.
fn check(change: &Change, session: &Session, message: &Message<'_>) -> Result<(), HookError> {
    if let Some(name) = change.cluster.as_deref().filter(|name| !(message.clusters)(name)) {
        let name: String = name.chars().take(64).collect();
        return Err(HookError::Invalid(format!("there is no cluster \"{name}\"")));
    }
    if session.operation == Operation::Other.as_str() { Ok(()) } else { apply::check_model_call(change) }
}

async fn ask(
    link: &Arc<Link>,
    hook: Hook,
    (session, scope): (&Session, &Arc<Scope>),
    message: &Message<'_>,
) -> Result<Option<TransformVerdict>, Denied> {
    let need = &link.subscription().request_body;
    let mut fields = Vec::new();
    let call = Call { context: session.context(), scope };
    let fits = link.check_body(needed_length(need, message.body));
    let payload = message.body.payload(need, &mut fields)?;
    let headers = link.headers().of_map(message.headers);
    let headers = &*headers;
    let asked = link.ask(hook, call, |plugin, call| {
        fits?;
        Ok(match hook {
            Hook::TransformUpstream => plugin.transform_upstream(call, headers, payload),
            _ => plugin.transform_request(call, headers, payload),
        })
    });
    asked.await.map_err(|error| Denied::Failed { filter: Arc::clone(link.name()), error })
}

/// What counts against the limit of a plugin's body: only what it is given whole.
pub(crate) fn needed_length(need: &tidegate_contract::Need, body: &Body) -> usize {
    match need {
        tidegate_contract::Need::Whole => body.len(),
        tidegate_contract::Need::Nothing | tidegate_contract::Need::Fields(_) => 0,
    }
}

/// The model that the body names now.
fn note_model(session: &mut Session, body: &Body) {
    let pointers = ["/model".to_owned()];
    let Some(document) = body.document().filter(|document| document.is_changed()) else { return };
    let Ok(fields) = document.fields(&pointers) else { return };
    session.model = fields.first().and_then(|field| serde_json::from_str(&field.value).ok());
}
