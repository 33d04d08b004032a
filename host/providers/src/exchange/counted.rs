//! Counts of tokens: a conversation, of which an API tells how many tokens it has.
//!
//! What is counted is read and written by the codec of the API; a count adds only how it stands in the body, and the answer.

use tidegate_contract::Operation;

use super::api::Api;
use super::codec::Head;
use super::json::{Json, Object};
use super::place::Place;
use super::refused::{Refused, Unreadable};
use super::request::{Hints, Request, Sampling};
use crate::{anthropic, bedrock, gemini, openai};

/// An API in which clients ask how many tokens a conversation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Count {
    /// `/v1/responses/input_tokens` of OpenAI's.
    Responses,
    /// `/tokenize` of vLLM's.
    Tokenize,
    /// `/v1/messages/count_tokens` of Anthropic's.
    Messages,
    /// `countTokens` of the Gemini API.
    Gemini,
}

/// How a provider is asked how many tokens a conversation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counter {
    /// `/v1/responses/input_tokens` of OpenAI's.
    Responses,
    /// `/tokenize` of vLLM's.
    Tokenize,
    /// `/v1/messages/count_tokens` of Anthropic's.
    Messages,
    /// The same by Vertex's rawPredict.
    VertexMessages,
    /// Bedrock's CountTokens of what InvokeModel is sent for one of Anthropic's models.
    InvokeMessages,
    /// Bedrock's CountTokens of what Converse is sent.
    Converse,
    /// `countTokens` of the Gemini API.
    Gemini,
    /// The same of Vertex AI.
    Vertex,
}

/// How clients of an API ask for a count, and read it.
pub(crate) trait CountForm: Send + Sync {
    /// A body of this API as that of the conversation which is counted.
    ///
    /// # Errors
    /// Where it asks for more than a count.
    fn open<'a>(&self, body: Json<'a>) -> Result<Json<'a>, Refused> {
        Ok(body)
    }

    /// Writes the answer.
    fn encode_answer(&self, tokens: u64) -> Object<'static>;
}

/// How a provider is asked for a count, and answers.
pub(crate) trait CounterForm: Send + Sync {
    /// The body to send, of that of the conversation: what a count has no place for is taken out.
    fn wrap<'a>(&self, body: Object<'a>, model: &str, betas: &[&'a str]) -> Object<'a>;

    /// Gives the model of a body of this very API another name.
    fn rename(&self, body: &mut Object<'_>, model: &str) {
        body.set("model", model.to_owned());
    }

    /// Where the count stands in an answer.
    fn tokens(&self) -> &'static str;
}

impl Count {
    /// Every API.
    pub const ALL: [Self; 4] = [Self::Responses, Self::Tokenize, Self::Messages, Self::Gemini];

    pub(super) fn of_client(operation: Operation) -> Option<Self> {
        match operation {
            Operation::InputTokens => Some(Self::Responses),
            Operation::Tokenize => Some(Self::Tokenize),
            Operation::CountTokens => Some(Self::Messages),
            Operation::GeminiCountTokens => Some(Self::Gemini),
            _ => None,
        }
    }

    /// The API of the conversations.
    pub(super) fn api(self) -> Api {
        match self {
            Self::Responses => Api::Responses,
            Self::Tokenize => Api::CompatibleChat,
            Self::Messages => Api::Messages,
            Self::Gemini => Api::Gemini,
        }
    }

    pub(super) fn is_kept_by(self, provider: Counter) -> bool {
        self.api().is_kept_by(provider.api())
    }

    /// The name in the folders of the golden cases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Responses => "count-responses",
            Self::Tokenize => "count-tokenize",
            Self::Messages => "count-messages",
            Self::Gemini => "count-gemini",
        }
    }

    pub(super) fn form(self) -> &'static dyn CountForm {
        match self {
            Self::Responses => &openai::count::Responses,
            Self::Tokenize => &openai::count::Tokenize,
            Self::Messages => &anthropic::count::Messages,
            Self::Gemini => &gemini::count::Gemini,
        }
    }

    /// Reads what is counted.
    pub(super) fn decode<'a>(self, body: Json<'a>, head: &Head<'a>) -> Result<Request<'a>, Refused> {
        let request = self.api().codec().decode_request(self.form().open(body)?, head)?;
        Ok(only_counted(request))
    }
}

impl Counter {
    /// Every way to ask.
    pub const ALL: [Self; 8] = [
        Self::Responses,
        Self::Tokenize,
        Self::Messages,
        Self::VertexMessages,
        Self::InvokeMessages,
        Self::Converse,
        Self::Gemini,
        Self::Vertex,
    ];

    /// The API of the conversations.
    pub(super) fn api(self) -> Api {
        match self {
            Self::Responses => Api::Responses,
            Self::Tokenize => Api::CompatibleChat,
            Self::Messages | Self::VertexMessages | Self::InvokeMessages => Api::Messages,
            Self::Converse => Api::Converse,
            Self::Gemini => Api::Gemini,
            Self::Vertex => Api::Vertex,
        }
    }

