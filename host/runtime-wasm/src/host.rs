//! The imports of a component: the gateway's services, which check every call against what was granted.

use std::time::{Duration, Instant};

use tidegate_pipeline::{HttpRequest, Level, NotesFull};
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::tidegate::plugin::{http, info, kv, log, metrics, models, secrets, state, types};
use crate::convert;
use crate::instance::Data;

/// Links all services. Which of them a component may import is checked before.
pub(crate) fn link(linker: &mut Linker<Data>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, HasSelf<Data>>(linker, |data| data)?;
    info::add_to_linker::<_, HasSelf<Data>>(linker, |data| data)?;
    state::add_to_linker::<_, HasSelf<Data>>(linker, |data| data)?;
    log::add_to_linker::<_, HasSelf<Data>>(linker, |data| data)?;
    metrics::add_to_linker::<_, HasSelf<Data>>(linker, |data| data)?;
    secrets::add_to_linker::<_, HasSelf<Data>>(linker, |data| data)?;
    kv::add_to_linker::<_, HasSelf<Data>>(linker, |data| data)?;
    http::add_to_linker::<_, HasSelf<Data>>(linker, |data| data)?;
    models::add_to_linker::<_, HasSelf<Data>>(linker, |data| data)
}

impl types::Host for Data {}

impl info::Host for Data {
    fn attribute(&mut self, name: String) -> Option<String> {
        self.scope.attribute(&name)
    }
}

impl state::Host for Data {
    fn get(&mut self, key: String) -> Option<Vec<u8>> {
        self.scope.note(&key)
    }

    fn set(&mut self, key: String, value: Vec<u8>) -> Result<(), state::Error> {
        self.scope.set_note(&key, &value).map_err(|NotesFull| state::Error::Full)
    }
}

impl log::Host for Data {
    fn write(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) {
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.services.log(&self.scope, level, &message, &fields);
    }
}

impl metrics::Host for Data {
    fn count(&mut self, name: String, by: f64, labels: Vec<(String, String)>) {
        self.services.count(&name, by, &labels);
    }

    fn observe(&mut self, name: String, value: f64, labels: Vec<(String, String)>) {
        self.services.observe(&name, value, &labels);
    }
}

impl secrets::Host for Data {
    fn get(&mut self, name: String) -> Result<String, secrets::Error> {
        self.services.secret(&name).map_err(secrets::Error::Denied)
    }
}

impl kv::Host for Data {
    async fn get(&mut self, key: String) -> Result<Option<kv::Entry>, kv::Error> {
        let entry = self.services.get(&key).await.map_err(convert::store_error)?;
        Ok(entry.map(convert::entry))
    }

    async fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
        if_version: Option<u64>,
    ) -> Result<Option<u64>, kv::Error> {
        let ttl = ttl_ms.map(Duration::from_millis);
        self.services.set(&key, value, ttl, if_version).await.map_err(convert::store_error)
    }

    async fn delete(&mut self, key: String) -> Result<bool, kv::Error> {
        self.services.delete(&key).await.map_err(convert::store_error)
    }

    async fn increment(&mut self, key: String, by: i64, ttl_ms: Option<u64>) -> Result<i64, kv::Error> {
        let ttl = ttl_ms.map(Duration::from_millis);
        self.services.increment(&key, by, ttl).await.map_err(convert::store_error)
    }
}

impl http::Host for Data {
    async fn send(&mut self, requests: Vec<http::Request>) -> Vec<Result<http::Reply, http::Error>> {
        let left = self.until.saturating_duration_since(Instant::now());
        let requests: Vec<HttpRequest> =
            requests.into_iter().map(|request| convert::http_request(request, left)).collect();
        let answers = self.services.send(&requests).await;
        answers.into_iter().map(convert::http_answer).collect()
    }
}

impl models::Host for Data {
    async fn ask(&mut self, route: String, body: String) -> Result<String, models::Error> {
        self.services.ask(&self.scope, &route, &body).await.map_err(convert::model_error)
    }
}
