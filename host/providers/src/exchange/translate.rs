//! Puts two APIs together: what a client asks in one is asked of a provider in another, and its answer comes back.

use bytes::Bytes;
use tidegate_contract::Operation;

use super::answer::Failure;
use super::api::{Api, Speech};
use super::codec::{Asked, Head, failure_body};
use super::counted::{Count, Counter};
use super::embed::{self, Embed, Embedder, Wanted};
use super::envelope;
use super::json::{Json, Object, Text};
use super::question::{Question, Task};
use super::refused::{Refused, Unreadable};
use super::streamed::StreamTranslation;

/// What goes on between a client and a provider that has words of its own.
#[derive(Debug, Clone)]
pub struct Translation {
    pub(super) client: Question,
    pub(super) provider: Task,
    pub(super) between: Between,
}

/// How answers come back.
#[derive(Debug, Clone)]
pub(super) enum Between {
    /// As they are: both sides speak the same API.
    Kept,
    Conversation(Api, Speech, Asked),
    Count(Count, Counter),
    Embedding(Embed, Embedder, Wanted),
}

/// A client's request, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// What it asks, and the API that it is written in.
    pub client: Question,
    /// The whole body.
    pub body: &'a [u8],
    /// The model, in APIs that have it in the path.
    pub model: Option<&'a str>,
    /// Whether a stream is asked for, in APIs that say so in the path.
    pub stream: bool,
    /// What the provider calls the model, where that is another name.
    pub rename: Option<&'a str>,
    /// The flags of Anthropic's, from the head.
    pub betas: &'a [&'a str],
    /// What the answer is called where the provider gives it no id; letters, digits, `-` and `_`.
    pub id: &'a str,
    /// Seconds since the beginning of 1970.
    pub now: u64,
    /// Whether fields of the body that the provider cannot be told are left out instead of refused.
    pub drops: bool,
    /// Whether a body in the provider's own API is read and written anew, too, so that nothing is left that nobody knows.
    pub rewrites: bool,
}

/// A request in the words of a provider.
#[derive(Debug)]
pub struct Translated {
    /// The body to send.
    pub body: Bytes,
    /// The path of that API's own clients; where the path names the model, nothing.
    pub path: &'static str,
    /// What is asked in the provider's words.
    pub operation: Operation,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// The model, as the provider calls it.
    pub model: String,
    /// How the answer comes back.
    pub translation: Translation,
}

impl<'a> Ask<'a> {
    /// Writes the request in the words of a provider.
    ///
    /// # Errors
    /// Where the body is none of the client's API, or says what the provider cannot be told.
    pub fn translate(&self, task: Task) -> Result<Translated, Refused> {
        let body = Json::read(self.body).map_err(not_json)?;
        let keeps = self.client.is_kept_by(task) && !self.rewrites;
        let Asks { model, task, stream, body, between } =
            if keeps { self.keep(body, task)? } else { self.encode_or_drop(body, task)? };
        // As large as the request, and a little: what is written anew is seldom more.
        let mut bytes = Vec::with_capacity(self.body.len() + self.body.len() / 8 + 256);
        crate::text::push(&mut bytes, &body);
        Ok(Translated {
            body: bytes.into(),
            path: task.path(),
            operation: task.operation(),
            stream,
            model,
            translation: Translation { client: self.client, provider: task, between },
        })
    }

