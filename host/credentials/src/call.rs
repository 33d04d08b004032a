//! Requests to the servers that give credentials, and what their answers say, told without what was sent.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidegate_contract::{Header, Reply};
use tidegate_pipeline::HttpRequest;

use crate::{CredentialsError, Sources, encoding};

/// Words of a server that an error tells.
const MOST_TOLD: usize = 400;

/// A value shorter than this may be part of any word, and is no secret worth the name.
const LEAST_SECRET: usize = 4;

/// Stands in the place of a secret.
const HIDDEN: &str = "[hidden]";

/// The bound of a server on the internet.
const USUAL: Duration = Duration::from_secs(10);

/// A request, what errors call its server, and what they must not tell.
pub(crate) struct Call {
    server: &'static str,
    request: HttpRequest,
    hidden: Vec<SecretString>,
}

/// What a server answered.
pub(crate) struct Answer {
    /// The server, for errors.
    who: String,
    reply: Reply,
    hidden: Vec<SecretString>,
}

impl Call {
    pub(crate) fn new(server: &'static str, method: &str, url: impl Into<String>) -> Self {
        let request = HttpRequest {
            method: method.to_owned(),
            url: url.into(),
            timeout: Some(USUAL),
            ..HttpRequest::default()
        };
        Self { server, request, hidden: Vec::new() }
    }

    pub(crate) fn get(server: &'static str, url: impl Into<String>) -> Self {
        Self::new(server, "GET", url)
    }

    /// A form, as OAuth and the query API of AWS want it.
    pub(crate) fn form(server: &'static str, url: impl Into<String>, pairs: &[(&str, &str)]) -> Self {
        let call = Self::new(server, "POST", url).field("content-type", "application/x-www-form-urlencoded");
        call.body(encoding::form(pairs))
    }

    pub(crate) fn json(server: &'static str, url: impl Into<String>, body: &Value) -> Self {
        let call = Self::new(server, "POST", url).field("content-type", "application/json");
        call.body(body.to_string())
    }

    pub(crate) fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request.headers.push(Header { name: name.to_owned(), value: value.as_ref().to_owned() });
        self
    }

    /// A field whose value no error tells.
    pub(crate) fn secret_field(self, name: &str, value: &SecretString) -> Self {
        self.field(name, value.expose_secret()).hiding(value)
    }

    pub(crate) fn body(mut self, body: String) -> Self {
        self.request.body = body.into_bytes();
        self
    }

    /// Keeps out of errors what the request holds.
    pub(crate) fn hiding(mut self, secret: &SecretString) -> Self {
        self.hidden.push(secret.clone());
        self
    }

    pub(crate) fn within(mut self, time: Duration) -> Self {
        self.request.timeout = Some(time);
        self
    }

    pub(crate) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// Its fields, as a signature wants them.
    pub(crate) fn headers(&self) -> HeaderMap {
        let field = |Header { name, value }: &Header| {
            Some((HeaderName::try_from(name.as_str()).ok()?, HeaderValue::from_bytes(value).ok()?))
        };
        self.request.headers.iter().filter_map(field).collect()
    }

    /// The answer, whatever its status.
    pub(crate) async fn send(self, sources: &Sources) -> Result<Answer, CredentialsError> {
        let Self { server, request, hidden } = self;
        let who = format!("{server} at \"{}\"", authority(&request.url));
        match sources.http.send(&request).await {
            Ok(reply) => Ok(Answer { who, reply, hidden }),
            Err(error) => {
                let told = scrubbed(&error.to_string(), &hidden);
                let remedy = "it must be reachable from here";
                Err(CredentialsError::unreachable(format!("{who} gives no answer: {told}; {remedy}")))
            }
        }
    }

    /// The answer, where it is a good one.
    pub(crate) async fn ask(self, sources: &Sources) -> Result<Answer, CredentialsError> {
        let answer = self.send(sources).await?;
        if answer.is_good() { Ok(answer) } else { Err(answer.refusal()) }
    }
}

impl Answer {
    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.reply.status)
    }

    pub(crate) fn status(&self) -> u16 {
        self.reply.status
    }

    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.reply.headers.iter();
        headers.find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| &*header.value)
    }

    pub(crate) fn text(&self) -> Result<&str, CredentialsError> {
        str::from_utf8(&self.reply.body).map_err(|_| self.unread("is no text"))
    }

    /// The body as JSON; the reader's own words are not told, since they quote what they read.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CredentialsError> {
        serde_json::from_slice(&self.reply.body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            self.unread(&format!("is no JSON of the expected form ({place})"))
        })
    }

    /// A good answer that cannot be used.
    pub(crate) fn unread(&self, what: &str) -> CredentialsError {
        let remedy = "is it the right server?";
        CredentialsError::refused(format!("the answer of {} {what}; {remedy}", self.who))
    }

    pub(crate) fn lacks(&self, field: &str) -> CredentialsError {
        self.unread(&format!("has no \"{field}\""))
    }

    /// What an answer that is not good says: its status, and the words that servers have for errors.
    pub(crate) fn refusal(&self) -> CredentialsError {
        let status = self.reply.status;
        let text = format!("{} answered with status {status}", self.who);
        // Cut only then: a part of a secret would not be found.
        let cut = |words: String| scrubbed(&words, &self.hidden).chars().take(MOST_TOLD).collect::<String>();
        let told = self.words().map(cut);
        let text = told.map_or_else(|| text.clone(), |told| format!("{text}: {told}"));
        if status == 429 || status >= 500 {
            CredentialsError::unreachable(text)
        } else {
            CredentialsError::refused(text)
        }
    }

    fn words(&self) -> Option<String> {
        let text = str::from_utf8(&self.reply.body).ok()?;
        let words = match serde_json::from_str::<Value>(text) {
            Ok(value) => words_of_json(&value),
            Err(_) => words_of_xml(text),
        };
        let words = words.join(": ");
        (!words.is_empty()).then_some(words)
    }
}

/// `error` and `error_description` of OAuth, `error.status` and `error.message` of Google, `Code` and `Message` of AWS.
fn words_of_json(value: &Value) -> Vec<String> {
    let inner = value.get("error").filter(|error| error.is_object()).unwrap_or(value);
    let names = ["error", "error_description", "status", "Code", "code", "Message", "message"];
    let words = names.iter().filter_map(|name| inner.get(name).and_then(Value::as_str));
    words.map(str::to_owned).collect()
}

fn words_of_xml(text: &str) -> Vec<String> {
    let Ok(document) = roxmltree::Document::parse(text) else { return Vec::new() };
    let named = |name| document.descendants().find(|node| node.tag_name().name() == name);
    let words = ["Code", "Message"].into_iter().filter_map(|name| named(name)?.text());
    words.map(str::to_owned).collect()
}

/// Secrets as they are, and as forms have them.
fn scrubbed(text: &str, hidden: &[SecretString]) -> String {
    let secrets = hidden.iter().map(|secret| secret.expose_secret().trim());
    let secrets = secrets.filter(|secret| secret.len() >= LEAST_SECRET);
    let without = |text: String, secret: &str| text.replace(secret, HIDDEN);
    secrets.fold(text.to_owned(), |text, secret| without(without(text, secret), &encoding::encoded(secret)))
}

/// Scheme, host and port: a query may hold more than an error should tell.
fn authority(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?)));
    parts
        .map_or_else(|| "a URL that cannot be read".to_owned(), |(scheme, part)| format!("{scheme}://{part}"))
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
