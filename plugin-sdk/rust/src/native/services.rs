//! The gateway's services, asked through the host's table while a call is under way; outside of one they are those of a target
//! without a gateway.

use tidegate_abi::{Bytes, Code, Field};

use super::{CURRENT, Current, read};
use crate::offline;

/// The call under way on this thread.
fn current() -> Option<Current> {
    CURRENT.get()
}

/// Calls a function of the host, as in `tell`.
macro_rules! host {
    ($current:expr, $function:ident $(, $argument:expr)*) => {{
        let current: crate::native::Current = $current;
        // SAFETY: the call is under way on this thread, and what is given outlives the function.
        unsafe { (current.host.$function)(current.call $(, $argument)*) }
    }};
}

/// Why the last service had no answer.
fn why(current: Current) -> String {
    let text = host!(current, why);
    // SAFETY: the host lends it until the hook returns.
    unsafe { read::text(text) }
}

/// Copies what the host lends.
fn copied(bytes: Bytes) -> Vec<u8> {
    // SAFETY: the host lends it until the hook returns.
    unsafe { bytes.as_slice() }.to_vec()
}

fn lent(pairs: &[(String, String)]) -> Vec<Field> {
    pairs.iter().map(|(name, value)| Field { name: Bytes::text(name), value: Bytes::text(value) }).collect()
}

pub(crate) mod info {
    use super::{Bytes, Code, current, offline, read};

    pub(crate) fn attribute(name: &str) -> Option<String> {
        let Some(call) = current() else { return offline::info::attribute(name) };
        let mut value = Bytes::NONE;
        let code = host!(call, info, Bytes::text(name), &raw mut value);
        // SAFETY: the host lends it until the hook returns.
        (Code::of(code) == Code::Ok).then(|| unsafe { read::text(value) })
    }
}

pub(crate) mod state {
    use super::{Bytes, Code, copied, current, offline, why};
    use crate::bindings::host::tidegate::plugin::state::Error;

    pub(crate) fn get(key: &str) -> Option<Vec<u8>> {
        let Some(call) = current() else { return offline::state::get(key) };
        let mut value = Bytes::NONE;
        let code = host!(call, note, Bytes::text(key), &raw mut value);
        (Code::of(code) == Code::Ok).then(|| copied(value))
    }

    pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), Error> {
        let Some(call) = current() else { return offline::state::set(key, value) };
        let code = host!(call, set_note, Bytes::text(key), Bytes::of(value));
        match Code::of(code) {
            Code::Ok => Ok(()),
            Code::Full => Err(Error::Full),
            _ => Err(Error::Failed(why(call))),
        }
    }
}

pub(crate) mod log {
    pub(crate) use super::offline::log::Level;
    use super::{Bytes, current, lent, offline};
    use tidegate_abi::List;

    pub(crate) fn write(level: Level, message: &str, fields: &[(String, String)]) {
        let Some(call) = current() else { return offline::log::write(level, message, fields) };
        let level = match level {
            Level::Debug => tidegate_abi::Level::Debug,
            Level::Info => tidegate_abi::Level::Info,
            Level::Warn => tidegate_abi::Level::Warn,
            Level::Error => tidegate_abi::Level::Error,
        };
        let fields = lent(fields);
        host!(call, log, level as u32, Bytes::text(message), List::of(&fields));
    }
}

pub(crate) mod metrics {
    use super::{Bytes, current, lent, offline};
    use tidegate_abi::List;

    pub(crate) fn count(name: &str, by: f64, labels: &[(String, String)]) {
        let Some(call) = current() else { return offline::metrics::count(name, by, labels) };
        let labels = lent(labels);
        host!(call, count, Bytes::text(name), by, List::of(&labels));
    }

    pub(crate) fn observe(name: &str, value: f64, labels: &[(String, String)]) {
        let Some(call) = current() else { return offline::metrics::observe(name, value, labels) };
        let labels = lent(labels);
        host!(call, observe, Bytes::text(name), value, List::of(&labels));
    }
}

pub(crate) mod secrets {
    use super::{Bytes, Code, current, offline, read, why};
    use crate::bindings::host::tidegate::plugin::secrets::Error;

    pub(crate) fn get(name: &str) -> Result<String, Error> {
        let Some(call) = current() else { return offline::secrets::get(name) };
        let mut value = Bytes::NONE;
        let code = host!(call, secret, Bytes::text(name), &raw mut value);
        match Code::of(code) {
            // SAFETY: the host lends it until the hook returns.
            Code::Ok => Ok(unsafe { read::text(value) }),
            Code::Unavailable => Err(Error::Unavailable(why(call))),
            _ => Err(Error::Denied(why(call))),
        }
    }
}

pub(crate) mod kv {
    use std::ptr;

    use super::{Bytes, Code, Current, copied, current, offline, why};
    use crate::bindings::host::tidegate::plugin::kv::{Entry, Error};

    fn error(call: Current, code: Code) -> Error {
        match code {
            Code::Denied => Error::Denied,
            Code::TooLarge => Error::TooLarge,
            _ => Error::Unavailable(why(call)),
        }
    }

