//! What went wrong with a call, and what follows from it.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection broke: whether the server did something is not known.
    Lost(String),
    /// The server does nothing at the moment: it reads its files, or is no master.
    Unready(String),
    /// The server answered that it will not.
    Refused(String),
}

impl Fault {
    pub(super) fn of(error: &RedisError) -> Self {
        let cause = error.to_string();
        match error.kind() {
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ReadOnly,
            ) => Self::Unready(cause),
            ErrorKind::Io | ErrorKind::Parse | ErrorKind::ClusterConnectionNotFound => Self::Lost(cause),
            _ => Self::Refused(cause),
        }
    }

    pub(super) fn cause(&self) -> &str {
        match self {
            Self::Lost(cause) | Self::Unready(cause) | Self::Refused(cause) => cause,
        }
    }
}
