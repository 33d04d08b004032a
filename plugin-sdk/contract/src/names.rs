//! The names that travel: dialects and operations, spelled as metrics, logs and plugins see them.

use std::fmt;

/// A wire protocol of a model API. Plugins see it as the string of [`Dialect::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The API of OpenAI and of all that speak it; also the dialect of paths that nobody claims.
    OpenAi,
    /// The API of Anthropic and of all that speak it.
    Anthropic,
    /// Google's API of Gemini.
    Gemini,
    /// The runtime API of Amazon Bedrock.
    Bedrock,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Gemini, Self::Bedrock];

    /// The name in logs and in the plugin contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Bedrock => "bedrock",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a request asks of a model, by its path. The strings are the values of `gen_ai.operation.name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `POST /v1/chat/completions`
    Chat,
    /// `POST /v1/completions`
    Completion,
    /// `POST /v1/embeddings`
    Embeddings,
    /// `POST /v1/responses`
    Responses,
    /// `POST /v1/responses/input_tokens`
    InputTokens,
    /// `POST /v1/images/generations`
    ImageGeneration,
    /// `POST /v1/images/edits`, and `/v1/images/variations`
    ImageEdit,
    /// `POST /v1/audio/speech`
    Speech,
    /// `POST /v1/audio/transcriptions`
    Transcription,
    /// `POST /v1/audio/translations`
    Translation,
    /// `POST /v1/moderations`
    Moderation,
    /// `POST /v1/messages`
    Messages,
    /// `POST /v1/messages/count_tokens`
    CountTokens,
    /// `POST /tokenize`
    Tokenize,
    /// `POST /v2/rerank`
    Rerank,
    /// `POST /v1beta/models/{model}:generateContent`, and `:streamGenerateContent`
    GenerateContent,
    /// `POST /v1beta/models/{model}:countTokens`
    GeminiCountTokens,
    /// `POST /v1beta/models/{model}:embedContent`
    EmbedContent,
    /// `POST /v1beta/models/{model}:batchEmbedContents`
    BatchEmbedContents,
    /// `POST /model/{model}/converse`, and `/converse-stream`
    Converse,
    /// `GET /v1/models` and `GET /v1/models/{id}`; answered by the gateway.
    Models,
    /// Any other path that a route claims; passed through, with no model of its own.
    Other,
}

impl Operation {
    /// The value of the label `gen_ai_operation_name`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completion => "completion",
            Self::Embeddings | Self::EmbedContent | Self::BatchEmbedContents => "embeddings",
            Self::Responses => "responses",
            Self::InputTokens => "responses_input_tokens",
            Self::ImageGeneration => "image_generation",
            Self::ImageEdit => "image_edit",
            Self::Speech => "speech",
            Self::Transcription => "transcription",
            Self::Translation => "translation",
            Self::Moderation => "moderation",
            Self::Messages => "messages",
            Self::CountTokens | Self::GeminiCountTokens => "count_tokens",
            Self::Tokenize => "tokenize",
            Self::Rerank => "rerank",
            Self::GenerateContent => "generate_content",
            Self::Converse => "converse",
            Self::Models => "models",
            Self::Other => "other",
        }
    }

    /// Whether the answer is a stream of events of a model's words where the request asks for one.
    pub fn streams(self) -> bool {
        match self {
            Self::Chat
            | Self::Completion
            | Self::Responses
            | Self::Messages
            | Self::GenerateContent
            | Self::Converse => true,
            Self::Embeddings
            | Self::InputTokens
            | Self::ImageGeneration
            | Self::ImageEdit
            | Self::Speech
            | Self::Transcription
            | Self::Translation
            | Self::Moderation
            | Self::CountTokens
            | Self::Tokenize
            | Self::Rerank
            | Self::GeminiCountTokens
            | Self::EmbedContent
            | Self::BatchEmbedContents
            | Self::Models
            | Self::Other => false,
        }
    }

    /// Whether the path names the model, and the body does not.
    pub fn has_its_model_in_the_path(self) -> bool {
        matches!(
            self,
            Self::GenerateContent
                | Self::GeminiCountTokens
                | Self::EmbedContent
                | Self::BatchEmbedContents
                | Self::Converse
        )
    }

    /// Whether the request calls a model, which its JSON body, its form or its path names.
    pub fn names_a_model(self) -> bool {
        !matches!(self, Self::Models | Self::Other)
    }

    /// Whether the body may be a form with files in place of JSON.
    pub fn takes_forms(self) -> bool {
        matches!(self, Self::ImageEdit | Self::Transcription | Self::Translation)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