    pub(crate) fn get(key: &str) -> Result<Option<Entry>, Error> {
        let Some(call) = current() else { return offline::kv::get(key) };
        let (mut value, mut version) = (Bytes::NONE, 0);
        match Code::of(host!(call, kv_get, Bytes::text(key), &raw mut value, &raw mut version)) {
            Code::Ok => Ok(Some(Entry { value: copied(value), version })),
            Code::None => Ok(None),
            code => Err(error(call, code)),
        }
    }

    pub(crate) fn set(
        key: &str,
        value: &[u8],
        ttl_ms: Option<u64>,
        if_version: Option<u64>,
    ) -> Result<Option<u64>, Error> {
        let Some(call) = current() else { return offline::kv::set(key, value, ttl_ms, if_version) };
        let (ttl, version) = (pointer(&ttl_ms), pointer(&if_version));
        let mut new = 0;
        let code = host!(call, kv_set, Bytes::text(key), Bytes::of(value), ttl, version, &raw mut new);
        match Code::of(code) {
            Code::Ok => Ok(Some(new)),
            Code::None => Ok(None),
            code => Err(error(call, code)),
        }
    }

    fn pointer(number: &Option<u64>) -> *const u64 {
        number.as_ref().map_or(ptr::null(), ptr::from_ref)
    }

    pub(crate) fn delete(key: &str) -> Result<bool, Error> {
        let Some(call) = current() else { return offline::kv::delete(key) };
        match Code::of(host!(call, kv_delete, Bytes::text(key))) {
            Code::Ok => Ok(true),
            Code::None => Ok(false),
            code => Err(error(call, code)),
        }
    }

    pub(crate) fn increment(key: &str, by: i64, ttl_ms: Option<u64>) -> Result<i64, Error> {
        let Some(call) = current() else { return offline::kv::increment(key, by, ttl_ms) };
        let mut sum = 0;
        match Code::of(host!(call, kv_increment, Bytes::text(key), by, pointer(&ttl_ms), &raw mut sum)) {
            Code::Ok => Ok(sum),
            code => Err(error(call, code)),
        }
    }
}

pub(crate) mod http {
    use tidegate_abi::{HttpAnswer, HttpRequest, List};

    use super::{Bytes, Code, Field, copied, current, offline, read};
    use crate::bindings::host::tidegate::plugin::http::{Error, Request};
    use crate::bindings::host::tidegate::plugin::types::Reply;

    pub(crate) fn send(requests: &[Request]) -> Vec<Result<Reply, Error>> {
        let Some(call) = current() else { return offline::http::send(requests) };
        let field = |header: &crate::Header| Field {
            name: Bytes::text(&header.name),
            value: Bytes::of(&header.value),
        };
        let headers: Vec<Vec<Field>> =
            requests.iter().map(|request| request.headers.iter().map(field).collect()).collect();
        let lent = |(request, headers): (&Request, &Vec<Field>)| HttpRequest {
            method: Bytes::text(&request.method),
            url: Bytes::text(&request.url),
            headers: List::of(headers),
            body: Bytes::of(&request.body),
            timeout_ms: request.timeout_ms.map_or(0, |timeout| timeout.max(1)),
        };
        let sent: Vec<HttpRequest> = requests.iter().zip(&headers).map(lent).collect();
        let none =
            HttpAnswer { code: Code::Failed as i32, status: 0, headers: List::NONE, body: Bytes::NONE };
        let mut answers = vec![none; requests.len()];
        host!(call, http, List::of(&sent), answers.as_mut_ptr());
        answers.iter().map(answer).collect()
    }

    fn answer(answer: &HttpAnswer) -> Result<Reply, Error> {
        // SAFETY: the host lends what the answer points to until the hook returns.
        let (text, headers) = unsafe { (read::text(answer.body), read::fields(answer.headers)) };
        match Code::of(answer.code) {
            Code::Ok => Ok(Reply { status: answer.status, headers, body: copied(answer.body) }),
            Code::Denied => Err(Error::Denied(text)),
            Code::Timeout => Err(Error::Timeout),
            Code::TooLarge => Err(Error::TooLarge),
            _ => Err(Error::Failed(text)),
        }
    }
}

pub(crate) mod models {
    use super::{Bytes, Code, current, offline, read, why};
    use crate::bindings::host::tidegate::plugin::models::Error;

    pub(crate) fn ask(route: &str, body: &str) -> Result<String, Error> {
        let Some(call) = current() else { return offline::models::ask(route, body) };
        let mut answer = Bytes::NONE;
        let code = host!(call, model, Bytes::text(route), Bytes::text(body), &raw mut answer);
        match Code::of(code) {
            // SAFETY: the host lends it until the hook returns.
            Code::Ok => Ok(unsafe { read::text(answer) }),
            Code::Denied => Err(Error::Denied(why(call))),
            Code::Timeout => Err(Error::Timeout),
            Code::TooLarge => Err(Error::TooLarge),
            _ => Err(Error::Failed(why(call))),
        }
    }
}
