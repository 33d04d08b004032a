//! What the id of a model says of it: which fields beside Converse's own it knows.

/// Whose model it is; the vendors differ in what they call the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    Anthropic,
    /// Amazon's own.
    Nova,
    /// OpenAI's open weights.
    GptOss,
    DeepSeek,
    Cohere,
    /// Anybody else, and ids that name a deployment instead of a model.
    Other,
}

/// What is known of a model by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) vendor: Vendor,
    /// Of Claude and Nova, where the id says it.
    version: Option<(u32, u32)>,
    /// An ARN that hides the model behind a profile or a deployment.
    is_hidden: bool,
}

impl Model {
    pub(super) fn of(id: &str) -> Self {
        let words: [(&str, Vendor); 7] = [
            ("anthropic", Vendor::Anthropic),
            ("claude", Vendor::Anthropic),
            ("nova-", Vendor::Nova),
            ("gpt-oss", Vendor::GptOss),
            ("deepseek", Vendor::DeepSeek),
            ("cohere", Vendor::Cohere),
            ("command-r", Vendor::Cohere),
        ];
        let vendor =
            words.iter().find(|(word, _)| id.contains(word)).map_or(Vendor::Other, |(_, vendor)| *vendor);
        let version = match vendor {
            Vendor::Anthropic => id.split_once("claude-").and_then(|(_, name)| version(name)),
            Vendor::Nova => id.split_once("nova-").and_then(|(_, name)| version(name)),
            _ => None,
        };
        Self { vendor, version, is_hidden: vendor == Vendor::Other && id.starts_with("arn:") }
    }

    /// Whether Claude decides by itself how much to think; from 4.6 on, and what has no number is newer still.
    pub(super) fn is_adaptive(self) -> bool {
        self.vendor == Vendor::Anthropic && self.version.is_none_or(|version| version >= (4, 6))
    }

    /// Whether Claude can be given a budget for its thoughts; up to 4.6.
    pub(super) fn takes_budget(self) -> bool {
        self.version.is_some_and(|version| version < (4, 7))
    }

    /// Whether it can think aloud at all, as far as is known: Claude from 3.7 on, Nova from 2 on.
    pub(super) fn thinks(self) -> bool {
        match self.vendor {
            Vendor::Anthropic => self.version.is_none_or(|version| version >= (3, 7)),
            Vendor::Nova => self.version.is_some_and(|version| version >= (2, 0)),
            _ => true,
        }
    }

    /// Whether points of the cache may be set; others refuse them.
    pub(super) fn caches(self) -> bool {
        self.is_of_the_large_two()
    }

    /// Whether a tool's result may say that the tool has failed; others refuse it.
    pub(super) fn takes_status(self) -> bool {
        self.is_of_the_large_two()
    }

    /// Claude or Nova, or what may well be one of them.
    fn is_of_the_large_two(self) -> bool {
        matches!(self.vendor, Vendor::Anthropic | Vendor::Nova) || self.is_hidden
    }
}

/// `3-7-sonnet-20250219` is 3.7, `opus-4-20250514` is 4.0: numbers of one or two digits, dates are longer.
fn version(name: &str) -> Option<(u32, u32)> {
    let number = |word: &str| word.parse::<u32>().ok().filter(|_| word.len() <= 2);
    let mut numbers = name.split('-').map(number).skip_while(Option::is_none);
    let major = numbers.next()??;
    Some((major, numbers.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
