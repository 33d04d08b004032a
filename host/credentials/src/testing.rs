//! A world for tests: servers that answer by a script, an environment, files and a clock that stands still.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tidegate_contract::{Header, Reply};
use tidegate_pipeline::{HttpClient, HttpRequest, NoAnswer};

use crate::{Clock, CredentialsError, Environment, Lease, Sources};

/// The moment at which every test is.
pub(crate) const NOW: &str = "2026-03-01T12:00:00Z";

/// An hour after it.
pub(crate) const LATER: &str = "2026-03-01T13:00:00Z";

/// An hour before it.
pub(crate) const BEFORE: &str = "2026-03-01T11:00:00Z";

#[derive(Default)]
pub(crate) struct World {
    vars: BTreeMap<String, String>,
    files: BTreeMap<PathBuf, String>,
    script: Mutex<VecDeque<Result<Reply, NoAnswer>>>,
    pub(crate) asked: Mutex<Vec<HttpRequest>>,
}

impl World {
    pub(crate) fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.to_owned());
        self
    }

    pub(crate) fn answer(self, status: u16, body: &str) -> Self {
        self.answer_with(status, body, &[])
    }

    pub(crate) fn answer_with(self, status: u16, body: &str, headers: &[(&str, &str)]) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| Header { name: (*name).to_owned(), value: value.as_bytes().to_vec() });
        let reply = Reply { status, headers: headers.collect(), body: body.as_bytes().to_vec() };
        self.script.lock().unwrap().push_back(Ok(reply));
        self
    }

    pub(crate) fn silence(self) -> Self {
        self.script.lock().unwrap().push_back(Err(NoAnswer::Timeout));
        self
    }

    pub(crate) fn build(self) -> (Arc<Self>, Sources) {
        let world = Arc::new(self);
        let sources = Sources { http: world.clone(), env: world.clone(), clock: world.clone() };
        (world, sources)
    }

    /// What was asked, line by line; all of the script must have been used.
    pub(crate) fn asked(&self) -> Vec<String> {
        assert!(self.script.lock().unwrap().is_empty(), "an answer was not asked for");
        self.asked.lock().unwrap().iter().map(line).collect()
    }
}

/// `METHOD URL | name: value | ... | body`
fn line(request: &HttpRequest) -> String {
    let mut parts = vec![format!("{} {}", request.method, request.url)];
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    parts.extend(request.headers.iter().map(|header| format!("{}: {}", header.name, text(&header.value))));
    parts.extend((!request.body.is_empty()).then(|| text(&request.body)));
    parts.join(" | ")
}

impl HttpClient for World {
    fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<Reply, NoAnswer>> {
        self.asked.lock().unwrap().push(request.clone());
        let answer = self.script.lock().unwrap().pop_front();
        let answer = answer.unwrap_or_else(|| panic!("nobody expects {}", line(request)));
        Box::pin(async move { answer })
    }
}

impl Environment for World {
    fn var(&self, name: &str) -> Option<String> {
        self.vars.get(name).cloned()
    }

    fn read<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<SecretString>> {
        let text = self.files.get(path).cloned().map(SecretString::from);
        Box::pin(async move { text.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)) })
    }
}

impl Clock for World {
    fn now(&self) -> SystemTime {
        humantime::parse_rfc3339(NOW).unwrap()
    }
}

/// Seconds since 1970 at [`NOW`].
pub(crate) fn epoch() -> u64 {
    humantime::parse_rfc3339(NOW).unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) fn seconds(count: u64) -> Option<Duration> {
    Some(Duration::from_secs(count))
}

/// The token and its life.
#[track_caller]
pub(crate) fn token(result: Result<Lease<SecretString>, CredentialsError>) -> (String, Option<Duration>) {
    let lease = result.unwrap();
    (lease.value.expose_secret().to_owned(), lease.life)
}

/// The text of an error, which must tell none of the words that stand for secrets in tests.
#[track_caller]
pub(crate) fn refusal<T>(result: Result<T, CredentialsError>) -> String {
    let error = result.err().expect("an error");
    let (shown, debug) = (error.to_string(), format!("{error:?}"));
    assert!(!shown.contains("S3CRET") && !debug.contains("S3CRET"), "{debug}");
    assert!(!shown.contains('\n'), "{shown:?} is one line");
    shown
}

#[track_caller]
pub(crate) fn hides(value: &impl Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains("S3CRET"), "{shown}");
    }
}

/// An RSA key, made once for all tests.
pub(crate) struct TestKey {
    pub(crate) pkcs8: String,
    pub(crate) pkcs1: String,
    pub(crate) public: Vec<u8>,
}

pub(crate) static KEY: LazyLock<TestKey> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let der = pkcs8.as_ref();
    // The key itself ends the outer structure of PKCS #8: a header of 26 bytes comes before it at this size.
    let (pkcs8, pkcs1) = (pem("PRIVATE KEY", der), pem("RSA PRIVATE KEY", &der[26..]));
    TestKey { pkcs8, pkcs1, public: pair.public_key().as_ref().to_vec() }
});

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Header and claims of a token that the test's key signed.
#[track_caller]
pub(crate) fn verified(token: &str) -> (Value, Value) {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    let (text, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &KEY.public);
    key.verify(text.as_bytes(), &signature).unwrap();
    let (header, claims) = text.split_once('.').unwrap();
    let read = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (read(header), read(claims))
}

/// The value of a name in a form.
pub(crate) fn of_form(form: &str, name: &str) -> String {
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.into_iter().find(|(found, _)| *found == name).unwrap().1;
    percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned()
}