    /// Where both sides speak the same API nothing is read but the model, and what nobody here knows stays.
    fn keep(&self, body: Json<'a>, task: Task) -> Result<Asks<'a>, Refused> {
        let named = self.model.or(body.at(&["model"]).and_then(Json::as_str)).unwrap_or_default();
        let model = self.rename.unwrap_or(named).to_owned();
        let asks_for_stream = || self.stream || matches!(body.at(&["stream"]), Some(Json::Bool(true)));
        let stream = matches!(task, Task::Converse(_)) && asks_for_stream();
        let (task, between, body) = match (self.client, task) {
            (Question::Count(client), Task::Count(counter)) => {
                let between =
                    if counter.is_of(client) { Between::Kept } else { Between::Count(client, counter) };
                (task, between, counter.keep(client, body, (&model, self.rename, self.betas))?)
            }
            (Question::Embed(client), Task::Embed(embedder)) => {
                let embedder = embedder.of_client(client);
                (Task::Embed(embedder), Between::Kept, embedder.keep(body, self.rename)?)
            }
            (_, _) => (task, Between::Kept, self.keep_conversation(body, task)?),
        };
        Ok(Asks { model, task, stream, body, between })
    }

    fn keep_conversation(&self, body: Json<'a>, task: Task) -> Result<Object<'a>, Refused> {
        let Json::Object(mut body) = body else {
            return Err(Refused::invalid(&super::place::Place::BODY, "must be an object"));
        };
        if let Some(name) = self.rename.filter(|_| body.get("model").is_some()) {
            body.set("model", name.to_owned());
        }
        if let Task::Converse(speech) = task {
            envelope::put(speech.envelope, &mut body, self.betas);
        }
        Ok(body)
    }

    /// Where `drops` says so, takes out of the body what is refused until nothing is.
    fn encode_or_drop(&self, mut body: Json<'a>, task: Task) -> Result<Asks<'a>, Refused> {
        loop {
            let kept = self.drops.then(|| body.clone());
            let refused = match self.encode(body, task) {
                Ok(asks) => return Ok(asks),
                Err(refused) => refused,
            };
            let Some(Json::Object(mut fields)) = kept.filter(|_| refused.unsupported) else {
                return Err(refused);
            };
            let dropped = refused.field().and_then(|field| fields.take_at(field));
            if dropped.is_none() {
                return Err(refused);
            }
            body = fields.into();
        }
    }

    fn encode(&self, body: Json<'a>, task: Task) -> Result<Asks<'a>, Refused> {
        match (self.client, task) {
            (Question::Converse(client), Task::Converse(provider)) => self.converse(body, client, provider),
            (Question::Count(client), Task::Count(provider)) => self.count(body, client, provider),
            (Question::Embed(client), Task::Embed(provider)) => self.embed(body, client, provider),
            (_, _) => Err(Refused::unsupported("model", task.title())),
        }
    }

    fn head(&self) -> Head<'a> {
        Head { model: self.model, stream: self.stream }
    }

    fn converse(&self, body: Json<'a>, client: Api, provider: Speech) -> Result<Asks<'a>, Refused> {
        let repeated = client.codec().repeated(&body);
        let mut request = client.codec().decode_request(body, &self.head())?;
        check_unknown(&mut request.unknown, provider.api.title())?;
        request.betas.extend(self.betas.iter().map(|beta| Text::Borrowed(*beta)));
        let asked = Asked {
            id: self.id.to_owned(),
            now: self.now,
            model: request.model.clone().into_owned(),
            stream_usage: request.stream_usage.unwrap_or(true),
            request: repeated,
        };
        // The gateway counts by it; the client is told only where it wants to be.
        request.stream_usage = Some(true);
        if let Some(name) = self.rename {
            request.model = name.into();
        }
        let (model, stream) = (request.model.clone().into_owned(), request.stream);
        let encoded = provider.api.codec().encode_request(request);
        let mut body = encoded.map_err(|refused| refused.renamed(|field| client.codec().own_name(field)))?;
        envelope::put(provider.envelope, &mut body, self.betas);
        let between = Between::Conversation(client, provider, asked);
        Ok(Asks { model, task: Task::Converse(provider), stream, body, between })
    }

    fn count(&self, body: Json<'a>, client: Count, provider: Counter) -> Result<Asks<'a>, Refused> {
        let mut request = client.decode(body, &self.head())?;
        check_unknown(&mut request.unknown, provider.title())?;
        request.betas.extend(self.betas.iter().map(|beta| Text::Borrowed(*beta)));
        if let Some(name) = self.rename {
            request.model = name.into();
        }
        let model = request.model.clone().into_owned();
        let body = provider.encode(request, self.betas)?;
        let between = Between::Count(client, provider);
        Ok(Asks { model, task: Task::Count(provider), stream: false, body, between })
    }

    fn embed(&self, body: Json<'a>, client: Embed, provider: Embedder) -> Result<Asks<'a>, Refused> {
        let mut request = client.form().decode_request(body, &self.head())?;
        check_unknown(&mut request.unknown, provider.title())?;
        let inputs = request.inputs.len();
        let provider = provider.of_inputs(inputs);
        let wanted = Wanted { model: request.model.clone().into_owned(), inputs, base64: request.base64 };
        if let Some(name) = self.rename {
            request.model = name.into();
        }
        let model = request.model.clone().into_owned();
        let body = provider.form().encode_request(request)?;
        let between = Between::Embedding(client, provider, wanted);
        Ok(Asks { model, task: Task::Embed(provider), stream: false, body, between })
    }
}

/// What became of a request.
struct Asks<'a> {
    model: String,
    task: Task,
    stream: bool,
    body: Object<'a>,
    between: Between,
}

fn check_unknown(unknown: &mut Vec<String>, provider: &str) -> Result<(), Refused> {
    match std::mem::take(unknown).into_iter().next() {
        Some(field) => Err(Refused::unsupported(field, provider)),
        None => Ok(()),
    }
}

fn not_json(error: serde_json::Error) -> Refused {
    Refused { param: None, unsupported: false, message: format!("the body is no JSON: {error}") }
}

impl Translation {
    /// Whether an answer of this media type is a stream of events of the provider's.
    pub fn reads(&self, media_type: &str) -> bool {
        let is_stream = matches!(media_type, "text/event-stream" | "application/vnd.amazon.eventstream");
        is_stream && matches!(self.provider, Task::Converse(_))
    }

    /// Writes a whole answer in the client's words. `tokens` is what its head says of those of the request, which counts where
    /// the body says nothing.
    ///
    /// # Errors
    /// Where it is none of the provider's API.
    pub fn answer(&self, body: Bytes, tokens: Option<u64>) -> Result<Bytes, Unreadable> {
        match &self.between {
            Between::Kept => Ok(body),
            Between::Conversation(client, provider, asked) => {
                let answer = provider.api.codec().decode_answer(Json::read(&body)?)?;
                Ok(crate::text::bytes(&client.codec().encode_answer(answer, asked)))
            }
            Between::Count(client, provider) => {
                let tokens = provider.decode_answer(&Json::read(&body)?)?;
                Ok(crate::text::bytes(&client.form().encode_answer(tokens)))
            }
            Between::Embedding(client, provider, wanted) => {
                embed::answer((*client, *provider), wanted, (&body, tokens))
            }
        }
    }

    /// Writes the body of an error in the client's words. What is no JSON is said as it is, up to a bound.
    pub fn failure(&self, status: u16, body: Bytes) -> Bytes {
        if matches!(self.between, Between::Kept) && !self.provider.is_enveloped() {
            return body;
        }
        let read = Json::read(&body).ok();
        let said = read.and_then(|body| self.provider.errors().codec().decode_failure(status, &body));
        let failure = said.unwrap_or_else(|| Failure::new(status, plain(status, &body)));
        failure_body(self.client.api().dialect(), &failure)
    }

    /// The header field in which the client looks for the kind of an error.
    pub fn error_field(&self, status: u16) -> Option<(&'static str, &'static str)> {
        crate::dialect::error_field(self.client.api().dialect(), status)
    }

    /// Reads a stream of the provider's, and writes it in the client's words.
    pub fn stream(&self) -> StreamTranslation {
        StreamTranslation::new(self)
    }
}

/// Characters of a text that is no JSON which a client is told.
const SHOWN: usize = 512;

/// What a body says that is none of the API, such as the page of a proxy in between: only plain text is for clients.
fn plain(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() || text.starts_with(['<', '{', '[']) {
        return format!("the provider answered with status {status} and no message");
    }
    text.chars().take(SHOWN).collect()
}
