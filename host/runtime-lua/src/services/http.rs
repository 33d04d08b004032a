//! `tidegate.http`: requests to granted hosts, several at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mlua::{IntoLua, Lua, Result, Table, Value};
use tidegate_contract::{Header, Reply};
use tidegate_pipeline::{HttpRequest, NoAnswer};

use super::{Outcome, Told, text, whole};
use crate::instance::Shared;

/// Requests at once; more are refused by the services too.
const MAX_REQUESTS: usize = 16;

/// Bytes of all requests of one call of `send`.
const MAX_BYTES: usize = 1024 * 1024;

/// Fields of one request.
const MAX_FIELDS: usize = 128;

pub(super) fn add(lua: &Lua, shared: &Arc<Shared>, host: &Table) -> Result<()> {
    let shared = Arc::clone(shared);
    // See `kv::function` for why the VM is let go.
    let send = lua.create_async_function(move |lua, requests: Value| {
        drop(lua);
        let waiting = send(Arc::clone(&shared), &requests);
        async move { Ok(Told(waiting.await)) }
    })?;
    host.raw_set("http_send", send)
}

/// One answer for each request, in their order: `{status, headers, all, body}` or `{error}`.
fn send(shared: Arc<Shared>, requests: &Value) -> impl Future<Output = Outcome<Vec<Answer>>> + use<> {
    let requests = read(requests);
    async move { Ok(shared.services.send(&requests?).await.into_iter().map(Answer).collect()) }
}

struct Answer(std::result::Result<Reply, NoAnswer>);

impl IntoLua for Answer {
    /// `headers` has the first value of each name, `all` every field as `{name, value}` in order.
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        let table = lua.create_table_with_capacity(0, 4)?;
        match self.0 {
            Err(error) => table.raw_set("error", error.to_string())?,
            Ok(reply) => {
                table.raw_set("status", reply.status)?;
                table.raw_set("body", lua.create_string(&reply.body)?)?;
                let headers = lua.create_table()?;
                let all = lua.create_table_with_capacity(reply.headers.len(), 0)?;
                for Header { name, value } in &reply.headers {
                    let value = lua.create_string(value)?;
                    if headers.raw_get::<Value>(name.as_str())?.is_nil() {
                        headers.raw_set(name.as_str(), &value)?;
                    }
                    all.raw_push(lua.create_sequence_from([lua.create_string(name)?, value])?)?;
                }
                table.raw_set("headers", headers)?;
                table.raw_set("all", all)?;
            }
        }
        Ok(Value::Table(table))
    }
}

fn read(requests: &Value) -> Outcome<Vec<HttpRequest>> {
    let list = requests.as_table().ok_or_else(|| "http.send takes a request or a list of them".to_owned())?;
    let length = list.raw_len();
    if length > MAX_REQUESTS {
        return Err(format!("http.send: at most {MAX_REQUESTS} requests may be sent at once"));
    }
    let mut left = MAX_BYTES;
    let request = |at| match list.raw_get::<Value>(at).unwrap_or_default() {
        Value::Table(request) => one(&request, &mut left),
        other => Err(format!("http.send: a request must be a table, not a {}", other.type_name())),
    };
    (1..=length).map(request).collect()
}

fn one(table: &Table, left: &mut usize) -> Outcome<HttpRequest> {
    let mut request = HttpRequest { method: "GET".into(), ..HttpRequest::default() };
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair.map_err(|error| error.to_string())?;
        let key = key.as_string().map(|key| key.as_bytes().to_vec()).unwrap_or_default();
        match &key[..] {
            b"url" => request.url = text("http.send: \"url\"", &value)?,
            b"method" => request.method = text("http.send: \"method\"", &value)?,
            b"body" => request.body = bytes("http.send: \"body\"", &value, left)?,
            b"headers" => request.headers = headers(&value, left)?,
            b"timeout_ms" => {
                request.timeout = whole("http.send: \"timeout_ms\"", &value)?.map(Duration::from_millis)
            }
            _ => {
                return Err(
                    "http.send: a request may have url, method, headers, body and timeout_ms only".into()
                );
            }
        }
    }
    if request.url.is_empty() {
        return Err("http.send: a request has no \"url\"".into());
    }
    Ok(request)
}

/// `{name = value or list of values}`, sorted by name.
fn headers(value: &Value, left: &mut usize) -> Outcome<Vec<Header>> {
    let table = value.as_table().ok_or_else(|| "http.send: \"headers\" must be a table".to_owned())?;
    let mut headers = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (name, value) = pair.map_err(|error| error.to_string())?;
        let name = text("http.send: a name of \"headers\"", &name)?.to_ascii_lowercase();
        let values: Vec<Value> = match &value {
            Value::Table(list) => {
                (1..=list.raw_len().min(MAX_FIELDS)).map(|at| list.raw_get(at).unwrap_or_default()).collect()
            }
            one => vec![one.clone()],
        };
        for value in values {
            let value = bytes("http.send: a value of \"headers\"", &value, left)?;
            headers.push(Header { name: name.clone(), value });
        }
        if headers.len() > MAX_FIELDS {
            return Err(format!("http.send: a request may have {MAX_FIELDS} headers"));
        }
    }
    headers.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(headers)
}

fn bytes(place: &str, value: &Value, left: &mut usize) -> Outcome<Vec<u8>> {
    let text =
        value.as_string().ok_or_else(|| format!("{place} must be a string, not a {}", value.type_name()))?;
    let bytes = text.as_bytes();
    *left = left
        .checked_sub(bytes.len())
        .ok_or_else(|| format!("{place}: the requests are larger than {} KiB together", MAX_BYTES / 1024))?;
    Ok(bytes.to_vec())
}
