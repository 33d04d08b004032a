//! Models behind routes: each expected question is answered once, in whatever order they come.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tidegate_pipeline::{Models, NoAnswer, Question};

use crate::services::QuestionShape;

#[derive(Debug, Default)]
pub(crate) struct FakeModels {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: Vec<QuestionShape>,
    strangers: Vec<Value>,
}

impl FakeModels {
    pub(crate) fn new(questions: &[QuestionShape]) -> Self {
        Self { state: Mutex::new(State { open: questions.to_vec(), strangers: Vec::new() }) }
    }

    /// What is wrong with what was asked.
    pub(crate) fn problem(&self) -> Option<String> {
        let state = self.state();
        if let Some(stranger) = state.strangers.first() {
            return Some(format!(
                "a question was asked that is not in \"services.models\", or once too often: {stranger}"
            ));
        }
        let missing = state.open.first()?;
        Some(format!("route \"{}\" was never asked", missing.route))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, question: Question<'_>) -> Result<String, NoAnswer> {
        let body: Value = serde_json::from_str(question.body).unwrap_or_else(|_| question.body.into());
        let mut state = self.state();
        let is_it = |open: &QuestionShape| {
            open.route == question.route && open.body.as_ref().is_none_or(|wanted| *wanted == body)
        };
        let Some(index) = state.open.iter().position(is_it) else {
            state.strangers.push(json!({"route": question.route, "body": body}));
            return Err(NoAnswer::Failed("the case expects no such question".into()));
        };
        let QuestionShape { reply, error, .. } = state.open.remove(index);
        error.map_or_else(|| Ok(reply.to_string()), |error| Err(error.error()))
    }
}

impl Models for FakeModels {
    fn ask<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<String, NoAnswer>> {
        Box::pin(std::future::ready(self.answer(question)))
    }
}
