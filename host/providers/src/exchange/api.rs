//! The APIs in which conversations are written.

use tidegate_contract::{Dialect, Operation};

use super::codec::Codec;
use crate::openai::codec::Chat;

/// An API in which conversations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// OpenAI's chat completions, in OpenAI's own words.
    Chat,
    /// Chat completions in the words of the many that speak them, too.
    CompatibleChat,
}

impl Api {
    /// Every API.
    pub const ALL: [Self; 2] = [Self::Chat, Self::CompatibleChat];

    /// The API in which a client asks; `None` where what it asks is no conversation.
    pub fn of_client(dialect: Dialect, operation: Operation) -> Option<Self> {
        match (dialect, operation) {
            (Dialect::OpenAi, Operation::Chat) => Some(Self::Chat),
            _ => None,
        }
    }

    /// The name in the folders of the golden cases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::CompatibleChat => "compatible-chat",
        }
    }

    /// The dialect whose clients speak it.
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Chat | Self::CompatibleChat => Dialect::OpenAi,
        }
    }

    /// What its clients ask by it.
    pub fn operation(self) -> Operation {
        match self {
            Self::Chat | Self::CompatibleChat => Operation::Chat,
        }
    }

    pub(crate) fn codec(self) -> &'static dyn Codec {
        match self {
            Self::Chat => &Chat::OpenAi,
            Self::CompatibleChat => &Chat::Compatible,
        }
    }
}
