//! The services on a target without a gateway: nothing is granted, and log lines go to standard error.

use crate::bindings::host::tidegate::plugin::{
    http as wire_http, kv as wire_kv, models as wire_models, secrets as wire_secrets, state as wire_state,
    types,
};

pub(crate) mod info {
    pub(crate) fn attribute(_name: &str) -> Option<String> {
        None
    }
}

pub(crate) mod state {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::wire_state::Error;

    thread_local! {
        static NOTES: RefCell<BTreeMap<String, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
    }

    pub(crate) fn get(key: &str) -> Option<Vec<u8>> {
        NOTES.with_borrow(|notes| notes.get(key).cloned())
    }

    pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), Error> {
        NOTES.with_borrow_mut(|notes| notes.insert(key.to_owned(), value.to_vec()));
        Ok(())
    }
}

pub(crate) mod log {
    pub(crate) use crate::bindings::host::tidegate::plugin::log::Level;

    pub(crate) fn write(level: Level, message: &str, fields: &[(String, String)]) {
        eprintln!("{level:?} {message} {fields:?}");
    }
}

pub(crate) mod metrics {
    pub(crate) fn count(_name: &str, _by: f64, _labels: &[(String, String)]) {}

    pub(crate) fn observe(_name: &str, _value: f64, _labels: &[(String, String)]) {}
}

pub(crate) mod secrets {
    use super::wire_secrets::Error;

    pub(crate) fn get(name: &str) -> Result<String, Error> {
        Err(Error::Denied(format!("secret \"{name}\" is not granted outside of a gateway")))
    }
}

pub(crate) mod kv {
    use super::wire_kv::{Entry, Error};

    pub(crate) fn get(_key: &str) -> Result<Option<Entry>, Error> {
        Err(Error::Denied)
    }

    pub(crate) fn set(
        _: &str,
        _: &[u8],
        _ttl_ms: Option<u64>,
        _if: Option<u64>,
    ) -> Result<Option<u64>, Error> {
        Err(Error::Denied)
    }

    pub(crate) fn delete(_key: &str) -> Result<bool, Error> {
        Err(Error::Denied)
    }

    pub(crate) fn increment(_key: &str, _by: i64, _ttl_ms: Option<u64>) -> Result<i64, Error> {
        Err(Error::Denied)
    }
}

pub(crate) mod http {
    use super::types::Reply;
    use super::wire_http::{Error, Request};

    pub(crate) fn send(requests: &[Request]) -> Vec<Result<Reply, Error>> {
        requests.iter().map(|_| Err(Error::Denied("not granted outside of a gateway".to_owned()))).collect()
    }
}

pub(crate) mod models {
    use super::wire_models::Error;

    pub(crate) fn ask(route: &str, _body: &str) -> Result<String, Error> {
        Err(Error::Denied(format!("route \"{route}\" is not granted outside of a gateway")))
    }
}
