//! Other servers: each expected request is answered once, in whatever order they come.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tidegate_contract::Reply;
use tidegate_pipeline::{HttpClient, HttpRequest, NoAnswer};

use crate::compare::same;
use crate::services::{Exchange, RequestShape};
use crate::shape::{Data, Fields, ReplyShape};
use crate::show;

#[derive(Debug, Default)]
pub(crate) struct FakeHttp {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: Vec<Exchange>,
    strangers: Vec<Value>,
}

impl FakeHttp {
    pub(crate) fn new(exchanges: &[Exchange]) -> Self {
        Self { state: Mutex::new(State { open: exchanges.to_vec(), strangers: Vec::new() }) }
    }

    /// What is wrong with what was sent.
    pub(crate) fn problem(&self) -> Option<String> {
        let state = self.state();
        if let Some(stranger) = state.strangers.first() {
            return Some(format!(
                "a request was sent that is not in \"services.http\", or once too often: {stranger}"
            ));
        }
        let missing = state.open.first()?;
        Some(format!("the request {} {} was never sent", missing.request.method, missing.request.url))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &HttpRequest) -> Result<Reply, NoAnswer> {
        let mut state = self.state();
        let Some(index) = state.open.iter().position(|open| matches(&open.request, request)) else {
            state.strangers.push(shown(request));
            return Err(NoAnswer::Failed("the case expects no such request".into()));
        };
        let Exchange { reply, error, .. } = state.open.remove(index);
        match (reply, error) {
            (_, Some(error)) => Err(error.error()),
            (reply, None) => Ok(reply.as_ref().map(ReplyShape::reply).unwrap_or_default()),
        }
    }
}

fn matches(expected: &RequestShape, got: &HttpRequest) -> bool {
    let millis = got.timeout.map(|timeout| timeout.as_millis());
    let part = |expected: Option<Value>, got: Value| expected.is_none_or(|expected| same(&expected, &got));
    expected.method == got.method
        && expected.url == got.url
        && expected.timeout_ms.is_none_or(|expected| millis == Some(expected.into()))
        && part(expected.headers.as_ref().map(show::json), show::json(&Fields::of(&got.headers)))
        && part(expected.body.as_ref().map(show::json), show::json(&Data::of(&got.body)))
}

fn shown(request: &HttpRequest) -> Value {
    json!({
        "method": request.method,
        "url": request.url,
        "headers": show::json(&Fields::of(&request.headers)),
        "body": show::json(&Data::of(&request.body)),
        "timeout_ms": request.timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
    })
}

impl HttpClient for FakeHttp {
    fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<Reply, NoAnswer>> {
        Box::pin(std::future::ready(self.answer(request)))
    }
}
