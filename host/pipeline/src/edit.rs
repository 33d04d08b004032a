//! Edits of one JSON tree: checked before the first is made, made in place.

use serde_json::{Map, Value};
use tidegate_contract::JsonEdit;

use crate::fields::{index_of, tokens};

/// Why an edit cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The document itself cannot be read.
    #[error("{0}")]
    Body(String),
    /// The value is no JSON.
    #[error("a value is no JSON: {0}")]
    Value(String),
    /// The pointer is none, or leads nowhere.
    #[error("the pointer \"{pointer}\" {problem}")]
    Pointer {
        /// As the edit names it.
        pointer: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// An edit whose value is parsed.
pub(crate) enum Ready<'a> {
    Set(&'a str, Value),
    Insert(&'a str, Value),
    Remove(&'a str),
}

/// Parses the values and looks at the pointers, so that most errors come before anything is changed.
pub(crate) fn prepare(edits: &[JsonEdit]) -> Result<Vec<Ready<'_>>, EditError> {
    let value = |text: &str| crate::strict::parse(text.as_bytes()).map_err(|error| EditError::Value(error.0));
    let ready = |edit: &'_ JsonEdit| -> Result<_, EditError> {
        let pointer = match edit {
            JsonEdit::Set(set) | JsonEdit::Insert(set) => &set.pointer,
            JsonEdit::Remove(pointer) => pointer,
        };
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(wrong(pointer, "must be empty or begin with \"/\" (RFC 6901)"));
        }
        Ok(())
    };
    edits.iter().try_for_each(ready)?;
    edits
        .iter()
        .map(|edit| {
            Ok(match edit {
                JsonEdit::Set(set) => Ready::Set(&set.pointer, value(&set.value)?),
                JsonEdit::Insert(set) => Ready::Insert(&set.pointer, value(&set.value)?),
                JsonEdit::Remove(pointer) => Ready::Remove(pointer),
            })
        })
        .collect()
}

/// Makes the edits in order.
pub(crate) fn apply(tree: &mut Value, edits: Vec<Ready<'_>>) -> Result<(), EditError> {
    for edit in edits {
        match edit {
            Ready::Set(pointer, value) => set(tree, pointer, value)?,
            Ready::Insert(pointer, value) => insert(tree, pointer, value)?,
            Ready::Remove(pointer) => remove(tree, pointer),
        }
    }
    Ok(())
}

fn wrong(pointer: &str, problem: &'static str) -> EditError {
    EditError::Pointer { pointer: pointer.to_owned(), problem }
}

fn set(tree: &mut Value, pointer: &str, value: Value) -> Result<(), EditError> {
    let path = tokens(pointer);
    let Some((last, parents)) = path.split_last() else {
        *tree = value;
        return Ok(());
    };
    let mut at = tree;
    for token in parents {
        at = match at {
            Value::Object(object) => {
                object.entry(token.as_ref()).or_insert_with(|| Value::Object(Map::new()))
            }
            Value::Array(array) => index_of(token)
                .and_then(|index| array.get_mut(index))
                .ok_or_else(|| wrong(pointer, NO_ELEMENT))?,
            _ => return Err(wrong(pointer, NO_OBJECT)),
        };
    }
    match at {
        Value::Object(object) => drop(object.insert(last.clone().into_owned(), value)),
        Value::Array(array) => {
            let place = index_of(last).and_then(|index| array.get_mut(index));
            *place.ok_or_else(|| wrong(pointer, NO_ELEMENT))? = value;
        }
        _ => return Err(wrong(pointer, NO_OBJECT)),
    }
    Ok(())
}

const NO_ELEMENT: &str = "names an element that the array does not have";
const NO_OBJECT: &str = "goes through a value that is neither object nor array";
const NO_ARRAY: &str = "must lead into an array";

fn insert(tree: &mut Value, pointer: &str, value: Value) -> Result<(), EditError> {
    let (parent, last) = pointer.rsplit_once('/').ok_or_else(|| wrong(pointer, NO_ARRAY))?;
    let array = tree.pointer_mut(parent).and_then(Value::as_array_mut);
    let array = array.ok_or_else(|| wrong(pointer, NO_ARRAY))?;
    let place = if last == "-" { Some(array.len()) } else { index_of(last) };
    let place = place.filter(|place| *place <= array.len()).ok_or_else(|| wrong(pointer, NO_ELEMENT))?;
    array.insert(place, value);
    Ok(())
}

fn remove(tree: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        *tree = Value::Null;
        return;
    };
    match tree.pointer_mut(parent) {
        Some(Value::Object(object)) => {
            let key = last.replace("~1", "/").replace("~0", "~");
            // The order of the other keys stays as it was.
            object.shift_remove(&key);
        }
        Some(Value::Array(array)) => {
            if let Some(index) = index_of(last).filter(|index| *index < array.len()) {
                array.remove(index);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
