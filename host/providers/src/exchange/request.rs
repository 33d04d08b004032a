//! What a client asks of a model, whatever API it is written in. Who decodes fills it, who encodes takes it apart whole: a
//! pattern that names every field makes the compiler ask what becomes of a new one.

use serde_json::Number;

use super::json::{Json, Object, Text};

/// A conversation to go on with.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Request<'a> {
    pub(crate) model: Text<'a>,
    pub(crate) stream: bool,
    /// Of a stream, whether its end says what was used; `None` where the dialect always does.
    pub(crate) stream_usage: Option<bool>,
    /// In order; those of the system come first or between the others.
    pub(crate) messages: Vec<Message<'a>>,
    pub(crate) tools: Vec<Tool<'a>>,
    pub(crate) tool_choice: Option<ToolChoice<'a>>,
    /// Whether several tools may be called at once.
    pub(crate) parallel_tools: Option<bool>,
    /// What the answer's text must be.
    pub(crate) format: Option<Format<'a>>,
    pub(crate) reasoning: Option<Reasoning<'a>>,
    /// Tokens of the answer, reasoning included.
    pub(crate) max_tokens: Option<u64>,
    pub(crate) sampling: Sampling<'a>,
    /// Texts that end the answer.
    pub(crate) stop: Vec<Text<'a>>,
    /// Answers to make.
    pub(crate) choices: Option<u64>,
    pub(crate) log_probabilities: Option<LogProbabilities>,
    /// What the answer may consist of, such as `text`, `audio`, `image`.
    pub(crate) modalities: Vec<Text<'a>>,
    /// How an audio answer sounds, in OpenAI's words.
    pub(crate) audio: Option<Json<'a>>,
    /// How wordy the answer is: `low`, `medium`, `high`.
    pub(crate) verbosity: Option<Text<'a>>,
    /// How fast and dear: `auto`, `default`, `flex`, `priority` and what else providers call theirs.
    pub(crate) service_tier: Option<Text<'a>>,
    /// Gemini's `safetySettings`.
    pub(crate) safety: Vec<Json<'a>>,
    /// Bedrock's `guardrailConfig`.
    pub(crate) guardrail: Option<Json<'a>>,
    /// What says nothing to the model; left out where the provider has no place for it.
    pub(crate) hints: Hints<'a>,
    /// Feature flags of Anthropic's, from the header `anthropic-beta` or its like.
    pub(crate) betas: Vec<Text<'a>>,
    /// Fields that the client's dialect does not have, by their places.
    pub(crate) unknown: Vec<String>,
}

/// How the next token is chosen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sampling<'a> {
    pub(crate) temperature: Option<Number>,
    pub(crate) top_p: Option<Number>,
    pub(crate) top_k: Option<Number>,
    pub(crate) seed: Option<Number>,
    pub(crate) frequency_penalty: Option<Number>,
    pub(crate) presence_penalty: Option<Number>,
    /// Weights by token id.
    pub(crate) logit_bias: Option<Object<'a>>,
}

impl Sampling<'_> {
    /// The first of these settings, by their fields here, that is said; a penalty of nought says nothing, nor do weights of no
    /// token.
    pub(crate) fn first_said(&self, fields: &[&'static str]) -> Option<&'static str> {
        let weighs =
            |penalty: &Option<Number>| penalty.as_ref().is_some_and(|penalty| penalty.as_f64() != Some(0.0));
        let is_said = |field: &&'static str| match *field {
            "top_k" => self.top_k.is_some(),
            "seed" => self.seed.is_some(),
            "frequency_penalty" => weighs(&self.frequency_penalty),
            "presence_penalty" => weighs(&self.presence_penalty),
            "logit_bias" => self.logit_bias.as_ref().is_some_and(|bias| !bias.is_empty()),
            _ => false,
        };
        fields.iter().copied().find(is_said)
    }
}

/// What only helps the provider to keep its books and caches.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Hints<'a> {
    /// Who the provider may hold responsible; no name, but an id.
    pub(crate) end_user: Option<Text<'a>>,
    /// Requests with the same key likely share the beginning.
    pub(crate) cache_key: Option<Text<'a>>,
    /// How long the cache is kept, such as `24h`.
    pub(crate) cache_retention: Option<Text<'a>>,
    pub(crate) metadata: Option<Object<'a>>,
    /// Whether the provider may keep the exchange.
    pub(crate) store: Option<bool>,
}

/// Whether log probabilities are told, and of how many tokens beside the chosen one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LogProbabilities {
    pub(crate) top: Option<u64>,
}

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    System,
    /// The system, as OpenAI's reasoning models call it.
    Developer,
    /// Also what tools answered.
    User,
    Assistant,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message<'a> {
    pub(crate) role: Role,
    /// Which of several participants with that role.
    pub(crate) name: Option<Text<'a>>,
    pub(crate) blocks: Vec<Block<'a>>,
}

/// A part of a message, and whether the prompt may be cached up to its end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block<'a> {
    pub(crate) part: Part<'a>,
    pub(crate) cache: Option<Cache<'a>>,
}

/// The prompt may be cached up to here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cache<'a> {
    /// How long, such as `5m` or `1h`.
    pub(crate) ttl: Option<Text<'a>>,
}

