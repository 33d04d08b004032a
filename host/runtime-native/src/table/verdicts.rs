//! What plugins tell of their verdicts.

use tidegate_abi::{self as abi, Bytes, Call, List, Side};
use tidegate_contract::{
    Event, EventVerdict, Finding, Header, HeaderEdit, JsonEdit, JsonSet, Need, Principal, Refusal, Reply,
    TextEdit, Windows,
};

use super::{frame, text};
use crate::frame::Frame;

/// Runs with the frame of a call, as long as there is room for what is told.
///
/// # Safety
/// As of [`frame`].
unsafe fn told(call: *mut Call, tell: impl FnOnce(&mut Frame<'static>)) {
    // SAFETY: the caller's promise.
    if let Some(frame) = unsafe { frame(call) }.filter(|frame| frame.has_room()) {
        tell(frame);
    }
}

pub(super) unsafe extern "C" fn fail(call: *mut Call, reason: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            // What goes wrong is told in whatever bytes there are.
            let reason = frame.bytes(reason.as_slice());
            frame.told.failure = Some(String::from_utf8_lossy(&reason).into_owned());
        });
    }
}

pub(super) unsafe extern "C" fn subscribe(call: *mut Call, hook: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let hook = text(frame, hook);
            let hooks = frame.told.wants.hooks.get_or_insert_default();
            if !hook.is_empty() {
                hooks.push(hook);
            }
        });
    }
}

/// The place of a side's need; anything but a known side is noted.
fn side<'f>(frame: &'f mut Frame<'static>, side: u32) -> Option<&'f mut Option<Need>> {
    let at = match side {
        side if side == Side::Request as u32 => 0,
        side if side == Side::Response as u32 => 1,
        side if side == Side::Headers as u32 => 2,
        _ => {
            frame.told.wrong = Some(format!("it wants something of side {side}, and there are 0 to 2"));
            return None;
        }
    };
    frame.told.wants.needs.get_mut(at)
}

pub(super) unsafe extern "C" fn want(call: *mut Call, of: u32, need: u32) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let need = match need {
                need if need == abi::Need::Whole as u32 => Need::Whole,
                need if need == abi::Need::Nothing as u32 => Need::Nothing,
                _ => {
                    frame.told.wrong = Some(format!("it wants {need} of a side, and there are 0 and 1"));
                    return;
                }
            };
            if let Some(place) = side(frame, of) {
                *place = Some(need);
            }
        });
    }
}

pub(super) unsafe extern "C" fn want_field(call: *mut Call, of: u32, pointer: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let pointer = text(frame, pointer);
            match side(frame, of) {
                Some(Some(Need::Fields(pointers))) => pointers.push(pointer),
                Some(place) => *place = Some(Need::Fields(vec![pointer])),
                None => {}
            }
        });
    }
}

pub(super) unsafe extern "C" fn want_digest(call: *mut Call) {
    // SAFETY: the plugin's promise.
    unsafe { told(call, |frame| frame.told.wants.digest = true) }
}

pub(super) unsafe extern "C" fn want_windows(call: *mut Call, windows: *const abi::Windows) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let Some(abi::Windows { mode, min, max, overlap, max_match, max_hold_ms }) = windows.as_ref()
            else {
                return;
            };
            let (mode, min, max, overlap) = (text(frame, *mode), *min, *max, *overlap);
            let (max_match, max_hold_ms) = (*max_match, *max_hold_ms);
            frame.told.wants.windows = Some(Windows { mode, min, max, overlap, max_match, max_hold_ms });
        });
    }
}

pub(super) unsafe extern "C" fn dialect(call: *mut Call, name: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let name = text(frame, name);
            frame.told.wants.dialects.push(name);
        });
    }
}

pub(super) unsafe extern "C" fn grant(call: *mut Call, id: Bytes, tenant: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let id = text(frame, id);
            let tenant = (!tenant.is_none()).then(|| text(frame, tenant));
            frame.told.principal = Some(Principal { id, tenant, models: None, attributes: Vec::new() });
        });
    }
}

pub(super) unsafe extern "C" fn attribute(call: *mut Call, name: Bytes, value: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let pair = (text(frame, name), text(frame, value));
            match &mut frame.told.principal {
                Some(principal) => principal.attributes.push(pair),
                None => frame.told.wrong = Some("it tells an attribute before it grants".into()),
            }
        });
    }
}

pub(super) unsafe extern "C" fn refuse(call: *mut Call, status: u16, code: Bytes, message: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let (code, message) = (text(frame, code), text(frame, message));
            frame.told.refusal = Some(Refusal { status, code, message, headers: Vec::new() });
        });
    }
}

pub(super) unsafe extern "C" fn ticket(call: *mut Call, ticket: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe { told(call, |frame| frame.told.ticket = Some(text(frame, ticket))) }
}

pub(super) unsafe extern "C" fn set_header(call: *mut Call, name: Bytes, value: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let edit = HeaderEdit::Set(text(frame, name), frame.bytes(value.as_slice()));
            frame.told.headers.push(edit);
        });
    }
}

