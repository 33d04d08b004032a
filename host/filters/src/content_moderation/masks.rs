//! What stands in place of what was found.

use super::rules::{Hit, Rule};
use super::vault::Vault;

/// Finds the replacement of each match.
pub(super) struct Masks<'s> {
    /// `{category}` in it becomes the rule's.
    pub(super) replace_with: &'s str,
    /// Whether a value becomes a token that the answer can be read with.
    pub(super) reversible: bool,
    /// What tokens stand for.
    pub(super) vault: Vault,
}

impl Masks<'_> {
    /// In place of a match of this value.
    pub(super) fn replacement(&mut self, hit: &Hit, value: &str) -> String {
        let category = match hit.rule {
            Rule::Token(index) => return self.vault.value(index).to_owned(),
            rule => rule.category(),
        };
        let token = if self.reversible { self.vault.token(category, value) } else { None };
        token.unwrap_or_else(|| self.replace_with.replace("{category}", category))
    }
}
