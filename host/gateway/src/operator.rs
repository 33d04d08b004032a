//! Who may operate the gateway: whoever has the token of the live configuration, or the one that is made without it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use tidegate_admin::{Access, LiveAccess, TokenError, generated_token};
use tidegate_config::checked::{self, is_loopback};

/// Why nobody could operate the gateway.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OperatorError {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("cannot print the admin token that was made: {0}; set \"admin.token\"")]
    Print(#[from] io::Error),
}

/// Tells the operator a token that was made.
type Tell = fn(&SecretString) -> io::Result<()>;

/// The access to the admin listener, as the live configuration has it.
pub(crate) struct Operator {
    /// Of the address that is bound, which no reload changes.
    loopback: bool,
    made: Mutex<Option<SecretString>>,
    tell: Tell,
    live: Arc<LiveAccess>,
}

impl Operator {
    /// With the access that the first configuration gives.
    pub(crate) fn new(admin: &checked::Admin) -> Result<Self, OperatorError> {
        Self::telling(admin, print_token)
    }

    fn telling(admin: &checked::Admin, tell: Tell) -> Result<Self, OperatorError> {
        let loopback = is_loopback(admin.address.ip());
        let live = LiveAccess::new(Access { loopback, token: None });
        let operator = Self { loopback, made: Mutex::default(), tell, live };
        operator.follow(operator.access(admin)?);
        Ok(operator)
    }

    /// What the admin listener asks.
    pub(crate) fn live(&self) -> Arc<LiveAccess> {
        Arc::clone(&self.live)
    }

    /// The access that a configuration gives. Beyond this machine nobody may operate the gateway without a token: where
    /// none is set, one is made, told once, and kept as long as the process runs.
    pub(crate) fn access(&self, admin: &checked::Admin) -> Result<Access, OperatorError> {
        let token = match &admin.token {
            None if !self.loopback => Some(self.made()?),
            token => token.clone(),
        };
        Ok(Access { loopback: self.loopback, token })
    }

    /// Holds from now on.
    pub(crate) fn follow(&self, access: Access) {
        self.live.change(access);
    }

    fn made(&self) -> Result<SecretString, OperatorError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = &*made {
            return Ok(token.clone());
        }
        let token = generated_token()?;
        (self.tell)(&token)?;
        Ok(made.insert(token).clone())
    }
}

/// To the terminal, where there is one. Without one it goes to standard error, as a line of its own: whoever collects
/// the log from there collects the token, too.
fn print_token(token: &SecretString) -> io::Result<()> {
    let sentence = "the admin API is reachable from other machines and has no \"admin.token\"; until the next start it is";
    let line = format!("{sentence}: {}", token.expose_secret());
    match OpenOptions::new().write(true).open("/dev/tty") {
        Ok(mut terminal) => writeln!(terminal, "{line}"),
        Err(_) => writeln!(io::stderr(), "{line}"),
    }
}

#[cfg(test)]
#[path = "operator_tests.rs"]
mod tests;
