//! Anthropic, or anything that speaks its API, as an upstream.

use http::header::{HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use tidegate_contract::{Dialect, Operation};

use super::client::VERSION;
use crate::exchange::api::Api;
use crate::exchange::counted::Counter;
use crate::openai::upstream::versioned;
use crate::upstream::{Provider, Serving, Site, Skills, Target, sensitive};

/// `provider: anthropic`
#[derive(Debug)]
pub(crate) struct Anthropic;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

impl Provider for Anthropic {
    fn name(&self) -> &str {
        "anthropic"
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> Serving {
        let skills = Skills { converse: Api::Messages.plain(), count: Some(Counter::Messages), embed: None };
        skills.serve(|_| dialect == Dialect::Anthropic, (dialect, operation))
    }

    fn default_endpoint(&self, _site: &Site) -> Option<String> {
        Some("https://api.anthropic.com".into())
    }

    fn default_prefix(&self) -> &str {
        "/v1"
    }

    fn credential(&self, api_key: &str) -> Result<HeaderValue, InvalidHeaderValue> {
        sensitive(api_key)
    }

    fn authorize(&self, headers: &mut HeaderMap, credential: &HeaderValue) {
        headers.insert(API_KEY, credential.clone());
    }

    fn complete(&self, headers: &mut HeaderMap) {
        headers.entry(VERSION).or_insert(HeaderValue::from_static("2023-06-01"));
    }

    fn path(&self, target: &Target<'_>) -> String {
        versioned(target)
    }
}
