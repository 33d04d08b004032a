//! Blocks words in prompts and masks them in answers.

use std::cmp::Reverse;
use std::ops::Range;

use tidegate_plugin::{Context, Moderation, Plugin, Result, Text, Value, allow, block, redact, serde_json};

struct Words(Vec<String>);

#[tidegate_plugin::plugin]
impl Plugin for Words {
    fn configure(config: Value) -> Result<Self> {
        let mut words: Vec<String> = serde_json::from_value(config["words"].clone())?;
        // The longest first: of two words that begin alike, the longer one is meant.
        words.sort_by_key(|word| Reverse(word.len()));
        Ok(Self(words))
    }

    fn moderate_input(&self, _ctx: &Context, texts: &[Text]) -> Result<Moderation> {
        let found = texts.iter().find_map(|text| Some(&text.content[self.find(&text.content, 0)?]));
        Ok(found.map_or_else(allow, |word| block(format!("the word \"{word}\" is not allowed"))))
    }

    fn moderate_output(&self, _ctx: &Context, texts: &[Text], _last: bool) -> Result<Moderation> {
        let (mut edits, mut holds) = (Vec::new(), Vec::new());
        for text in texts {
            let mut end = 0;
            while let Some(found) = self.find(&text.content, end) {
                end = found.end;
                // What has left already is there for context only.
                if found.start >= text.released as usize {
                    edits.push(text.edit(found, "***"));
                }
            }
            if !text.complete {
                holds.push((text.id, self.begun(&text.content[end..])));
            }
        }
        Ok(holds.into_iter().fold(redact(edits), |verdict, (id, bytes)| verdict.hold(id, bytes)))
    }
}

impl Words {
    /// The first word at or behind a byte.
    fn find(&self, content: &str, at: usize) -> Option<Range<usize>> {
        let places = self.0.iter().filter_map(|word| {
            let start = at + content[at..].find(word.as_str())?;
            Some(start..start + word.len())
        });
        places.min_by_key(|place| place.start)
    }

    /// How many bytes at the end may become a word with what comes next.
    fn begun(&self, rest: &str) -> u32 {
        let begins = |end: &str| self.0.iter().any(|word| word.len() > end.len() && word.starts_with(end));
        let ends = rest.char_indices().map(|(at, _)| &rest[at..]);
        ends.filter(|end| begins(end)).map(|end| end.len() as u32).next().unwrap_or(0)
    }
}
