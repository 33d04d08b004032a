//! The hooks.

use tidegate_plugin::{
    Context, Finding, Moderation, Plugin, Result, Text, TextEdit, Value, allow, block, flag, redact,
    serde_json,
};

use tidegate_detect::{Arriving, Category, Judged, Match, Token};

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

/// What was found in the texts of one call.
#[derive(Default)]
struct Found {
    edits: Vec<TextEdit>,
    findings: Vec<Finding>,
    holds: Vec<(u32, u32)>,
}

impl PiiRedact {
    fn judge(&self, texts: &[Text]) -> Moderation {
        let mut found = Found::default();
        // The source of an image is an address to fetch, not a text to change.
        for text in texts.iter().filter(|text| text.kind != "media") {
            match arguments(text) {
                Some(tokens) => self.look_into(text, &tokens, &mut found),
                None => self.look_at(text, &mut found),
            }
        }
        let verdict = self.verdict(found.edits, found.findings);
        found.holds.into_iter().fold(verdict, |verdict, (id, bytes)| verdict.hold(id, bytes))
    }

    fn look_at(&self, text: &Text, found: &mut Found) {
        let arriving =
            Arriving { content: &text.content, released: text.released as usize, complete: text.complete };
        let Judged { matches, hold } = tidegate_detect::judge(&arriving, &self.config.detect, MAX_MATCH);
        for one in &matches {
            found.findings.push(Finding::new(one.category.as_str()).in_text(text));
            found.edits.push(text.edit(one.start..one.end, self.config.replacement(one.category)));
        }
        if !text.complete {
            found.holds.push((text.id, u32::try_from(hold).unwrap_or(u32::MAX)));
        }
    }

    /// The strings of JSON, as they are meant: an escape before a match is no letter of it. A number becomes a string.
    fn look_into(&self, text: &Text, tokens: &[Token], found: &mut Found) {
        for token in tokens {
            let matches = tidegate_detect::find(&token.value, &self.config.detect);
            if matches.is_empty() {
                continue;
            }
            let mut value = token.value.clone();
            // From the end, so that places stay.
            for one in matches.iter().rev() {
                value.replace_range(one.start..one.end, &self.config.replacement(one.category));
            }
            let finding = |one: &Match| Finding::new(one.category.as_str()).in_text(text);
            found.findings.extend(matches.iter().map(finding));
            found.edits.push(text.edit(token.range.clone(), quoted(&value)));
        }
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

/// What stands in the arguments of a tool, which come as a whole; `None` of what is no JSON.
fn arguments(text: &Text) -> Option<Vec<Token>> {
    let whole = text.kind == "tool-arguments" && text.released == 0 && text.complete;
    if whole { tidegate_detect::tokens(&text.content) } else { None }
}

/// As a string of JSON. Printing a `Value` would bring along the code that writes numbers.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
#[path = "plugin_tests.rs"]
mod tests;
