//! Embeddings: texts, of each of which an API makes a vector.

pub(crate) mod vector;

use bytes::Bytes;
use tidegate_contract::Operation;
use vector::Vector;

use super::api::Api;
use super::codec::Head;
use super::counted::object;
use super::json::{Json, Object, Text};
use super::place::Place;
use super::refused::{Refused, Unreadable};
use crate::{bedrock, gemini, openai};

/// An API in which clients ask for embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Embed {
    /// `/v1/embeddings` of OpenAI's.
    OpenAi,
    /// `embedContent` of the Gemini API: one text.
    Gemini,
    /// `batchEmbedContents` of the Gemini API.
    GeminiBatch,
}

/// How a provider is asked for embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Embedder {
    /// `/v1/embeddings` of OpenAI's.
    OpenAi,
    /// `embedContent` of the Gemini API; `batchEmbedContents` where there are several texts.
    Gemini,
    /// `batchEmbedContents` of the Gemini API.
    GeminiBatch,
    /// `predict` of Vertex AI.
    Vertex,
    /// Bedrock's InvokeModel, in the words of the model's vendor.
    Bedrock,
}

/// What is to be embedded, in no API's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct EmbedRequest<'a> {
    pub(crate) model: Text<'a>,
    /// At least one.
    pub(crate) inputs: Vec<Input<'a>>,
    /// Numbers that a vector is to have.
    pub(crate) dimensions: Option<u64>,
    /// Whether a text that is too long is cut instead of refused.
    pub(crate) truncate: Option<bool>,
    /// Who the provider may hold responsible; no name, but an id.
    pub(crate) end_user: Option<Text<'a>>,
    /// Whether the client wants the numbers of a vector as base64 of 32-bit floats, little-endian.
    pub(crate) base64: bool,
    /// Fields that the client's dialect does not have, by their places.
    pub(crate) unknown: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Input<'a> {
    pub(crate) said: Said<'a>,
    /// What the vector is for, in Google's words, such as `RETRIEVAL_QUERY`.
    pub(crate) task: Option<Text<'a>>,
    /// Of a document.
    pub(crate) title: Option<Text<'a>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said<'a> {
    Text(Text<'a>),
    /// Numbers of tokens, which mean something to one family of models only.
    Tokens(Vec<Json<'a>>),
}

/// An input that is a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Worded<'a> {
    pub(crate) text: Text<'a>,
    pub(crate) task: Option<Text<'a>>,
    pub(crate) title: Option<Text<'a>>,
}

/// The vectors of the inputs, in their order.
#[derive(Debug)]
pub(crate) struct EmbedAnswer<'a> {
    pub(crate) vectors: Vec<Vector<'a>>,
    /// Tokens of all inputs together, where the provider tells them.
    pub(crate) tokens: Option<u64>,
}

/// What must be known of a request to write its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// As the client calls it.
    pub(crate) model: String,
    pub(crate) inputs: usize,
    pub(crate) base64: bool,
}

/// How clients of an API ask for embeddings, and read them.
pub(crate) trait EmbedForm: Send + Sync {
    /// Reads what a client asks. Fields that the API does not have go to [`EmbedRequest::unknown`].
    ///
    /// # Errors
    /// Where a field is not as the API has it.
    fn decode_request<'a>(&self, body: Json<'a>, head: &Head<'a>) -> Result<EmbedRequest<'a>, Refused>;

    /// Writes the answer.
    ///
    /// # Errors
    /// Where a vector is none.
    fn encode_answer(&self, answer: EmbedAnswer<'_>, wanted: &Wanted) -> Result<Bytes, Unreadable>;
}

/// How a provider is asked for embeddings, and answers.
pub(crate) trait EmbedderForm: Send + Sync {
    /// Writes a request.
    ///
    /// # Errors
    /// Where it says something that the provider has no words for.
    fn encode_request<'a>(&self, request: EmbedRequest<'a>) -> Result<Object<'a>, Refused>;

    /// Reads an answer.
    ///
    /// # Errors
    /// Where it is none of this provider's.
    fn decode_answer<'a>(&self, body: &'a [u8]) -> Result<EmbedAnswer<'a>, Unreadable>;

    /// Gives the model of a body of this very API another name.
    fn rename(&self, body: &mut Object<'_>, model: &str) {
        body.set("model", model.to_owned());
    }
}

impl Embed {
    /// Every API.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Gemini, Self::GeminiBatch];

    pub(super) fn of_client(operation: Operation) -> Option<Self> {
        match operation {
            Operation::Embeddings => Some(Self::OpenAi),
            Operation::EmbedContent => Some(Self::Gemini),
            Operation::BatchEmbedContents => Some(Self::GeminiBatch),
            _ => None,
        }
    }

    /// The API whose errors its clients read.
    pub(super) fn api(self) -> Api {
        match self {
            Self::OpenAi => Api::Chat,
            Self::Gemini | Self::GeminiBatch => Api::Gemini,
        }
    }

