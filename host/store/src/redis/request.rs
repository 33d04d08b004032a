//! What the server is asked, in a form that can be sent again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use redis::{Arg, Cmd, ErrorKind, RedisResult, Script, ServerErrorKind, ToRedisArgs, Value};

use super::connect::Connection;

/// A script and what it is called with, or a plain command.
pub(super) struct Request {
    /// A script stands in it by its digest.
    command: Cmd,
    script: Option<&'static Source>,
    repeat: Repeat,
    /// Set once it may have reached the server.
    sent: Option<Arc<AtomicBool>>,
}

/// Whether a request may be sent again when it is not known what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// The second time changes nothing, and has the same answer.
    Safe,
    /// Only where the server said that it did nothing.
    Unsafe,
}

impl Request {
    /// A command of the server's own that may be sent again.
    pub(super) fn command(name: &str, key: &str) -> Self {
        let mut command = redis::cmd(name);
        command.arg(key);
        Self { command, script: None, repeat: Repeat::Safe, sent: None }
    }

    pub(super) fn script(script: &'static Source, keys: &[String]) -> Self {
        let mut command = redis::cmd("EVALSHA");
        command.arg(script.digest.get_hash()).arg(keys.len()).arg(keys);
        Self { command, script: Some(script), repeat: Repeat::Safe, sent: None }
    }

    pub(super) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.command.arg(argument);
        self
    }

    pub(super) fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Tells whether it may have reached the server, whatever becomes of its answer.
    pub(super) fn telling(mut self, sent: &Arc<AtomicBool>) -> Self {
        self.sent = Some(Arc::clone(sent));
        self
    }

    pub(super) fn may_repeat(&self) -> bool {
        self.repeat == Repeat::Safe
    }

    pub(super) async fn send(&self, connection: &mut Connection) -> RedisResult<Value> {
        if let Some(sent) = &self.sent {
            sent.store(true, Ordering::Relaxed);
        }
        let answer = connection.query(&self.command).await;
        match (answer, self.script) {
            (Err(error), Some(script)) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                connection.query(&self.with_text_of(script)).await
            }
            (answer, _) => answer,
        }
    }

    /// For a server that does not know the script yet, or no more.
    fn with_text_of(&self, script: &Source) -> Cmd {
        let mut whole = redis::cmd("EVAL");
        whole.arg(script.text);
        for argument in self.command.args_iter().skip(2) {
            if let Arg::Simple(bytes) = argument {
                whole.arg(bytes);
            }
        }
        whole
    }
}

/// The text of a script, and its digest.
pub(super) struct Source {
    digest: Script,
    text: &'static str,
}

impl Source {
    #[cfg(test)]
    pub(super) fn text(&self) -> &'static str {
        self.text
    }
}

macro_rules! sources {
    ($($name:ident: $($file:literal)+;)+) => {
        $(pub(super) static $name: LazyLock<Source> = LazyLock::new(|| {
            let text = concat!($(include_str!(concat!("scripts/", $file, ".lua"))),+);
            Source { digest: Script::new(text), text }
        });)+
    };
}

sources! {
    RESERVE: "counter" "reserve";
    SETTLE: "counter" "settle";
    SET: "version" "value_set";
    INCREMENT: "version" "value_increment";
    PUT: "version" "record_changed" "record_put";
    REMOVE: "version" "record_changed" "record_remove";
    CHANGES: "record_changes";
}
