//! The steps of a case, played against a configured plugin.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tidegate_contract::{Hook, Windows};
use tidegate_pipeline::{Call, HookError, Plugin, Scope};

use crate::ask::{Answered, ask};
use crate::case::{Case, Step};
use crate::compare::difference;
use crate::expect::Expected;
use crate::mismatch::Mismatch;
use crate::split;

/// Asks the plugin step by step: one request, so that notes of one step are there in the next.
///
/// A step that says `split` is played as a stream besides, cut by the windows of its subscription, else by `windows`, which
/// are those of its manifest.
///
/// What it did to its services is compared by [`crate::Recorder::check`].
///
/// # Errors
/// The first step whose answer is not the one that the case expects, with both.
pub async fn play(case: &Case, plugin: &Arc<dyn Plugin>, windows: Option<&Windows>) -> Result<(), Mismatch> {
    let request_id = case.steps().first().map_or("", |step| step.context.request_id());
    let scope = Scope::new(request_id, Arc::clone(case.attributes()));
    for (index, step) in case.steps().iter().enumerate() {
        let wrong = |problem: String| {
            Err(Mismatch::new(case.name(), format!("step {} ({})", index + 1, step.hook), problem))
        };
        if !plugin.subscription().hooks.has(step.hook) {
            return wrong("the plugin does not subscribe to this hook, so it is never called".into());
        }
        if let Some(problem) = compared(step, answered(&**plugin, step, &scope).await) {
            return wrong(problem);
        }
        let split = if step.split { split::difference(step, plugin, windows).await } else { None };
        if let Some(problem) = split {
            return wrong(problem);
        }
    }
    Ok(())
}

/// A call of which only the time counts.
#[derive(Debug, Clone, Copy)]
pub struct Timed {
    /// Of which hook.
    pub hook: Hook,
    /// Until it answered or failed.
    pub took: Duration,
    /// Whether it gave no verdict.
    pub failed: bool,
}

/// Asks the plugin all steps of a case, `times` over, whatever it answers.
pub async fn rounds(case: &Case, plugin: &Arc<dyn Plugin>, times: usize) -> Vec<Timed> {
    let mut taken = Vec::with_capacity(times * case.steps().len());
    for _ in 0..times {
        let scope = Scope::new("bench", Arc::clone(case.attributes()));
        for step in case.steps().iter().filter(|step| plugin.subscription().hooks.has(step.hook)) {
            let started = Instant::now();
            let failed = answered(&**plugin, step, &scope).await.is_err();
            taken.push(Timed { hook: step.hook, took: started.elapsed(), failed });
        }
    }
    taken
}

/// A call within its deadline; a panic is a failure like any other.
async fn answered(plugin: &dyn Plugin, step: &Step, scope: &Arc<Scope>) -> Result<Answered, HookError> {
    let call = Call { context: step.context.context(), scope };
    let deadline = step.context.deadline();
    let asked = AssertUnwindSafe(ask(plugin, call, &step.input)).catch_unwind();
    let outcome = tokio::time::timeout(deadline, asked).await.map_err(|_| HookError::Deadline(deadline))?;
    outcome.map_err(|_| HookError::Panicked)?
}

fn compared(step: &Step, outcome: Result<Answered, HookError>) -> Option<String> {
    match (&step.expected, outcome) {
        (Expected::Error(text), Err(error)) => {
            let error = error.to_string();
            let differs = !error.contains(text.as_str());
            differs.then(|| {
                format!("the failure differs\n    expected a text with \"{text}\"\n    got      \"{error}\"")
            })
        }
        (Expected::Error(text), Ok(Answered { answer, .. })) => {
            Some(format!("a failure with \"{text}\" was expected, and the plugin answered {answer}"))
        }
        (Expected::Answer(answer), Err(error)) => {
            Some(format!("the plugin failed: {error}\n    expected {answer}"))
        }
        (Expected::Answer(answer), Ok(got)) => difference(answer, &got.answer)
            .map(|text| format!("the answer differs{text}"))
            .or_else(|| step.after.difference(&got.effect)),
    }
}

#[cfg(test)]
#[path = "play_tests.rs"]
mod tests;