    pub(super) fn is_kept_by(self, provider: Embedder) -> bool {
        match self {
            Self::OpenAi => provider == Embedder::OpenAi,
            Self::Gemini | Self::GeminiBatch => {
                matches!(provider, Embedder::Gemini | Embedder::GeminiBatch)
            }
        }
    }

    /// The name in the folders of the golden cases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "embed-openai",
            Self::Gemini => "embed-gemini",
            Self::GeminiBatch => "embed-gemini-batch",
        }
    }

    pub(super) fn form(self) -> &'static dyn EmbedForm {
        match self {
            Self::OpenAi => &openai::embeddings::OpenAi,
            Self::Gemini => &gemini::embeddings::One,
            Self::GeminiBatch => &gemini::embeddings::Batch,
        }
    }
}

impl Embedder {
    /// Every way to ask.
    pub const ALL: [Self; 5] = [Self::OpenAi, Self::Gemini, Self::GeminiBatch, Self::Vertex, Self::Bedrock];

    /// The API whose errors it writes.
    pub(super) fn api(self) -> Api {
        match self {
            Self::OpenAi => Api::Chat,
            Self::Gemini | Self::GeminiBatch => Api::Gemini,
            Self::Vertex => Api::Vertex,
            Self::Bedrock => Api::Converse,
        }
    }

    /// The name in the folders of the golden cases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "embed-openai",
            Self::Gemini => "embed-gemini",
            Self::GeminiBatch => "embed-gemini-batch",
            Self::Vertex => "embed-vertex",
            Self::Bedrock => "embed-bedrock",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAI's embeddings",
            Self::Gemini | Self::GeminiBatch => "Gemini's embedContent",
            Self::Vertex => "Vertex AI's predict",
            Self::Bedrock => "Bedrock's InvokeModel",
        }
    }

    pub(super) fn operation(self) -> Operation {
        match self {
            Self::Gemini => Operation::EmbedContent,
            Self::GeminiBatch => Operation::BatchEmbedContents,
            Self::OpenAi | Self::Vertex | Self::Bedrock => Operation::Embeddings,
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/embeddings",
            Self::Gemini | Self::GeminiBatch | Self::Vertex | Self::Bedrock => "",
        }
    }

    pub(super) fn form(self) -> &'static dyn EmbedderForm {
        match self {
            Self::OpenAi => &openai::embeddings::OpenAi,
            Self::Gemini => &gemini::embeddings::One,
            Self::GeminiBatch => &gemini::embeddings::Batch,
            Self::Vertex => &gemini::embeddings::Vertex,
            Self::Bedrock => &bedrock::embeddings::Bedrock,
        }
    }

    /// The one of a provider's two ways that takes so many texts.
    pub(super) fn of_inputs(self, inputs: usize) -> Self {
        if self == Self::Gemini && inputs > 1 { Self::GeminiBatch } else { self }
    }

    /// The one of a provider's two ways by which the client asks, too.
    pub(super) fn of_client(self, client: Embed) -> Self {
        if client == Embed::GeminiBatch { Self::GeminiBatch } else { self }
    }

    /// Sends what a client asks in the same words.
    pub(super) fn keep<'a>(self, body: Json<'a>, rename: Option<&str>) -> Result<Object<'a>, Refused> {
        let mut body = object(body)?;
        if let Some(name) = rename {
            self.form().rename(&mut body, name);
        }
        Ok(body)
    }
}

/// The inputs as texts.
///
/// # Errors
/// Where there are tokens in place of a text.
pub(crate) fn texts<'a>(inputs: Vec<Input<'a>>, provider: &str) -> Result<Vec<Worded<'a>>, Refused> {
    let tokens = || {
        let cause = format!("holds numbers of tokens, which cannot be said to {provider}; send the text");
        Refused::invalid(&Place::BODY.key("input"), cause)
    };
    let text = |Input { said, task, title }: Input<'a>| match said {
        Said::Text(text) => Ok(Worded { text, task, title }),
        Said::Tokens(_) => Err(tokens()),
    };
    inputs.into_iter().map(text).collect()
}

/// Writes an answer in the client's words.
///
/// # Errors
/// Where it is none of the provider's, or has not as many vectors as there are inputs.
pub(super) fn answer(
    (client, provider): (Embed, Embedder),
    wanted: &Wanted,
    (body, told): (&[u8], Option<u64>),
) -> Result<Bytes, Unreadable> {
    let mut answer = provider.form().decode_answer(body)?;
    let (made, inputs) = (answer.vectors.len(), wanted.inputs);
    if made != inputs {
        return Err(Unreadable(format!("it has {made} vectors for {inputs} texts")));
    }
    answer.tokens = answer.tokens.or(told);
    client.form().encode_answer(answer, wanted)
}

#[cfg(test)]
#[path = "embed_tests.rs"]
mod tests;
