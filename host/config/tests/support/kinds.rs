//! Filters for the tests of this crate, which knows none itself: one of the shape of the gateway's own.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use tidegate_config::FilterKinds;

/// The gateway's filters by name; `auth_filter` with a schema like its own, the others with any settings.
pub(crate) struct Kinds;

const KINDS: [&str; 6] =
    ["auth_filter", "rate_limit", "request_transform", "response_transform", "content_moderation", "plugin"];

impl FilterKinds for Kinds {
    fn kinds(&self) -> Vec<String> {
        KINDS.map(str::to_owned).to_vec()
    }

    fn schema(&self, kind: &str) -> Option<Value> {
        let settings = SchemaSettings::draft2020_12();
        match kind {
            "auth_filter" => Some(settings.into_generator().into_root_schema_for::<Settings>().to_value()),
            known if KINDS.contains(&known) => Some(serde_json::json!({"type": "object"})),
            _ => None,
        }
    }
}

/// Settings of the filter.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema is used")]
struct Settings {
    /// The keys.
    api_keys: ApiKeys,
}

/// The keys, here or in a file.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema is used")]
struct ApiKeys {
    keys: Option<Vec<ApiKey>>,
    file: Option<String>,
}

/// A key and whose it is.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code, reason = "only the schema is used")]
struct ApiKey {
    #[schemars(extend("writeOnly" = true))]
    key: Option<String>,
    #[schemars(extend("writeOnly" = true))]
    sha256: Option<String>,
    principal: String,
    tenant: Option<String>,
    models: Option<Vec<String>>,
}
