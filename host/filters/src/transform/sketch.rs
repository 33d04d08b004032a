//! What is known of a body: only what stands at the pointers that were asked for, at its place.

use serde_json::{Map, Value};
use tidegate_contract::{BodyChange, JsonEdit, JsonSet};
use tidegate_pipeline::{Document, Field};

/// A body of which only some fields are known. Edits can be tried on it, so that later ones see what earlier ones do.
pub(crate) struct Sketch {
    document: Document,
}

impl Sketch {
    /// A body with these fields.
    pub(crate) fn of(fields: &[Field<'_>]) -> Self {
        let mut sketch = Self { document: Document::from_tree(Value::Object(Map::new())) };
        // What holds others comes first, else it would cover them.
        let mut fields: Vec<&Field<'_>> = fields.iter().collect();
        fields.sort_by_key(|field| field.pointer.len());
        for field in fields {
            let (pointer, value) = (field.pointer.to_owned(), field.value.clone().into_owned());
            sketch.attempt(&JsonEdit::Set(JsonSet { pointer, value }));
        }
        sketch
    }

    /// What stands there.
    pub(crate) fn get(&self, pointer: &str) -> Option<&Value> {
        self.document.tree().ok()?.pointer(pointer)
    }

    /// Makes an edit; where it has no place here, the body itself decides what becomes of it.
    pub(crate) fn attempt(&mut self, edit: &JsonEdit) {
        let _has_no_place = self.document.apply(&BodyChange::Edits(vec![edit.clone()]));
    }
}
