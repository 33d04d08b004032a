//! A process that serves one native plugin by the worker protocol: the other side of `tidegate-workers`.
//!
//! One call at a time, on one thread. What a hook asks of services goes over the same socket and is waited for there; a `cancel`
//! that comes meanwhile is left alone, since a call that runs cannot be stopped.

mod reach;
mod socket;
mod told;
mod verdict;

use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tidegate_contract::{Hook, Hooks, Need, Subscription, VERSION, Windows};
use tidegate_pipeline::{Digest, HookError, LoadError};

use crate::instance::{Instance, Order};
use crate::library::{File, Within};
use reach::Remote;
use socket::{Frame, Kind, Socket};

/// The version of the protocol.
const PROTOCOL: u32 = 1;

/// The meta of `hello`.
#[derive(Deserialize)]
struct Hello {
    protocol: u32,
    contract: String,
    entry: String,
    hooks: Vec<String>,
    config: Box<RawValue>,
}

/// Bytes of a verdict that are sent: the gateway, which holds the plugin to its own limit, must see what is too much.
const OUTPUT: usize = 64 * 1024 * 1024;

/// Serves the plugin that descriptor 3 names, until it is told to stop or the gateway is gone.
///
/// # Errors
/// Where descriptor 3 is no socket of a gateway, or what comes over it is none of the protocol.
pub fn serve() -> io::Result<()> {
    // What lists of processes show.
    let _ = rustix::thread::set_name(c"tidegate-worker");
    let socket = Socket::inherited()?;
    let hello = socket.receive()?.ok_or_else(|| io::Error::other("no gateway speaks on descriptor 3"))?;
    if hello.kind != Kind::HELLO {
        return Err(io::Error::other("what came first on descriptor 3 is no greeting of a gateway"));
    }
    let made = serde_json::from_slice(&hello.meta)
        .map_err(|error| format!("its greeting cannot be read: {error}"))
        .and_then(|hello| configured(&socket, hello).map_err(|error| plain(&error)));
    let mut instance = match made {
        Ok((instance, subscription)) => {
            socket.send(Kind::READY, 0, &ready(&subscription), &[])?;
            instance
        }
        Err(error) => return socket.send(Kind::REFUSED, 0, &json!({"error": error}), &[]),
    };
    while let Some(frame) = socket.receive()? {
        match frame.kind {
            Kind::CALL => answer(&socket, &mut instance, frame)?,
            Kind::STOP => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}

/// The gateway puts its own words before what `configure` says.
fn plain(error: &LoadError) -> String {
    match error {
        LoadError::Configure(text) => text.clone(),
        error => error.to_string(),
    }
}

fn configured(socket: &Socket, hello: Hello) -> Result<(Instance, Subscription), LoadError> {
    let Hello { protocol, contract, entry, hooks, config } = hello;
    if protocol != PROTOCOL || contract != VERSION {
        return Err(LoadError::Configure(format!(
            "the gateway speaks protocol {protocol} and contract \"{contract}\", and this worker {PROTOCOL} and \"{VERSION}\""
        )));
    }
    let listed: Hooks = hooks.iter().filter_map(|name| Hook::by_name(name)).collect();
    // The working folder is the gateway's own, and the name a digest of the library.
    let path = Path::new(".").join(&entry);
    let file = File { path, digest: Digest::of(entry.as_bytes()), entry };
    let table = file.open(Within::Worker)?;
    let reach = Remote::new(socket, 0);
    Instance::make(table, &Order { config: config.get(), listed, output: OUTPUT }, &reach)
}

/// Answers one call; a plugin that panicked is not called again.
fn answer(socket: &Socket, instance: &mut Instance, frame: Frame) -> io::Result<()> {
    let id = frame.id;
    let failed = |error: &HookError| json!({"error": error.to_string()});
    let call = match told::call(frame) {
        Ok(call) => call,
        Err(error) => {
            let text = format!("the call cannot be read: {error}");
            return socket.send(Kind::FAIL, id, &json!({"error": text}), &[]);
        }
    };
    let reach = Remote::new(socket, id);
    let outcome = call.asked.with(|asked| instance.ask(asked, &call.context.borrowed(), &reach));
    match outcome {
        Ok(verdict) => match verdict::written(verdict) {
            Ok((meta, body)) => socket.send(Kind::RETURN, id, &meta, &body),
            Err(text) => socket.send(Kind::FAIL, id, &json!({"error": text}), &[]),
        },
        Err(error @ (HookError::Panicked | HookError::Trapped(_))) => {
            // The gateway must call it no more from this very answer on.
            socket.send(Kind::FAIL, id, &json!({"error": error.to_string(), "ends": true}), &[])?;
            Err(io::Error::other("the plugin panicked; another process takes its place"))
        }
        Err(HookError::Failed(text)) => socket.send(Kind::FAIL, id, &json!({"error": text}), &[]),
        Err(error) => socket.send(Kind::FAIL, id, &failed(&error), &[]),
    }
}

fn ready(subscription: &Subscription) -> Value {
    let Subscription { hooks, headers, request_body, response_body, body_digest, windows, dialects } =
        subscription;
    json!({
        "hooks": hooks.iter().map(Hook::as_str).collect::<Vec<_>>(),
        "headers": need(headers),
        "request_body": need(request_body),
        "response_body": need(response_body),
        "body_digest": body_digest,
        "windows": windows.as_ref().map(shown),
        "dialects": dialects,
        "concurrency": 1,
        "descriptors": true,
    })
}

fn need(need: &Need) -> Value {
    match need {
        Need::Nothing => "nothing".into(),
        Need::Whole => "whole".into(),
        Need::Fields(pointers) => json!({"fields": pointers}),
    }
}

fn shown(windows: &Windows) -> Value {
    let Windows { mode, min, max, overlap, max_match, max_hold_ms } = windows;
    json!({
        "mode": mode, "min": min, "max": max, "overlap": overlap, "max_match": max_match,
        "max_hold_ms": max_hold_ms,
    })
}
