//! The hooks by name, as manifests, subscriptions, metrics and every toolkit spell them.

use std::fmt;

/// A point at which a plugin is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Hook {
    /// Who is calling.
    Authenticate,
    /// May it be spent.
    Admit,
    /// What was spent.
    Settle,
    /// The request, in the client's dialect.
    TransformRequest,
    /// The request of one attempt, in the provider's dialect.
    TransformUpstream,
    /// The answer.
    TransformResponse,
    /// Events of a streamed answer.
    TransformEvent,
    /// Texts of the request.
    ModerateInput,
    /// Texts of the answer.
    ModerateOutput,
    /// The finished exchange.
    Completed,
}

impl Hook {
    /// Every hook, in the order in which a request meets them.
    pub const ALL: [Self; 10] = [
        Self::Authenticate,
        Self::Admit,
        Self::TransformRequest,
        Self::ModerateInput,
        Self::TransformUpstream,
        Self::TransformEvent,
        Self::ModerateOutput,
        Self::TransformResponse,
        Self::Settle,
        Self::Completed,
    ];

    /// The name, such as `moderate_input`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authenticate => "authenticate",
            Self::Admit => "admit",
            Self::Settle => "settle",
            Self::TransformRequest => "transform_request",
            Self::TransformUpstream => "transform_upstream",
            Self::TransformResponse => "transform_response",
            Self::TransformEvent => "transform_event",
            Self::ModerateInput => "moderate_input",
            Self::ModerateOutput => "moderate_output",
            Self::Completed => "completed",
        }
    }

    /// The hook of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.as_str() == name)
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some of the hooks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hooks(u16);

impl Hooks {
    /// No hook.
    pub const NONE: Self = Self(0);

    /// Whether `hook` is among them.
    pub fn has(self, hook: Hook) -> bool {
        self.0 & bit(hook) != 0
    }

    /// These and `hook`.
    #[must_use]
    pub fn with(self, hook: Hook) -> Self {
        Self(self.0 | bit(hook))
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of [`Hook::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Hook> {
        Hook::ALL.into_iter().filter(move |hook| self.has(*hook))
    }
}

impl FromIterator<Hook> for Hooks {
    fn from_iter<I: IntoIterator<Item = Hook>>(hooks: I) -> Self {
        hooks.into_iter().fold(Self::NONE, Self::with)
    }
}

fn bit(hook: Hook) -> u16 {
    1 << hook as u8
}
