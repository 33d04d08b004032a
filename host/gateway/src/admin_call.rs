//! A question to the admin API of a running gateway, as commands ask it.

use std::time::Duration;

use serde_json::Value;
use tidegate_pipeline::{HttpClient as _, HttpRequest};
use tidegate_proxy::Egress;

/// Whom to ask.
#[derive(clap::Args)]
pub(crate) struct AdminCall {
    /// The admin listener.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9901")]
    admin: String,
    /// The admin token, where the listener asks for one.
    #[arg(long, value_name = "TOKEN", env = "TIDEGATE_ADMIN_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

impl AdminCall {
    /// The JSON at a path.
    ///
    /// # Errors
    /// Where nobody answers, or the answer is an error.
    pub(crate) fn get(self, path: &str) -> Result<Value, String> {
        let url = format!("{}{path}", self.admin.trim_end_matches('/'));
        let bearer = self.token.map(|token| tidegate_contract::Header {
            name: "authorization".into(),
            value: format!("Bearer {token}").into_bytes(),
        });
        let request = HttpRequest {
            method: "GET".into(),
            url,
            headers: bearer.into_iter().collect(),
            body: Vec::new(),
            timeout: Some(Duration::from_secs(60)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let reply = runtime.block_on(async { Egress::of_operator().send(&request).await });
        let reply = reply.map_err(|error| {
            format!("{}: {error}; is the gateway running, and is this its admin listener?", self.admin)
        })?;
        let told: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if reply.status != 200 {
            let message = told["error"]["message"].as_str().unwrap_or("no admin API of this gateway");
            return Err(format!("{}: {} {message}", self.admin, reply.status));
        }
        Ok(told)
    }
}

/// A part of a path or a query, as a URL has it.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Whether a sign that nobody sees changes how others are shown: where they stand, or in which direction.
fn turns(sign: char) -> bool {
    matches!(
        sign,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// For a terminal: what a client or a plugin wrote must neither move the cursor nor look like a line of ours.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        if sign.is_control() || turns(sign) { shown.extend(sign.escape_default()) } else { shown.push(sign) }
    }
    shown
}