pub(super) unsafe extern "C" fn add_header(call: *mut Call, name: Bytes, value: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let edit = HeaderEdit::Add(text(frame, name), frame.bytes(value.as_slice()));
            frame.told.headers.push(edit);
        });
    }
}

pub(super) unsafe extern "C" fn remove_header(call: *mut Call, name: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let edit = HeaderEdit::Remove(text(frame, name));
            frame.told.headers.push(edit);
        });
    }
}

pub(super) unsafe extern "C" fn header(call: *mut Call, name: Bytes, value: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let header = Header { name: text(frame, name), value: frame.bytes(value.as_slice()) };
            match (&mut frame.told.refusal, &mut frame.told.reply) {
                (Some(refusal), _) => refusal.headers.push(header),
                (None, Some(reply)) => reply.headers.push(header),
                (None, None) => {
                    frame.told.wrong = Some("it tells a field of an answer before the answer".into());
                }
            }
        });
    }
}

pub(super) unsafe extern "C" fn set(call: *mut Call, pointer: Bytes, json: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let edit = JsonEdit::Set(JsonSet { pointer: text(frame, pointer), value: text(frame, json) });
            frame.told.edits.push(edit);
        });
    }
}

pub(super) unsafe extern "C" fn insert(call: *mut Call, pointer: Bytes, json: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let edit = JsonEdit::Insert(JsonSet { pointer: text(frame, pointer), value: text(frame, json) });
            frame.told.edits.push(edit);
        });
    }
}

pub(super) unsafe extern "C" fn remove(call: *mut Call, pointer: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let edit = JsonEdit::Remove(text(frame, pointer));
            frame.told.edits.push(edit);
        });
    }
}

pub(super) unsafe extern "C" fn replace_body(call: *mut Call, json: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe { told(call, |frame| frame.told.replacement = Some(text(frame, json))) }
}

pub(super) unsafe extern "C" fn cluster(call: *mut Call, cluster: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe { told(call, |frame| frame.told.cluster = Some(text(frame, cluster))) }
}

pub(super) unsafe extern "C" fn reroute(call: *mut Call) {
    // SAFETY: the plugin's promise.
    unsafe { told(call, |frame| frame.told.reroute = true) }
}

pub(super) unsafe extern "C" fn reply(call: *mut Call, status: u16, body: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let body = frame.bytes(body.as_slice());
            frame.told.reply = Some(Reply { status, headers: Vec::new(), body });
        });
    }
}

/// What becomes of the next event.
///
/// # Safety
/// As of [`frame`].
unsafe fn event(call: *mut Call, verdict: impl FnOnce(&mut Frame<'static>) -> EventVerdict) {
    // SAFETY: the caller's promise.
    unsafe {
        told(call, |frame| {
            // Counts, so that verdicts without end run into the limit.
            frame.bytes(&[]);
            let verdict = verdict(frame);
            frame.told.events.push(verdict);
        });
    }
}

pub(super) unsafe extern "C" fn keep_event(call: *mut Call) {
    // SAFETY: the plugin's promise.
    unsafe { event(call, |_| EventVerdict::Keep) }
}

pub(super) unsafe extern "C" fn drop_event(call: *mut Call) {
    // SAFETY: the plugin's promise.
    unsafe { event(call, |_| EventVerdict::Drop) }
}

pub(super) unsafe extern "C" fn replace_event(call: *mut Call, events: List<abi::Event>) {
    // SAFETY: the plugin's promise.
    unsafe {
        event(call, |frame| {
            let copied = |abi::Event { name, data }: &abi::Event| Event {
                name: (!name.is_none()).then(|| text(frame, *name)),
                data: text(frame, *data),
            };
            EventVerdict::Replace(events.as_slice().iter().map(copied).collect())
        });
    }
}

pub(super) unsafe extern "C" fn block(call: *mut Call, reason: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe { told(call, |frame| frame.told.block = Some(text(frame, reason))) }
}

pub(super) unsafe extern "C" fn edit(call: *mut Call, id: u32, start: u32, end: u32, replacement: Bytes) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let replacement = text(frame, replacement);
            frame.told.text_edits.push(TextEdit { id, start, end, replacement });
        });
    }
}

pub(super) unsafe extern "C" fn finding(call: *mut Call, finding: *const abi::Finding) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            let Some(given) = finding.as_ref() else { return };
            let abi::Finding { category, detail, score, text: id, has_score, has_text } = *given;
            let (category, detail) = (text(frame, category), text(frame, detail));
            let (score, id) = ((has_score != 0).then_some(score), (has_text != 0).then_some(id));
            frame.told.findings.push(Finding { category, score, text: id, detail });
        });
    }
}

pub(super) unsafe extern "C" fn hold(call: *mut Call, id: u32, bytes: u32) {
    // SAFETY: the plugin's promise.
    unsafe {
        told(call, |frame| {
            frame.bytes(&[]);
            frame.told.hold.push((id, bytes));
        });
    }
}
