//! What an error of the VM means for the call.

use std::time::Duration;

use mlua::Error;
use tidegate_pipeline::{HookError, reason};

use crate::json::NO_MEMORY;
use crate::limits::Stop;

/// An error of a script, turned into that of a hook.
pub(crate) fn hook_error(error: &Error, memory: usize, deadline: Duration) -> HookError {
    match stop(error) {
        Some(Stop::Deadline) => return HookError::Deadline(deadline),
        Some(stop @ Stop::Errors) => return HookError::Trapped(stop.to_string()),
        None => {}
    }
    let text = sentence(error);
    if is_memory(error) {
        HookError::Memory(memory)
    } else if text.contains("stack overflow") {
        HookError::Trapped(text)
    } else {
        HookError::Failed(text)
    }
}

/// Whether a VM may serve on after this error: what the script raised itself leaves it whole.
pub(crate) fn leaves_whole(error: &HookError) -> bool {
    matches!(error, HookError::Failed(_) | HookError::Invalid(_) | HookError::Output(_) | HookError::Body(_))
}

/// Whether the VM refused memory. An error that the script raised anew keeps only its text.
pub(crate) fn is_memory(error: &Error) -> bool {
    match innermost(error) {
        Error::MemoryError(_) => true,
        Error::RuntimeError(text) => first_part(text).ends_with(NO_MEMORY),
        _ => false,
    }
}

/// The text of an error without Lua's traceback, in bounds.
pub(crate) fn sentence(error: &Error) -> String {
    let text = match innermost(error) {
        Error::RuntimeError(text) | Error::MemoryError(text) => first_part(text).to_owned(),
        Error::SyntaxError { message, .. } => message.clone(),
        other => other.to_string(),
    };
    match no_text(&text) {
        Some(kind) => format!("it raised {kind} in place of a text; call error with a text"),
        None => reason(&text),
    }
}

/// What a script raised that is no text: Lua shows such values by their address.
fn no_text(text: &str) -> Option<String> {
    if text == "nil" {
        return Some("nothing".into());
    }
    let (kind, address) = text.split_once(": 0x")?;
    let kinds = ["table", "function", "userdata", "thread", "buffer", "vector"];
    let is_address = address.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_address && kinds.contains(&kind)).then(|| format!("a {kind}"))
}

fn stop(error: &Error) -> Option<Stop> {
    match innermost(error) {
        Error::ExternalError(cause) => cause.downcast_ref::<Stop>().copied(),
        _ => None,
    }
}

fn innermost(error: &Error) -> &Error {
    match error {
        Error::CallbackError { cause, .. } | Error::WithContext { cause, .. } => innermost(cause),
        Error::BadArgument { cause, .. } => match innermost(cause) {
            memory @ Error::MemoryError(_) => memory,
            _ => error,
        },
        other => other,
    }
}

fn first_part(text: &str) -> &str {
    text.split("\nstack traceback:").next().unwrap_or_default()
}
