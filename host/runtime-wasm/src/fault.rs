//! Why a call of a guest ended, in the words of the pipeline.

use std::time::Duration;

use tidegate_pipeline::{HookError, Limits, reason};
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

/// Raised by the clock in a guest whose time is up.
#[derive(Debug, thiserror::Error)]
#[error("its time is up")]
pub(crate) struct Overdue;

/// What the engine says when a value that a guest hands over is larger than it may be. Its type is private; a test holds
/// the text.
const TOO_MUCH: &str = "fuel allocated for hostcalls has been exhausted";

/// What bounded the call.
pub(crate) struct Bounds {
    pub(crate) limits: Limits,
    pub(crate) deadline: Duration,
    /// Whether memory was refused during the call.
    pub(crate) denied: bool,
}

/// The pipeline's error for one of the engine.
pub(crate) fn of(error: &wasmtime::Error, bounds: &Bounds) -> HookError {
    // A guest that is refused memory ends in ways of its own: an unreachable instruction, an exit, an index out of bounds.
    if bounds.denied {
        return HookError::Memory(bounds.limits.memory);
    }
    if error.is::<Overdue>() {
        return HookError::Deadline(bounds.deadline);
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return HookError::Trapped(
            "no place for another instance; lower \"max_instances\" of some plugins".into(),
        );
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return HookError::Trapped(format!("it exited with status {}", exit.0));
    }
    let cause = error.root_cause().to_string();
    if cause.contains(TOO_MUCH) {
        // Frames of the guest mean that it was calling a service, not answering.
        if error.downcast_ref::<WasmBacktrace>().is_none_or(|trace| trace.frames().is_empty()) {
            return HookError::Output(bounds.limits.output);
        }
        return HookError::Trapped("it handed a service more than \"limits.output\" at once".into());
    }
    match error.downcast_ref::<Trap>() {
        Some(trap) => HookError::Trapped(trap.to_string()),
        None => HookError::Trapped(cut(&cause)),
    }
}

/// A text of the guest, fit for a log line.
pub(crate) fn cut(text: &str) -> String {
    reason(text)
}
