//! The configuration, as `config.schema.json` describes it.

use tidegate_detect::Category;
use tidegate_plugin::{Error, Result, Value};

/// What becomes of a text in which something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It passes with what was found replaced.
    Redact,
    /// The exchange ends.
    Block,
    /// It passes, and what was found is counted and logged.
    Flag,
}

/// A configuration that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What becomes of a text.
    pub action: Action,
    /// What stands in place of what was found.
    pub replace_with: String,
    /// What is looked for.
    pub detect: Vec<Category>,
}

impl Config {
    /// Reads a configuration; what is not there has the default of the schema.
    ///
    /// # Errors
    /// Names the key and what it may be.
    pub fn read(config: &Value) -> Result<Self> {
        let action = match &config["action"] {
            Value::Null => Action::Redact,
            value => action(value)?,
        };
        let replace_with = match &config["replace_with"] {
            Value::Null => "[PII]",
            value => value.as_str().ok_or("\"replace_with\" must be a text")?,
        };
        let detect = match &config["detect"] {
            Value::Null => Category::ALL.to_vec(),
            value => categories(value)?,
        };
        Ok(Self { action, replace_with: replace_with.to_owned(), detect })
    }

    /// What stands in place of a match.
    pub fn replacement(&self, category: Category) -> String {
        self.replace_with.replace("{category}", category.as_str())
    }
}

fn action(value: &Value) -> Result<Action> {
    match value.as_str() {
        Some("redact") => Ok(Action::Redact),
        Some("block") => Ok(Action::Block),
        Some("flag") => Ok(Action::Flag),
        _ => Err(unknown("action", value, "redact, block, flag")),
    }
}

fn categories(value: &Value) -> Result<Vec<Category>> {
    let list =
        value.as_array().filter(|list| !list.is_empty()).ok_or("\"detect\" must be a list with an entry")?;
    let one = |value: &Value| {
        let known = value.as_str().and_then(Category::by_name);
        known.ok_or_else(|| unknown("detect", value, &Category::ALL.map(Category::as_str).join(", ")))
    };
    list.iter().map(one).collect()
}

/// Without printing whatever value it is: the code that writes numbers would be a tenth of the component.
fn unknown(key: &str, value: &Value, known: &str) -> Error {
    let shown = value.as_str().unwrap_or("no text");
    Error::from(format!("unknown value \"{shown}\" in \"{key}\"; it is one of {known}"))
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
