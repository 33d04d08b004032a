//! The paths of the admin listener.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use tidegate_telemetry::Metrics;
use tokio::task;

use crate::access::LiveAccess;
use crate::answer;
use crate::control::{ApiError, Control};

/// The largest body that a handler reads, in bytes.
const BODY: usize = 64 * 1024;

/// What the handlers work on.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) control: Arc<dyn Control>,
    pub(crate) metrics: Arc<Metrics>,
}

/// The gate stands around the whole of `/v1`, unknown paths included, so that a new route is closed by default.
pub(crate) fn router(access: Arc<LiveAccess>, served: Served) -> Router {
    let v1 = Router::new()
        .route("/reload", post(reload))
        .route("/config", get(config))
        .route("/plugins", get(plugins))
        .route("/plugins/{name}", get(plugin).put(put_plugin).delete(delete_plugin))
        .route("/plugins/{name}/rollback", post(roll_back_plugin))
        .route("/keys", get(keys).post(create_key))
        .route("/keys/{id}", get(key).patch(update_key).delete(revoke_key))
        .route("/keys/{id}/rotate", post(rotate_key))
        .route("/usage", get(usage))
        .route("/traces", get(traces))
        .route("/traces/{request_id}", get(trace))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(access, guarded));
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .nest("/v1", v1)
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::map_response(answer::with_headers))
        .with_state(served)
}

async fn guarded(State(access): State<Arc<LiveAccess>>, request: Request, next: Next) -> Response {
    match access.admit(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(reason) => answer::refused(reason),
    }
}

async fn readyz(State(served): State<Served>) -> Response {
    if served.control.ready() {
        "ready".into_response()
    } else {
        answer::error(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "the gateway takes no new requests")
    }
}

/// Thousands of series take milliseconds to print: a thread that carries no streams does it.
async fn metrics(State(served): State<Served>) -> Response {
    match task::spawn_blocking(move || served.metrics.render()).await {
        Ok(text) => ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => internal(&error),
    }
}

/// A task of its own: a client that leaves must not stop a reload half-way.
async fn reload(State(served): State<Served>) -> Response {
    match task::spawn(async move { served.control.reload().await }).await {
        Ok(outcome) => answer::reloaded(outcome),
        Err(error) => internal(&error),
    }
}

async fn config(State(served): State<Served>) -> Response {
    Json(served.control.config()).into_response()
}

async fn traces(State(served): State<Served>) -> Response {
    Json(serde_json::json!({"traces": served.control.traces()})).into_response()
}

async fn trace(State(served): State<Served>, Path(request_id): Path<String>) -> Response {
    match served.control.trace(&request_id) {
        Some(trace) => Json(trace).into_response(),
        None => answer::error(
            StatusCode::NOT_FOUND,
            "not_found",
            &format!(
                "no trace of \"{request_id}\" is kept; take the id from \"x-request-id\" of the answer, and see \
                 \"telemetry.hook_traces\""
            ),
        ),
    }
}

async fn plugins(State(served): State<Served>) -> Response {
    Json(serde_json::json!({"plugins": served.control.plugins()})).into_response()
}

async fn plugin(State(served): State<Served>, Path(name): Path<String>) -> Response {
    let found = served.control.plugins().into_iter().find(|plugin| plugin["name"] == name.as_str());
    answer::plugin(found.ok_or_else(|| ApiError::NotFound(format!("there is no plugin \"{name}\""))))
}

/// Tasks of their own: a client that leaves must not stop a change half-way.
async fn put_plugin(State(served): State<Served>, Path(name): Path<String>, body: Bytes) -> Response {
    let wanted = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => {
            let text = format!("the body is no JSON: {error}; send {{\"path\": \"FOLDER\"}}");
            return answer::plugin(Err(ApiError::Invalid(text)));
        }
    };
    changed(task::spawn(async move { served.control.put_plugin(name, wanted).await }).await)
}

async fn delete_plugin(State(served): State<Served>, Path(name): Path<String>) -> Response {
    changed(task::spawn(async move { served.control.delete_plugin(name).await }).await)
}

async fn roll_back_plugin(State(served): State<Served>, Path(name): Path<String>) -> Response {
    changed(task::spawn(async move { served.control.roll_back_plugin(name).await }).await)
}

fn changed(outcome: Result<Result<serde_json::Value, ApiError>, task::JoinError>) -> Response {
    outcome.map_or_else(|error| internal(&error), answer::plugin)
}

type Pairs = Query<Vec<(String, String)>>;

async fn keys(State(served): State<Served>, Query(query): Pairs) -> Response {
    answer::found(served.control.keys().list(query).await)
}

async fn key(State(served): State<Served>, Path(id): Path<String>) -> Response {
    answer::found(served.control.keys().get(id).await)
}

/// Tasks of their own, as for plugins.
async fn create_key(State(served): State<Served>, body: Bytes) -> Response {
    let wanted = match object(&body, "{\"principal\": \"NAME\"}") {
        Ok(wanted) => wanted,
        Err(error) => return answer::made(Err(error)),
    };
    let made = task::spawn(async move { served.control.keys().create(wanted).await }).await;
    made.map_or_else(|error| internal(&error), answer::made)
}

async fn update_key(State(served): State<Served>, Path(id): Path<String>, body: Bytes) -> Response {
    let wanted = match object(&body, "{\"expires_in\": \"24h\"}") {
        Ok(wanted) => wanted,
        Err(error) => return answer::found(Err(error)),
    };
    let updated = task::spawn(async move { served.control.keys().update(id, wanted).await }).await;
    updated.map_or_else(|error| internal(&error), answer::found)
}

/// Without a body as with an empty one.
async fn rotate_key(State(served): State<Served>, Path(id): Path<String>, body: Bytes) -> Response {
    let body = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    let wanted = match object(&body, "{\"overlap\": \"24h\"}") {
        Ok(wanted) => wanted,
        Err(error) => return answer::found(Err(error)),
    };
    let rotated = task::spawn(async move { served.control.keys().rotate(id, wanted).await }).await;
    rotated.map_or_else(|error| internal(&error), answer::found)
}

async fn revoke_key(State(served): State<Served>, Path(id): Path<String>) -> Response {
    let revoked = task::spawn(async move { served.control.keys().revoke(id).await }).await;
    revoked.map_or_else(|error| internal(&error), answer::gone)
}

/// The JSON of a body.
fn object(body: &Bytes, example: &str) -> Result<serde_json::Value, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        ApiError::Invalid(format!("the body is no JSON: {error}; send one such as {example}"))
    })
}

async fn usage(State(served): State<Served>, Query(query): Pairs) -> Response {
    answer::found(served.control.usage(query).await)
}

async fn not_found() -> Response {
    answer::error(StatusCode::NOT_FOUND, "unknown_path", "the admin listener has no such path")
}

async fn wrong_method() -> Response {
    answer::error(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "the path does not take this method")
}

fn internal(error: &task::JoinError) -> Response {
    tracing::error!(%error, "admin request failed");
    answer::error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the gateway failed; its log says why")
}
