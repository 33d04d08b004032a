//! What plugins ask of the gateway.

use std::time::Duration;

use tidegate_abi::{self as abi, Bytes, Call, Code, Field, List};
use tidegate_contract::{Header, Reply};
use tidegate_pipeline::{HttpRequest, Level, NoAnswer};

use super::frame;
use crate::frame::{Frame, no_answer};
use crate::reach::Terms;

/// Asks within the frame of a call.
///
/// # Safety
/// As of [`frame`].
unsafe fn asked(call: *mut Call, ask: impl FnOnce(&mut Frame<'static>) -> i32) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { frame(call) }.map_or(Code::Failed as i32, ask)
}

/// Text that is only looked at.
///
/// # Safety
/// `bytes` points to what it says.
unsafe fn name(bytes: Bytes) -> String {
    // SAFETY: the caller's promise.
    String::from_utf8_lossy(unsafe { bytes.as_slice() }).into_owned()
}

/// Writes to a place of the plugin's, where it gave one.
///
/// # Safety
/// `place` is null or may be written.
unsafe fn put<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: the caller's promise.
        unsafe { place.write(value) }
    }
}

/// Lends a value that there may be.
///
/// # Safety
/// As of [`put`].
unsafe fn given(frame: &mut Frame<'_>, place: *mut Bytes, value: Option<Vec<u8>>) -> i32 {
    let (code, lent) = match value {
        Some(value) => (Code::Ok, frame.lend(value)),
        None => (Code::None, Bytes::NONE),
    };
    // SAFETY: the caller's promise.
    unsafe { put(place, lent) };
    code as i32
}

pub(super) unsafe extern "C" fn info(call: *mut Call, key: Bytes, value: *mut Bytes) -> i32 {
    // SAFETY: the plugin's promise.
    unsafe {
        asked(call, |frame| {
            let found = frame.reach.attribute(&name(key));
            given(frame, value, found.map(String::into_bytes))
        })
    }
}

pub(super) unsafe extern "C" fn note(call: *mut Call, key: Bytes, value: *mut Bytes) -> i32 {
    // SAFETY: the plugin's promise.
    unsafe {
        asked(call, |frame| {
            let found = frame.reach.note(&name(key));
            given(frame, value, found)
        })
    }
}

pub(super) unsafe extern "C" fn set_note(call: *mut Call, key: Bytes, value: Bytes) -> i32 {
    // SAFETY: the plugin's promise.
    unsafe {
        asked(call, |frame| match frame.reach.set_note(&name(key), value.as_slice()) {
            Ok(()) => Code::Ok as i32,
            Err(why) => frame.failed(Code::Full, why),
        })
    }
}

pub(super) unsafe extern "C" fn log(call: *mut Call, level: u32, message: Bytes, fields: List<Field>) {
    // SAFETY: the plugin's promise.
    unsafe {
        asked(call, |frame| {
            let level = match level {
                0 => Level::Debug,
                2 => Level::Warn,
                3 => Level::Error,
                _ => Level::Info,
            };
            let fields = labels(fields);
            frame.reach.log(level, &name(message), &fields);
            Code::Ok as i32
        });
    }
}

/// Names and values that are only looked at.
///
/// # Safety
/// Each points to what it says.
unsafe fn labels(fields: List<Field>) -> Vec<(String, String)> {
    // SAFETY: the caller's promise.
    unsafe { fields.as_slice().iter().map(|field| (name(field.name), name(field.value))).collect() }
}

pub(super) unsafe extern "C" fn count(call: *mut Call, series: Bytes, by: f64, with: List<Field>) {
    // SAFETY: the plugin's promise.
    unsafe {
        asked(call, |frame| {
            frame.reach.count(&name(series), by, &labels(with));
            Code::Ok as i32
        });
    }
}

pub(super) unsafe extern "C" fn observe(call: *mut Call, series: Bytes, value: f64, with: List<Field>) {
    // SAFETY: the plugin's promise.
    unsafe {
        asked(call, |frame| {
            frame.reach.observe(&name(series), value, &labels(with));
            Code::Ok as i32
        });
    }
}

pub(super) unsafe extern "C" fn secret(call: *mut Call, key: Bytes, value: *mut Bytes) -> i32 {
    // SAFETY: the plugin's promise.
    unsafe {
        asked(call, |frame| match frame.reach.secret(&name(key)) {
            Ok(secret) => given(frame, value, Some(secret.into_bytes())),
            Err(why) => frame.failed(Code::Denied, why),
        })
    }
}

pub(super) unsafe extern "C" fn kv_get(
    call: *mut Call,
    key: Bytes,
    value: *mut Bytes,
    version: *mut u64,
) -> i32 {
    // SAFETY: the plugin's promise.
    unsafe {
        asked(call, |frame| match frame.reach.get(&name(key)) {
            Ok(entry) => {
                put(version, entry.as_ref().map_or(0, |entry| entry.version));
                given(frame, value, entry.map(|entry| entry.value.to_vec()))
            }
            Err(error) => frame.store_failed(&error),
        })
    }
}

