//! The functions that plugins call: the host's table.
//!
//! Each gets the pointer that its hook was given, and what it is told points to memory of the plugin, good for as long as the
//! function runs; both are the plugin's promise, as the header says.

#![allow(unsafe_code, reason = "called from C; each block has its reason")]

mod services;
mod verdicts;

use tidegate_abi::{Bytes, Call, Host};

use crate::frame::Frame;

/// The one table of this process.
pub(crate) static HOST: Host = Host {
    size: size_of::<Host>(),
    fail: verdicts::fail,
    subscribe: verdicts::subscribe,
    want: verdicts::want,
    want_field: verdicts::want_field,
    want_digest: verdicts::want_digest,
    want_windows: verdicts::want_windows,
    dialect: verdicts::dialect,
    grant: verdicts::grant,
    attribute: verdicts::attribute,
    refuse: verdicts::refuse,
    ticket: verdicts::ticket,
    set_header: verdicts::set_header,
    add_header: verdicts::add_header,
    remove_header: verdicts::remove_header,
    header: verdicts::header,
    set: verdicts::set,
    insert: verdicts::insert,
    remove: verdicts::remove,
    replace_body: verdicts::replace_body,
    cluster: verdicts::cluster,
    reroute: verdicts::reroute,
    reply: verdicts::reply,
    keep_event: verdicts::keep_event,
    replace_event: verdicts::replace_event,
    drop_event: verdicts::drop_event,
    block: verdicts::block,
    edit: verdicts::edit,
    finding: verdicts::finding,
    hold: verdicts::hold,
    info: services::info,
    note: services::note,
    set_note: services::set_note,
    log: services::log,
    count: services::count,
    observe: services::observe,
    secret: services::secret,
    kv_get: services::kv_get,
    kv_set: services::kv_set,
    kv_delete: services::kv_delete,
    kv_increment: services::kv_increment,
    http: services::http,
    model: services::model,
    why: services::why,
};

/// The call behind a pointer.
///
/// # Safety
/// It is the one that the hook was given, the hook has not returned, and no other function of the table runs with it.
unsafe fn frame<'a>(call: *mut Call) -> Option<&'a mut Frame<'static>> {
    // SAFETY: the caller's promise; the pointer is made by `Frame::pointer`, and lifetimes are nothing at run time: nothing that
    // is reached through it is kept beyond the function.
    unsafe { call.cast::<Frame<'static>>().as_mut() }
}

/// Copies text that the plugin told.
///
/// # Safety
/// `bytes` points to what it says.
unsafe fn text(frame: &mut Frame<'_>, bytes: Bytes) -> String {
    // SAFETY: the caller's promise.
    let bytes = unsafe { bytes.as_slice() };
    frame.text(bytes)
}
