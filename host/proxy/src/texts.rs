//! Where the texts of bodies stand, as the chain asks for it and the dialects know it.

use serde_json::Value;
use tidegate_contract::{Dialect, Operation};
use tidegate_pipeline::{FindTexts, TextPlace};
use tidegate_providers::{FoundText, answer_texts, request_texts};

use crate::ledger::Ledger;

/// The texts of one exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texts {
    dialect: Dialect,
    operation: Operation,
}

impl Texts {
    pub(crate) fn of(ledger: &Ledger) -> Self {
        Self { dialect: ledger.dialect, operation: ledger.operation }
    }
}

impl FindTexts for Texts {
    fn request(&self, body: &Value) -> Vec<TextPlace> {
        request_texts(self.dialect, self.operation, body).into_iter().map(place).collect()
    }

    fn answer(&self, body: &Value) -> Vec<TextPlace> {
        answer_texts(self.dialect, self.operation, body).into_iter().map(place).collect()
    }
}

fn place(found: FoundText) -> TextPlace {
    let FoundText { pointer, role, kind, new_turn, shown } = found;
    TextPlace { pointer, role, kind, new_turn, shown }
}
