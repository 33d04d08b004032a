//! Lets in requests that are signed with a shared key: HTTP Message Signatures (RFC 9421) with `hmac-sha256`, and the
//! digest of the body (RFC 9530).

// The attribute writes the export of the shared library; nothing here is unsafe.
#![deny(unsafe_code)]

mod base;
mod check;
mod config;
mod plugin;
mod signature;
#[cfg(test)]
mod testing;

pub use plugin::HmacAuth;