    /// The name in the folders of the golden cases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Responses => "count-responses",
            Self::Tokenize => "count-tokenize",
            Self::Messages => "count-messages",
            Self::VertexMessages => "count-vertex-messages",
            Self::InvokeMessages => "count-invoke-messages",
            Self::Converse => "count-converse",
            Self::Gemini => "count-gemini",
            Self::Vertex => "count-vertex",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Responses => "OpenAI's input tokens",
            Self::Tokenize => "vLLM's tokenize",
            Self::Messages => "Anthropic's count of tokens",
            Self::VertexMessages => "Anthropic's count of tokens, by rawPredict",
            Self::InvokeMessages | Self::Converse => "Bedrock's CountTokens",
            Self::Gemini | Self::Vertex => "Gemini's countTokens",
        }
    }

    pub(super) fn operation(self) -> Operation {
        match self {
            Self::Responses => Operation::InputTokens,
            Self::Tokenize => Operation::Tokenize,
            Self::Messages | Self::VertexMessages | Self::InvokeMessages | Self::Converse => {
                Operation::CountTokens
            }
            Self::Gemini | Self::Vertex => Operation::GeminiCountTokens,
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Responses => "/v1/responses/input_tokens",
            Self::Tokenize => "/tokenize",
            Self::Messages => "/v1/messages/count_tokens",
            Self::VertexMessages | Self::InvokeMessages | Self::Converse | Self::Gemini | Self::Vertex => "",
        }
    }

    fn form(self) -> &'static dyn CounterForm {
        match self {
            Self::Responses => &openai::count::Responses,
            Self::Tokenize => &openai::count::Tokenize,
            Self::Messages => &anthropic::count::Messages,
            Self::VertexMessages => &anthropic::count::VertexMessages,
            Self::InvokeMessages => &bedrock::count::InvokeMessages,
            Self::Converse => &bedrock::count::Converse,
            Self::Gemini => &gemini::count::Gemini,
            Self::Vertex => &gemini::count::Vertex,
        }
    }

    /// Writes what is counted.
    pub(super) fn encode<'a>(self, request: Request<'a>, betas: &[&'a str]) -> Result<Object<'a>, Refused> {
        let model = request.model.clone().into_owned();
        Ok(self.form().wrap(self.api().codec().encode_request(request)?, &model, betas))
    }

    /// Whether bodies and answers are those of such clients.
    pub(super) fn is_of(self, client: Count) -> bool {
        self.as_str() == client.as_str()
    }

    /// The API whose errors it writes.
    pub(super) fn errors(self) -> Api {
        if self == Self::InvokeMessages { Api::Converse } else { self.api() }
    }

    /// Sends what a client asks in the same words, as it is where the bodies are the same.
    pub(super) fn keep<'a>(
        self,
        client: Count,
        body: Json<'a>,
        (model, rename, betas): (&str, Option<&str>, &[&'a str]),
    ) -> Result<Object<'a>, Refused> {
        if !self.is_of(client) {
            let mut opened = object(client.form().open(body)?)?;
            if let Some(name) = rename.filter(|_| opened.get("model").is_some()) {
                opened.set("model", name.to_owned());
            }
            return Ok(self.form().wrap(opened, model, betas));
        }
        let mut body = object(body)?;
        if let Some(name) = rename {
            self.form().rename(&mut body, name);
        }
        Ok(body)
    }

    /// Reads the count of an answer.
    pub(super) fn decode_answer(self, body: &Json<'_>) -> Result<u64, Unreadable> {
        let key = self.form().tokens();
        let tokens = body.at(&[key]).and_then(Json::as_u64);
        tokens.ok_or_else(|| Unreadable(format!("it has no count under \"{key}\"")))
    }
}

/// The conversation without what says only how its answer is to be made and booked.
fn only_counted(request: Request<'_>) -> Request<'_> {
    Request {
        stream: false,
        stream_usage: None,
        max_tokens: None,
        sampling: Sampling::default(),
        stop: Vec::new(),
        choices: None,
        log_probabilities: None,
        modalities: Vec::new(),
        audio: None,
        verbosity: None,
        service_tier: None,
        safety: Vec::new(),
        guardrail: None,
        hints: Hints::default(),
        ..request
    }
}

/// These fields of a body, and no others.
pub(crate) fn only<'a>(body: Object<'a>, fields: &[&str]) -> Object<'a> {
    body.into_entries().filter(|(key, _)| fields.contains(&&**key)).collect()
}

/// The object that a body is.
pub(crate) fn object<'a>(body: Json<'a>) -> Result<Object<'a>, Refused> {
    match body {
        Json::Object(object) => Ok(object),
        other => Err(Refused::invalid(&Place::BODY, format_args!("must be an object, not {}", other.kind()))),
    }
}

#[cfg(test)]
#[path = "counted_tests.rs"]
mod tests;
