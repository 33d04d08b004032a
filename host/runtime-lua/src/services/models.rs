//! `tidegate.models`: a model that is asked through a route of the gateway.

use std::future::Future;
use std::sync::Arc;

use mlua::{Lua, Result, Table, Value};

use super::{Outcome, Told, encode, text};
use crate::instance::Shared;

pub(super) fn add(lua: &Lua, shared: &Arc<Shared>, host: &Table) -> Result<()> {
    let shared = Arc::clone(shared);
    // See `kv::function` for why the VM is let go.
    let ask = lua.create_async_function(move |lua, (route, body): (Value, Value)| {
        drop(lua);
        let waiting = ask(Arc::clone(&shared), &route, &body);
        async move { Ok(Told(waiting.await)) }
    })?;
    host.raw_set("model", ask)
}

/// The answer as JSON, which the prelude decodes.
fn ask(shared: Arc<Shared>, route: &Value, body: &Value) -> impl Future<Output = Outcome<String>> + use<> {
    let asked = text("models.ask: the route", route).and_then(|route| Ok((route, encode(&shared, body)?)));
    async move {
        let (route, body) = asked?;
        let answer = shared.services.ask(&shared.scope(), &route, &body).await;
        answer.map_err(|cause| format!("models.ask: {cause}"))
    }
}
