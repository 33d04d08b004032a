//! Texts, and what is judged of them.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tidegate_contract::{Finding, KINDS, ROLES, Text, TextEdit};

use super::data::Data;

/// What is not written is a complete text of the user's last turn.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextShape {
    id: Option<u32>,
    #[serde(default = "user", deserialize_with = "role")]
    role: Word,
    #[serde(default = "text", deserialize_with = "kind")]
    kind: Word,
    #[serde(default, deserialize_with = "content")]
    pub(crate) content: String,
    #[serde(default)]
    start: u64,
    #[serde(default)]
    released: u32,
    #[serde(default = "yes")]
    complete: bool,
    #[serde(default = "yes")]
    new_turn: bool,
}

/// One of the words of the contract; behind a type of its own, since serde takes a reference for one into the input.
#[derive(Debug, Clone, Copy)]
struct Word(&'static str);

fn user() -> Word {
    Word("user")
}

fn text() -> Word {
    Word("text")
}

fn yes() -> bool {
    true
}

fn role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
    known("role", &ROLES, &String::deserialize(deserializer)?)
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
    known("kind", &KINDS, &String::deserialize(deserializer)?)
}

fn known<E: Error>(what: &str, words: &[&'static str], word: &str) -> Result<Word, E> {
    let found = words.iter().find(|known| **known == word);
    found
        .map(|known| Word(known))
        .ok_or_else(|| E::custom(format!("\"{word}\" is no {what}; there are {}", words.join(", "))))
}

fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Data::deserialize(deserializer)? {
        Data::Text(text) => Ok(text),
        Data::Json(value) => Ok(value.to_string()),
        Data::Hex(_) => Err(D::Error::custom("a text is UTF-8, so it has no form {\"hex\": ...}")),
    }
}

impl TextShape {
    /// Its id, which is its place in the list where the case gives none.
    pub(crate) fn id(&self, index: usize) -> u32 {
        self.id.unwrap_or_else(|| u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(crate) fn text(&self, index: usize) -> Text<'_> {
        Text {
            id: self.id(index),
            role: self.role.0,
            kind: self.kind.0,
            content: self.content.as_str().into(),
            start: self.start,
            released: self.released,
            complete: self.complete,
            new_turn: self.new_turn,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingShape {
    category: String,
    #[serde(default, serialize_with = "short")]
    score: Option<f32>,
    #[serde(default)]
    text: Option<u32>,
    #[serde(default = "empty")]
    detail: Data,
}

fn empty() -> Data {
    Data::Text(String::new())
}

/// As somebody would write it: 0.9, not the 0.8999999761581421 that its bits are as a double.
fn short<S: Serializer>(score: &Option<f32>, serializer: S) -> Result<S::Ok, S::Error> {
    score.map(|score| score.to_string().parse::<f64>().unwrap_or(score.into())).serialize(serializer)
}

impl FindingShape {
    pub(crate) fn of(finding: &Finding) -> Self {
        let Finding { category, score, text, detail } = finding;
        Self { category: category.clone(), score: *score, text: *text, detail: Data::Text(detail.clone()) }
    }

    pub(crate) fn finding(&self) -> Finding {
        let detail = String::from_utf8_lossy(&self.detail.bytes()).into_owned();
        Finding { category: self.category.clone(), score: self.score, text: self.text, detail }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextEditShape {
    #[serde(default)]
    id: u32,
    start: u32,
    end: u32,
    replacement: String,
}

impl TextEditShape {
    pub(crate) fn of(edit: &TextEdit) -> Self {
        let TextEdit { id, start, end, replacement } = edit;
        Self { id: *id, start: *start, end: *end, replacement: replacement.clone() }
    }
}
