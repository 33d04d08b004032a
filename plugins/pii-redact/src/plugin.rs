//! The hooks.

use tidegate_plugin::{
    Context, Finding, Moderation, Plugin, Result, Text, TextEdit, Value, allow, block, flag, redact,
};

use tidegate_detect::{Arriving, Category, Judged};

use crate::{Action, Config};

/// The longest match that a stream is held back for; what the manifest calls `max_match`.
const MAX_MATCH: usize = 256;

/// The plugin, configured.
#[derive(Debug)]
pub struct PiiRedact {
    config: Config,
}

#[tidegate_plugin::plugin]
impl Plugin for PiiRedact {
    fn configure(config: Value) -> Result<Self> {
        Ok(Self { config: Config::read(&config)? })
    }

    fn moderate_input(&self, _ctx: &Context, texts: &[Text]) -> Result<Moderation> {
        Ok(self.judge(texts))
    }

    fn moderate_output(&self, _ctx: &Context, texts: &[Text], _last: bool) -> Result<Moderation> {
        Ok(self.judge(texts))
    }
}

impl PiiRedact {
    fn judge(&self, texts: &[Text]) -> Moderation {
        let (mut edits, mut findings, mut holds) = (Vec::new(), Vec::new(), Vec::new());
        // The source of an image is an address to fetch, not a text to change.
        for text in texts.iter().filter(|text| text.kind != "media") {
            let arriving = Arriving {
                content: &text.content,
                released: text.released as usize,
                complete: text.complete,
            };
            let Judged { matches, hold } = tidegate_detect::judge(&arriving, &self.config.detect, MAX_MATCH);
            for found in &matches {
                findings.push(Finding::new(found.category.as_str()).in_text(text));
                edits.push(text.edit(found.start..found.end, self.config.replacement(found.category)));
            }
            if !text.complete {
                holds.push((text.id, u32::try_from(hold).unwrap_or(u32::MAX)));
            }
        }
        let verdict = self.verdict(edits, findings);
        holds.into_iter().fold(verdict, |verdict, (id, bytes)| verdict.hold(id, bytes))
    }

    fn verdict(&self, edits: Vec<TextEdit>, findings: Vec<Finding>) -> Moderation {
        if findings.is_empty() {
            return allow();
        }
        match self.config.action {
            Action::Redact => redact(edits).findings(findings),
            Action::Flag => flag(findings),
            Action::Block => {
                let has = |name: &str| findings.iter().any(|finding| finding.category == name);
                let found: Vec<&str> =
                    Category::ALL.map(Category::as_str).into_iter().filter(|name| has(name)).collect();
                block(format!("personal data is not allowed here: {}", found.join(", "))).findings(findings)
            }
        }
    }
}

#[cfg(test)]
#[path = "plugin_tests.rs"]
mod tests;