/// What a message is made of, in requests and answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part<'a> {
    Text(Text<'a>),
    /// Words with what they rest on.
    Cited {
        text: Text<'a>,
        citations: Vec<Citation<'a>>,
    },
    Media(Media<'a>),
    Reasoning(Thought<'a>),
    /// Words by which the model declines.
    Refusal(Text<'a>),
    ToolCall(ToolCall<'a>),
    ToolResult(ToolResult<'a>),
    /// What only one API knows, such as a call of a tool that the provider runs itself: as that API writes it, under the
    /// name of its kind.
    Own {
        kind: Text<'a>,
        spec: Object<'a>,
    },
}

/// What the model thought before it spoke.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Thought<'a> {
    pub(crate) text: Text<'a>,
    /// By which the provider knows it again.
    pub(crate) signature: Option<Text<'a>>,
    /// What only the provider can read, in place of the text.
    pub(crate) redacted: Option<Text<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ToolCall<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) name: Text<'a>,
    /// JSON text; empty where the tool takes none.
    pub(crate) arguments: Text<'a>,
    /// Gemini's signature of the thought that led to it.
    pub(crate) signature: Option<Text<'a>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ToolResult<'a> {
    /// Of the call.
    pub(crate) id: Text<'a>,
    /// Of the tool, where the dialect says it.
    pub(crate) name: Option<Text<'a>>,
    /// Text and media.
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) is_error: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Media<'a> {
    pub(crate) kind: MediaKind,
    pub(crate) source: Source<'a>,
    /// Of an image: `low`, `high`, `auto`.
    pub(crate) detail: Option<Text<'a>>,
    /// Of a document: its file name or title.
    pub(crate) name: Option<Text<'a>>,
    /// Of a document: what else the model is to know of it.
    pub(crate) context: Option<Text<'a>>,
    /// Of a document: whether the answer is to cite it.
    pub(crate) cite: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaKind {
    Image,
    Audio,
    Video,
    Document,
}

/// Where media are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    /// Base64 of bytes of this media type.
    Data { media_type: Text<'a>, data: Text<'a> },
    /// An address that the provider reads itself: `https:`, `gs:`, `s3:`.
    Url { url: Text<'a>, media_type: Option<Text<'a>> },
    /// A file that was uploaded to the provider.
    File(Text<'a>),
    /// A document that is plain text.
    Plain(Text<'a>),
    /// A document in pieces, each of which can be cited.
    Texts(Vec<Text<'a>>),
}

/// What words of an answer rest on.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Citation<'a> {
    pub(crate) url: Option<Text<'a>>,
    pub(crate) title: Option<Text<'a>>,
    /// The words of the source.
    pub(crate) quote: Option<Text<'a>>,
    /// Which document of the request, from 0.
    pub(crate) document: Option<u64>,
    /// In the answer's text, in characters, from and to.
    pub(crate) range: Option<(u64, u64)>,
    /// In the source, from and to, in the unit that `place_unit` names: `char`, `page`, `block`.
    pub(crate) place: Option<(u64, u64)>,
    pub(crate) place_unit: Option<Text<'a>>,
    /// By which the provider knows the place again.
    pub(crate) token: Option<Text<'a>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tool<'a> {
    Function(Function<'a>),
    /// A tool that the provider runs itself, as the client's dialect writes it, under the name of its kind.
    Own {
        kind: Text<'a>,
        spec: Object<'a>,
    },
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Function<'a> {
    pub(crate) name: Text<'a>,
    pub(crate) description: Option<Text<'a>>,
    /// JSON Schema of the arguments.
    pub(crate) parameters: Option<Json<'a>>,
    /// Whether arguments must be as the schema has them.
    pub(crate) strict: Option<bool>,
    pub(crate) cache: Option<Cache<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ToolChoice<'a> {
    Auto,
    None,
    /// At least one.
    Any,
    /// This one.
    Named(Text<'a>),
    /// One or more of these; `required`: at least one.
    Among {
        names: Vec<Text<'a>>,
        required: bool,
    },
}

/// What an answer's text must be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Format<'a> {
    Text,
    /// Any JSON object.
    Json,
    Schema {
        name: Option<Text<'a>>,
        description: Option<Text<'a>>,
        schema: Json<'a>,
        strict: Option<bool>,
    },
}

/// How much the model thinks before it answers; what is not said is up to the provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reasoning<'a> {
    /// Whether it thinks at all.
    pub(crate) enabled: Option<bool>,
    /// `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`.
    pub(crate) effort: Option<Text<'a>>,
    /// Tokens at most.
    pub(crate) budget: Option<u64>,
    /// Whether the model itself decides how much.
    pub(crate) adaptive: bool,
    /// Whether the answer tells the thoughts.
    pub(crate) shown: Option<bool>,
    /// How thoughts are told: `auto`, `concise`, `detailed`.
    pub(crate) summary: Option<Text<'a>>,
}

impl<'a> Block<'a> {
    pub(crate) fn new(part: Part<'a>) -> Self {
        Self { part, cache: None }
    }
}

impl<'a> Media<'a> {
    pub(crate) fn new(kind: MediaKind, source: Source<'a>) -> Self {
        Self { kind, source, detail: None, name: None, context: None, cite: false }
    }
}

impl<'a> Message<'a> {
    pub(crate) fn new(role: Role, blocks: Vec<Block<'a>>) -> Self {
        Self { role, name: None, blocks }
    }
}
