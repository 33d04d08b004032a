//! The APIs in which conversations are written.

use tidegate_contract::{Dialect, Operation};

use super::codec::Codec;
use crate::anthropic::codec::Messages;
use crate::bedrock::codec::Converse;
use crate::gemini::codec::Gemini;
use crate::openai::codec::Chat;
use crate::openai::responses::codec::Responses;

/// An API in which conversations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// OpenAI's chat completions, in OpenAI's own words.
    Chat,
    /// Chat completions in the words of the many that speak them, too.
    CompatibleChat,
    /// Chat completions in Mistral's words.
    MistralChat,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's messages.
    Messages,
    /// Google's generateContent, as the Gemini API has it.
    Gemini,
    /// The same, as Vertex AI has it.
    Vertex,
    /// Bedrock's Converse.
    Converse,
}

/// How a provider holds conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Speech {
    /// In which API.
    pub api: Api,
    /// What is around it.
    pub envelope: Envelope,
}

/// What a provider puts around the bodies of an API that is another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Envelope {
    /// Nothing.
    None,
    /// Bedrock's InvokeModel around Anthropic's messages: the model is in the path, flags in the body, streams in frames.
    BedrockInvoke,
    /// Vertex's rawPredict around them: the model is in the path.
    VertexRaw,
}

impl Api {
    /// Every API.
    pub const ALL: [Self; 8] = [
        Self::Chat,
        Self::CompatibleChat,
        Self::MistralChat,
        Self::Responses,
        Self::Messages,
        Self::Gemini,
        Self::Vertex,
        Self::Converse,
    ];

    /// The API in which a client asks; `None` where what it asks is no conversation.
    pub fn of_client(dialect: Dialect, operation: Operation) -> Option<Self> {
        match (dialect, operation) {
            (Dialect::OpenAi, Operation::Chat) => Some(Self::Chat),
            (Dialect::OpenAi, Operation::Responses) => Some(Self::Responses),
            (Dialect::Anthropic, Operation::Messages) => Some(Self::Messages),
            (Dialect::Gemini, Operation::GenerateContent) => Some(Self::Gemini),
            (Dialect::Bedrock, Operation::Converse) => Some(Self::Converse),
            _ => None,
        }
    }

    /// Whether bodies of one are bodies of the other, so that they pass as they are.
    pub fn is_kept_by(self, provider: Self) -> bool {
        let family = |api| match api {
            Self::CompatibleChat | Self::MistralChat => Self::Chat,
            Self::Vertex => Self::Gemini,
            other => other,
        };
        family(self) == family(provider)
    }

    /// The name in the folders of the golden cases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::CompatibleChat => "compatible-chat",
            Self::MistralChat => "mistral-chat",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Gemini => "gemini",
            Self::Vertex => "vertex",
            Self::Converse => "converse",
        }
    }

    /// The name in sentences.
    pub fn title(self) -> &'static str {
        self.codec().name()
    }

    /// The dialect whose clients speak it.
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Chat | Self::CompatibleChat | Self::MistralChat | Self::Responses => Dialect::OpenAi,
            Self::Messages => Dialect::Anthropic,
            Self::Gemini | Self::Vertex => Dialect::Gemini,
            Self::Converse => Dialect::Bedrock,
        }
    }

    /// What its clients ask by it.
    pub fn operation(self) -> Operation {
        match self {
            Self::Chat | Self::CompatibleChat | Self::MistralChat => Operation::Chat,
            Self::Responses => Operation::Responses,
            Self::Messages => Operation::Messages,
            Self::Gemini | Self::Vertex => Operation::GenerateContent,
            Self::Converse => Operation::Converse,
        }
    }

    /// The path of its clients; of APIs with the model in the path, nothing.
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat | Self::CompatibleChat | Self::MistralChat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            Self::Messages => "/v1/messages",
            Self::Gemini | Self::Vertex | Self::Converse => "",
        }
    }

    /// This API, with nothing around it.
    pub(crate) const fn plain(self) -> Speech {
        Speech { api: self, envelope: Envelope::None }
    }

    pub(crate) fn codec(self) -> &'static dyn Codec {
        match self {
            Self::Chat => &Chat::OpenAi,
            Self::CompatibleChat => &Chat::Compatible,
            Self::MistralChat => &Chat::Mistral,
            Self::Responses => &Responses,
            Self::Messages => &Messages,
            Self::Gemini => &Gemini::Studio,
            Self::Vertex => &Gemini::Vertex,
            Self::Converse => &Converse,
        }
    }
}
