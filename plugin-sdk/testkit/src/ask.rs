//! One call of a plugin, with exactly what its subscription asks for.

use http::HeaderMap;
use tidegate_contract::{AuthVerdict, Hook, Need, TransformVerdict};
use tidegate_pipeline::{Body, Call, HookError, Payload, Plugin, WantedHeaders};

use crate::effect::Effect;
use crate::input::{Input, header_map};
use crate::shape::{BodyShape, EventShape, HeadShape, TextShape};
use crate::show;

/// What a plugin answered, as a case file would write it, and what comes of it.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) answer: serde_json::Value,
    pub(crate) effect: Effect,
}

pub(crate) async fn ask(plugin: &dyn Plugin, call: Call<'_>, input: &Input) -> Result<Answered, HookError> {
    match input {
        Input::Authenticate(head) => authenticate(plugin, call, head).await,
        Input::Admit(estimate) => {
            plugin.admit(call, *estimate).await.map(|verdict| plain(show::admission(&verdict)))
        }
        Input::Settle { ticket, actual } => {
            plugin.settle(call, ticket, *actual).await.map(|()| plain(show::done()))
        }
        Input::Message { hook, status, headers, body } => {
            message(plugin, call, (*hook, *status), (headers, body)).await
        }
        Input::Events(events) => transform_event(plugin, call, events).await,
        Input::Texts { hook, texts, last } => moderate(plugin, call, *hook, (texts, *last)).await,
        Input::Completed(outcome) => plugin.completed(call, outcome).await.map(|()| plain(show::done())),
    }
}

fn plain(answer: serde_json::Value) -> Answered {
    Answered { answer, effect: Effect::default() }
}

async fn authenticate(plugin: &dyn Plugin, call: Call<'_>, head: &HeadShape) -> Result<Answered, HookError> {
    // They were read once already, when the case was.
    let head_fields = header_map(&head.headers).unwrap_or_default();
    let values = head.values();
    let headers: Vec<_> = values.iter().map(|(name, value)| (*name, &value[..])).collect();
    let wanted = WantedHeaders::new(&plugin.subscription().headers);
    let headers = wanted.of_fields(&headers);
    let head = head.head(&headers, plugin.subscription().body_digest);
    let verdict = plugin.authenticate(call, head).await?;
    let effect = match &verdict {
        AuthVerdict::Allow(grant) => Effect::of_headers(&grant.headers, head_fields)?,
        AuthVerdict::Pass | AuthVerdict::Deny(_) => Effect::default(),
    };
    Ok(Answered { answer: show::auth(&verdict), effect })
}

async fn message(
    plugin: &dyn Plugin,
    call: Call<'_>,
    (hook, status): (Hook, u16),
    (headers, body): (&HeaderMap, &BodyShape),
) -> Result<Answered, HookError> {
    let subscription = plugin.subscription();
    let need = match hook {
        Hook::TransformResponse => &subscription.response_body,
        _ => &subscription.request_body,
    };
    let body = body.body();
    let no_json = |error: tidegate_pipeline::NotJson| HookError::Invalid(error.to_string());
    let fields = match (need, &body) {
        (Need::Fields(pointers), Body::Json(document)) => document.fields(pointers).map_err(no_json)?,
        _ => Vec::new(),
    };
    let payload = match (need, &body) {
        (Need::Nothing, _) | (_, Body::Empty) => Payload::Absent,
        (_, Body::Opaque { media_type, .. }) => Payload::Opaque(media_type),
        (Need::Fields(_), Body::Json(_)) => Payload::Fields(&fields),
        (Need::Whole, Body::Json(document)) => Payload::Whole(document),
    };
    let wanted = WantedHeaders::new(&subscription.headers).of_map(headers);
    let verdict = match hook {
        Hook::TransformUpstream => plugin.transform_upstream(call, &wanted, payload).await?,
        Hook::TransformResponse => plugin.transform_response(call, status, &wanted, payload).await?,
        _ => plugin.transform_request(call, &wanted, payload).await?,
    };
    drop(fields);
    let change = match &verdict {
        TransformVerdict::Changed(change) => Some(change),
        TransformVerdict::Unchanged | TransformVerdict::Reply(_) => None,
    };
    let effect = Effect::of_change(change, headers, body)?;
    Ok(Answered { answer: show::transform(&verdict), effect })
}

async fn transform_event(
    plugin: &dyn Plugin,
    call: Call<'_>,
    events: &[EventShape],
) -> Result<Answered, HookError> {
    let events: Vec<_> = events.iter().map(EventShape::event).collect();
    let verdicts = plugin.transform_event(call, &events).await?;
    if verdicts.len() != events.len() {
        return Err(HookError::Invalid(format!("{} verdicts for {} events", verdicts.len(), events.len())));
    }
    Ok(plain(show::events(&verdicts)))
}

async fn moderate(
    plugin: &dyn Plugin,
    call: Call<'_>,
    hook: Hook,
    (texts, last): (&[TextShape], bool),
) -> Result<Answered, HookError> {
    let texts: Vec<_> = texts.iter().enumerate().map(|(index, text)| text.text(index)).collect();
    let judged = match hook {
        Hook::ModerateOutput => plugin.moderate_output(call, &texts, last).await?,
        _ => plugin.moderate_input(call, &texts).await?,
    };
    let effect = Effect::of_judgement(&judged.judgement, &texts)?;
    Ok(Answered { answer: show::judged(&judged), effect })
}
