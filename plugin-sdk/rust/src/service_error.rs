//! Why a service gives nothing, as sentences: the contract's errors would be shown as code.

use std::fmt;

use crate::bindings::host::tidegate::plugin as wire;

/// An error with the cases of the contract's, and for each its sentence; `text` stands for what the case carries.
macro_rules! service_error {
    ($(#[$doc:meta])* $name:ident of $service:ident { $($(#[$about:meta])* $case:ident $(($text:ident))? => $sentence:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $($(#[$about])* $case $((service_error!(String for $text)))?),+
        }

        impl From<wire::$service::Error> for $name {
            fn from(error: wire::$service::Error) -> Self {
                match error {
                    $(wire::$service::Error::$case $(($text))? => Self::$case $(($text))?),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$case $(($text))? => write!(f, $sentence)),+
                }
            }
        }

        impl std::error::Error for $name {}
    };
    (String for $text:ident) => { String };
}

service_error! {
    /// Why a note was not kept.
    StateError of state {
        /// All notes together would be larger than they may; what was there stays.
        Full => "the notes of a request may hold 16 KiB",
        /// Anything else.
        Failed(text) => "the note was not kept: {text}",
    }
}

service_error! {
    /// Why there is no secret.
    SecretError of secrets {
        /// Not granted under this name, or not there; the text says which.
        Denied(text) => "{text}",
        /// Where it is kept does not answer.
        Unavailable(text) => "the secret is not to be had: {text}",
    }
}

service_error! {
    /// Why the store gives nothing.
    KvError of kv {
        /// The operator grants no store.
        Denied => "the store is not granted",
        /// The key or the value is.
        TooLarge => "a key may have 512 bytes and a value 64 KiB",
        /// The store cannot be reached, or does not hold what the call needs.
        Unavailable(text) => "the store gives no answer: {text}",
    }
}

service_error! {
    /// Why a request has no reply.
    HttpError of http {
        /// Not granted, or an address that no plugin may reach.
        Denied(text) => "the request is not granted: {text}",
        /// No answer in time.
        Timeout => "the host gave no answer in time",
        /// The answer is.
        TooLarge => "the answer is larger than 1 MiB",
        /// Anything else.
        Failed(text) => "the request failed: {text}",
    }
}

service_error! {
    /// Why a question to a model has no answer.
    ModelError of models {
        /// The route is not granted, or there is none of that name.
        Denied(text) => "the model is not granted: {text}",
        /// No answer in time.
        Timeout => "the model gave no answer in time",
        /// The answer is.
        TooLarge => "the answer is larger than 1 MiB",
        /// Anything else.
        Failed(text) => "the model gave no answer: {text}",
    }
}
