//! Verdicts as calls of the host's functions, which copy what they are given.

use tidegate_abi as wire;
use tidegate_abi::{Bytes, List, Side};

use super::Current;
use crate::bindings::admission::exports::tidegate::plugin::admission::Verdict as Admission;
use crate::bindings::auth::exports::tidegate::plugin::auth::{Grant, Verdict as Auth};
use crate::bindings::host::tidegate::plugin::types::{
    HeaderEdit, JsonEdit, Judged, Judgement, Need, Refusal, Reply,
};
use crate::bindings::lifecycle::exports::tidegate::plugin::lifecycle::{Subscription, Windows};
use crate::bindings::transform::exports::tidegate::plugin::transform::{
    BodyChange, Change, EventVerdict, Verdict as Transform,
};
use crate::{Event, Finding, Header, TextEdit};

/// Calls a function of the host.
///
/// It is sound: the call is under way, and what is given outlives the function.
macro_rules! host {
    ($current:expr, $function:ident $(, $argument:expr)*) => {{
        let current: &Current = $current;
        // SAFETY: see above.
        unsafe { (current.host.$function)(current.call $(, $argument)*) }
    }};
}

pub(super) fn subscription(current: &Current, wants: &Subscription) {
    let Subscription { hooks, headers, request_body, response_body, body_digest, windows, dialects } = wants;
    // Also where it wants none: what is not named is not wanted.
    host!(current, subscribe, Bytes::text(""));
    for hook in hooks {
        host!(current, subscribe, Bytes::text(hook));
    }
    need(current, Side::Headers, headers);
    need(current, Side::Request, request_body);
    need(current, Side::Response, response_body);
    if *body_digest {
        host!(current, want_digest);
    }
    if let Some(Windows { mode, min, max, overlap, max_match, max_hold_ms }) = windows {
        let windows = wire::Windows {
            mode: Bytes::text(mode),
            min: *min,
            max: *max,
            overlap: *overlap,
            max_match: *max_match,
            max_hold_ms: *max_hold_ms,
        };
        host!(current, want_windows, &raw const windows);
    }
    for name in dialects {
        host!(current, dialect, Bytes::text(name));
    }
}

fn need(current: &Current, side: Side, need: &Need) {
    let side = side as u32;
    match need {
        Need::Nothing => host!(current, want, side, wire::Need::Nothing as u32),
        Need::Whole => host!(current, want, side, wire::Need::Whole as u32),
        Need::Fields(pointers) => {
            // A list that is empty is a word, too.
            host!(current, want, side, wire::Need::Nothing as u32);
            for pointer in pointers {
                host!(current, want_field, side, Bytes::text(pointer));
            }
        }
    }
}

pub(super) fn auth(current: &Current, verdict: &Auth) {
    match verdict {
        Auth::Pass => {}
        Auth::Allow(Grant { principal, headers }) => {
            let tenant = Bytes::maybe(principal.tenant.as_deref());
            host!(current, grant, Bytes::text(&principal.id), tenant);
            for (name, value) in &principal.attributes {
                host!(current, attribute, Bytes::text(name), Bytes::text(value));
            }
            header_edits(current, headers);
        }
        Auth::Deny(refused) => refusal(current, refused),
    }
}

pub(super) fn admission(current: &Current, verdict: &Admission) {
    match verdict {
        Admission::Admitted(None) => {}
        Admission::Admitted(Some(ticket)) => host!(current, ticket, Bytes::text(ticket)),
        Admission::Refused(refused) => refusal(current, refused),
    }
}

fn refusal(current: &Current, refusal: &Refusal) {
    let Refusal { status, code, message, headers } = refusal;
    host!(current, refuse, *status, Bytes::text(code), Bytes::text(message));
    fields(current, headers);
}

fn fields(current: &Current, headers: &[Header]) {
    for Header { name, value } in headers {
        host!(current, header, Bytes::text(name), Bytes::of(value));
    }
}

fn header_edits(current: &Current, edits: &[HeaderEdit]) {
    for edit in edits {
        match edit {
            HeaderEdit::Set(Header { name, value }) => {
                host!(current, set_header, Bytes::text(name), Bytes::of(value));
            }
            HeaderEdit::Add(Header { name, value }) => {
                host!(current, add_header, Bytes::text(name), Bytes::of(value));
            }
            HeaderEdit::Remove(name) => host!(current, remove_header, Bytes::text(name)),
        }
    }
}

pub(super) fn transform(current: &Current, verdict: &Transform) {
    match verdict {
        Transform::Unchanged => {}
        Transform::Changed(change) => changed(current, change),
        Transform::Reply(Reply { status, headers, body }) => {
            host!(current, reply, *status, Bytes::of(body));
            fields(current, headers);
        }
    }
}

fn changed(current: &Current, change: &Change) {
    let Change { headers, body, cluster, reroute } = change;
    header_edits(current, headers);
    match body {
        None => {}
        Some(BodyChange::Replace(json)) => host!(current, replace_body, Bytes::text(json)),
        Some(BodyChange::Edits(edits)) => edits.iter().for_each(|edit| json_edit(current, edit)),
    }
    if let Some(name) = cluster {
        host!(current, cluster, Bytes::text(name));
    }
    if *reroute {
        host!(current, reroute);
    }
}

fn json_edit(current: &Current, edit: &JsonEdit) {
    match edit {
        JsonEdit::Set(place) => host!(current, set, Bytes::text(&place.pointer), Bytes::text(&place.value)),
        JsonEdit::Insert(place) => {
            host!(current, insert, Bytes::text(&place.pointer), Bytes::text(&place.value));
        }
        JsonEdit::Remove(pointer) => host!(current, remove, Bytes::text(pointer)),
    }
}

pub(super) fn event(current: &Current, verdict: &EventVerdict) {
    match verdict {
        EventVerdict::Keep => host!(current, keep_event),
        EventVerdict::Drop => host!(current, drop_event),
        EventVerdict::Replace(events) => {
            let lent = |Event { name, data }: &Event| wire::Event {
                name: Bytes::maybe(name.as_deref()),
                data: Bytes::text(data),
            };
            let events: Vec<_> = events.iter().map(lent).collect();
            host!(current, replace_event, List::of(&events));
        }
    }
}

pub(super) fn judged(current: &Current, judged: &Judged) {
    let Judged { judgement, findings, hold } = judged;
    match judgement {
        Judgement::Allow => {}
        Judgement::Block(reason) => host!(current, block, Bytes::text(reason)),
        Judgement::Edit(edits) => {
            for TextEdit { id, start, end, replacement } in edits {
                host!(current, edit, *id, *start, *end, Bytes::text(replacement));
            }
        }
    }
    for Finding { category, score, text, detail } in findings {
        let finding = wire::Finding {
            category: Bytes::text(category),
            detail: Bytes::text(detail),
            score: score.unwrap_or(0.0),
            text: text.unwrap_or(0),
            has_score: score.is_some().into(),
            has_text: text.is_some().into(),
        };
        host!(current, finding, &raw const finding);
    }
    for (text, bytes) in hold {
        host!(current, hold, *text, *bytes);
    }
}