fn ttl(ttl_ms: Option<&u64>) -> Option<Duration> {
    ttl_ms.copied().map(Duration::from_millis)
}

pub(super) unsafe extern "C" fn kv_set(
    call: *mut Call,
    key: Bytes,
    value: Bytes,
    ttl_ms: *const u64,
    if_version: *const u64,
    version: *mut u64,
) -> i32 {
    // SAFETY: the plugin's promise.
    unsafe {
        asked(call, |frame| {
            let terms = Terms { ttl: ttl(ttl_ms.as_ref()), if_version: if_version.as_ref().copied() };
            match frame.reach.set(&name(key), value.as_slice(), terms) {
                Ok(Some(new)) => {
                    put(version, new);
                    Code::Ok as i32
                }
                Ok(None) => Code::None as i32,
                Err(error) => frame.store_failed(&error),
            }
        })
    }
}

pub(super) unsafe extern "C" fn kv_delete(call: *mut Call, key: Bytes) -> i32 {
    // SAFETY: the plugin's promise.
    unsafe {
        asked(call, |frame| match frame.reach.delete(&name(key)) {
            Ok(true) => Code::Ok as i32,
            Ok(false) => Code::None as i32,
            Err(error) => frame.store_failed(&error),
        })
    }
}

pub(super) unsafe extern "C" fn kv_increment(
    call: *mut Call,
    key: Bytes,
    by: i64,
    ttl_ms: *const u64,
    value: *mut i64,
) -> i32 {
    // SAFETY: the plugin's promise.
    unsafe {
        asked(call, |frame| match frame.reach.increment(&name(key), by, ttl(ttl_ms.as_ref())) {
            Ok(sum) => {
                put(value, sum);
                Code::Ok as i32
            }
            Err(error) => frame.store_failed(&error),
        })
    }
}

pub(super) unsafe extern "C" fn http(
    call: *mut Call,
    requests: List<abi::HttpRequest>,
    answers: *mut abi::HttpAnswer,
) {
    // SAFETY: the plugin's promise: there is room for as many answers as there are requests.
    unsafe {
        asked(call, |frame| {
            let asked = requests.as_slice().iter().map(|request| http_request(request)).collect();
            for (at, answer) in frame.reach.send(asked).into_iter().enumerate().take(requests.len) {
                let answer = http_answer(frame, answer);
                answers.add(at).write(answer);
            }
            Code::Ok as i32
        });
    }
}

/// # Safety
/// It points to what it says.
unsafe fn http_request(request: &abi::HttpRequest) -> HttpRequest {
    let abi::HttpRequest { method, url, headers, body, timeout_ms } = *request;
    // SAFETY: the caller's promise.
    unsafe {
        let header =
            |field: &Field| Header { name: name(field.name), value: field.value.as_slice().to_vec() };
        HttpRequest {
            method: name(method),
            url: name(url),
            headers: headers.as_slice().iter().map(header).collect(),
            body: body.as_slice().to_vec(),
            timeout: (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms.into())),
        }
    }
}

fn http_answer(frame: &mut Frame<'_>, answer: Result<Reply, NoAnswer>) -> abi::HttpAnswer {
    match answer {
        Ok(Reply { status, headers, body }) => {
            let lend = |Header { name, value }: Header| Field {
                name: frame.lend(name.into_bytes()),
                value: frame.lend(value),
            };
            let fields = headers.into_iter().map(lend).collect();
            let headers = frame.lend_fields(fields);
            abi::HttpAnswer { code: abi::HTTP_OK, status, headers, body: frame.lend(body) }
        }
        Err(error) => {
            let (code, why) = no_answer(error);
            let body = frame.lend(why.into_bytes());
            abi::HttpAnswer { code: code as i32, status: 0, headers: List::NONE, body }
        }
    }
}

pub(super) unsafe extern "C" fn model(call: *mut Call, route: Bytes, body: Bytes, answer: *mut Bytes) -> i32 {
    // SAFETY: the plugin's promise.
    unsafe {
        put(answer, Bytes::NONE);
        asked(call, |frame| match frame.reach.ask(&name(route), &name(body)) {
            Ok(said) => {
                put(answer, frame.lend(said.into_bytes()));
                Code::Ok as i32
            }
            Err(error) => {
                let (code, why) = no_answer(error);
                frame.failed(code, why)
            }
        })
    }
}

pub(super) unsafe extern "C" fn why(call: *mut Call) -> Bytes {
    // SAFETY: the plugin's promise.
    unsafe { frame(call) }.map_or(Bytes::NONE, Frame::why)
}
