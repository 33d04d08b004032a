//! What an error of the VM means for the call.

use std::time::Duration;

use mlua::Error;
use tidegate_pipeline::HookError;

use crate::json::NO_MEMORY;
use crate::limits::Stop;

/// Characters of an error's text that are told.
const MAX_TEXT: usize = 1024;

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
    text.chars().take(MAX_TEXT).collect()
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
