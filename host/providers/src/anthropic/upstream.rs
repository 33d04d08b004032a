//! Anthropic, or anything that speaks its API, as an upstream.

use http::header::{HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use tidegate_contract::Dialect;

use super::client::VERSION;
use crate::openai::upstream::versioned;
use crate::upstream::Provider;

/// `provider: anthropic`
#[derive(Debug)]
pub(crate) struct Anthropic;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Anthropic)
    }

    fn default_endpoint(&self) -> Option<&'static str> {
        Some("https://api.anthropic.com")
    }

    fn default_prefix(&self) -> &'static str {
        "/v1"
    }

    fn credential(&self, api_key: &str) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut value = HeaderValue::try_from(api_key)?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn authorize(&self, headers: &mut HeaderMap, credential: &HeaderValue) {
        headers.insert(API_KEY, credential.clone());
    }

    fn complete(&self, headers: &mut HeaderMap) {
        headers.entry(VERSION).or_insert(HeaderValue::from_static("2023-06-01"));
    }

    fn path(&self, base_path: &str, prefix: &str, client_path: &str, query: &str) -> String {
        versioned(base_path, prefix, client_path, query)
    }
}
