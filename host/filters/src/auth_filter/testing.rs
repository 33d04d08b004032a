//! What the tests of the methods share: requests, issuers of tokens, and a server that answers as it is told.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use futures_util::future::BoxFuture;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tidegate_contract::{AuthVerdict, Head, Header as Field, Peer, Reply};
use tidegate_pipeline::{
    FilterFactory, HookError, HttpClient, HttpRequest, NoAnswer, Plugin, SettingsProblem, World,
};

use super::AuthFilterFactory;
use super::cache::now;
use crate::testing::{NoFiles, call_in, scope, world};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "gateway";

/// The head of a request with these fields.
pub(crate) fn head<'a>(headers: &'a [(&'a str, &'a [u8])]) -> Head<'a> {
    Head {
        method: "POST",
        scheme: "http",
        authority: "localhost",
        path: "/v1/chat/completions",
        query: "",
        headers,
        client: Peer::at(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        body_sha256: None,
    }
}

/// What a filter says to a request with these fields.
pub(crate) async fn asked(plugin: &dyn Plugin, headers: &[(&str, &[u8])]) -> Result<AuthVerdict, HookError> {
    plugin.authenticate(call_in(&scope()), head(headers)).await
}

/// What a filter says to a bearer credential.
pub(crate) async fn shown(plugin: &dyn Plugin, token: &str) -> Result<AuthVerdict, HookError> {
    asked(plugin, &[("authorization", format!("Bearer {token}").as_bytes())]).await
}

/// The principal of a yes; panics at anything else.
#[track_caller]
pub(crate) fn principal(verdict: &Result<AuthVerdict, HookError>) -> String {
    match verdict {
        Ok(AuthVerdict::Allow(grant)) => grant.principal.id.clone(),
        other => panic!("{other:?} lets nobody in"),
    }
}

/// The sentence of a 401; panics at anything else.
#[track_caller]
pub(crate) fn refused(verdict: &Result<AuthVerdict, HookError>) -> String {
    match verdict {
        Ok(AuthVerdict::Deny(refusal)) if refusal.status == 401 => refusal.message.clone(),
        other => panic!("{other:?} is no 401"),
    }
}

/// The filter of these settings in a world with this server.
pub(crate) fn filter(settings: &Value, server: &Arc<Server>) -> Arc<dyn Plugin> {
    built(settings, server).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The same, or what is wrong.
pub(crate) fn built(settings: &Value, server: &Arc<Server>) -> Result<Arc<dyn Plugin>, Vec<SettingsProblem>> {
    let network = Arc::default();
    let world = World { http: Arc::clone(server) as _, ..world(&NoFiles, &network) };
    AuthFilterFactory.build(settings, &world)
}

/// Someone who signs tokens with ES256.
pub(crate) struct Issuer {
    id: String,
    key: EncodingKey,
}

impl Issuer {
    pub(crate) fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self { id: id.into(), key: EncodingKey::from_ec_der(document.as_ref()) }
    }

    pub(crate) fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, Algorithm::ES256).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.id);
        jwk
    }

    pub(crate) fn jwks(&self) -> Value {
        json!({"keys": [self.jwk()]})
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(Some(&self.id), claims)
    }

    /// The same, naming another key or none.
    pub(crate) fn sign_as(&self, id: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: id.map(String::from), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.key).unwrap()
    }
}

/// Claims of a good token, with these in their place; `null` removes one.
pub(crate) fn claims(changed: &Value) -> Value {
    let mut claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": now() + 600});
    for (name, value) in changed.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

/// A server that gives the same answer until it is told another one.
pub(crate) struct Server {
    reply: Mutex<Result<Reply, NoAnswer>>,
    pub(crate) calls: AtomicUsize,
    pub(crate) latency: Mutex<Duration>,
    /// The last request.
    pub(crate) request: Mutex<HttpRequest>,
}

impl Server {
    pub(crate) fn new(status: u16, body: &Value) -> Arc<Self> {
        let (calls, latency, request) = (AtomicUsize::new(0), Mutex::default(), Mutex::default());
        Arc::new(Self { reply: Mutex::new(Ok(reply(status, body, &[]))), calls, latency, request })
    }

    pub(crate) fn down() -> Arc<Self> {
        let server = Self::new(500, &Value::Null);
        server.stop();
        server
    }

    pub(crate) fn say(&self, status: u16, body: &Value) {
        self.say_with(status, body, &[]);
    }

    pub(crate) fn say_with(&self, status: u16, body: &Value, headers: &[(&str, &str)]) {
        *self.reply.lock().unwrap() = Ok(reply(status, body, headers));
    }

    /// Gives no answer from here on.
    pub(crate) fn stop(&self) {
        *self.reply.lock().unwrap() = Err(NoAnswer::Failed("connection refused".into()));
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn reply(status: u16, body: &Value, headers: &[(&str, &str)]) -> Reply {
    let field = |(name, value): &(&str, &str)| Field { name: (*name).into(), value: (*value).into() };
    Reply { status, headers: headers.iter().map(field).collect(), body: body.to_string().into() }
}

impl HttpClient for Server {
    fn send<'a>(&'a self, request: &'a HttpRequest) -> BoxFuture<'a, Result<Reply, NoAnswer>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        *self.request.lock().unwrap() = request.clone();
        let (reply, latency) = (self.reply.lock().unwrap().clone(), *self.latency.lock().unwrap());
        Box::pin(async move {
            tokio::time::sleep(latency).await;
            reply
        })
    }
}
