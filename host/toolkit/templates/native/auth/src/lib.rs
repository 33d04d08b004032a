//! Knows callers by the API key that they send.

use std::collections::HashMap;

use tidegate_plugin::{Auth, Context, Head, Plugin, Result, Value, deny, grant, pass, serde_json};

/// The principal of each key.
struct ApiKeys(HashMap<String, String>);

#[tidegate_plugin::plugin]
impl Plugin for ApiKeys {
    fn configure(config: Value) -> Result<Self> {
        Ok(Self(serde_json::from_value(config["keys"].clone())?))
    }

    fn authenticate(&self, _ctx: &Context, head: &Head) -> Result<Auth> {
        let Some(key) = head.header("x-api-key") else { return Ok(pass()) };
        Ok(match self.0.get(key) {
            Some(principal) => grant(principal),
            None => deny(401, "invalid_api_key", "the API key is not known"),
        })
    }
}
