//! What is sure of a text that is still arriving, and what has to wait.

use tidegate_contract::Text;
use tidegate_pipeline::{HookError, Scope};

use super::rules::{Hit, Rule, Rules, merged, with_tokens};
use super::vault::Vault;

/// What has arrived of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'t> {
    id: u32,
    pub(super) content: &'t str,
    /// Where the content begins in the whole text.
    start: u64,
    /// The first bytes, which have left.
    pub(super) released: usize,
    complete: bool,
    /// The longest match that is waited for.
    max_match: usize,
}

/// What is sure.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// The matches that end in what may leave now, in order of where they begin.
    pub(super) hits: Vec<Hit>,
    /// Whether one of them cannot be replaced any more: it began in what has left, or it is longer than what may wait.
    pub(super) too_late: bool,
    /// Where begins what has to wait.
    pub(super) sure: usize,
}

impl<'t> Window<'t> {
    pub(super) fn new(text: &'t Text<'_>, max_match: usize) -> Self {
        let Text { id, start, complete, .. } = *text;
        let released = (text.released as usize).min(text.content.len());
        Self { id, content: &text.content, start, released, complete, max_match }
    }

    /// The same after it left: there is nothing to wait for.
    pub(super) fn watched(self) -> Self {
        Self { released: 0, complete: true, ..self }
    }

    /// Whether all of it is here.
    pub(super) fn is_whole(&self) -> bool {
        self.complete && self.released == 0
    }

    /// Looks through it, for rules and for the tokens of a request.
    ///
    /// # Errors
    /// Where the notes of the request are full.
    pub(super) fn settle(
        &self,
        rules: &Rules,
        vault: Option<&Vault>,
        scope: &Scope,
    ) -> Result<Settled, HookError> {
        let cuts = Cuts { window: self, scope };
        let mut hits = rules.hits(self.content, &|pattern| cuts.search_from(pattern));
        hits.retain(|hit| hit.range.end > self.released && !self.is_cut(hit));
        let mut tokens = vault.map(|vault| vault.hits(self.content)).unwrap_or_default();
        tokens.retain(|hit| hit.range.start >= self.released);
        hits = with_tokens(hits, tokens);
        let mut settled = Settled { sure: self.content.len(), ..Settled::default() };
        if !self.complete {
            let begun = vault.map_or(self.content.len(), |vault| vault.open(self.content));
            settled.sure = self.open(rules, &cuts)?.min(begun).max(self.released);
            settled.too_late = self.wait_for_whole(&mut settled.sure, &hits, rules);
        }
        hits.retain(|hit| hit.range.end <= settled.sure);
        settled.too_late |= hits.iter().any(|hit| hit.range.start < self.released);
        settled.hits = hits;
        Ok(settled)
    }

    /// Nothing is known of what stands before the content, so a word that begins with it may be the end of another.
    fn is_cut(&self, hit: &Hit) -> bool {
        let begins = self.start > 0 && self.released > 0 && hit.range.start == 0;
        begins && !matches!(hit.rule, Rule::Pattern(_))
    }

    /// Where the first match may begin that is not sure yet; a pattern's at most so far back as may be waited for.
    fn open(&self, rules: &Rules, cuts: &Cuts<'_>) -> Result<usize, HookError> {
        let mut sure = rules.words.open(self.content).max(self.released);
        let least = self.least();
        for (index, pattern) in rules.patterns.iter().enumerate() {
            let open = pattern.open(self.content, self.released);
            let from = cuts.search_from(index);
            let first = if from < self.released { pattern.open(self.content, from).min(open) } else { open };
            // One that is too long already keeps back what may wait, so that it does not leave as a whole.
            cuts.note(index, (first < least).then_some(first))?;
            sure = sure.min(first.max(least));
        }
        if !rules.detect.is_empty() {
            let hold = tidegate_detect::open_end(self.content, self.max_match);
            sure = sure.min(self.content.len() - hold);
        }
        Ok(sure.max(self.released))
    }

    /// The place behind which everything may wait.
    fn least(&self) -> usize {
        let mut least = self.content.len().saturating_sub(self.max_match);
        while !self.content.is_char_boundary(least) {
            least += 1;
        }
        least
    }

    /// A match leaves as a whole or waits as a whole. One that is too long to wait leaves; whether it could still grow,
    /// so that it cannot be replaced as a whole.
    fn wait_for_whole(&self, sure: &mut usize, hits: &[Hit], rules: &Rules) -> bool {
        // Personal data at the very end may always go on, as a key does on its next line. It is ASCII.
        let end = self.content.len();
        if hits.iter().any(|hit| hit.range.end == end && matches!(hit.rule, Rule::Personal(_))) {
            *sure = (*sure).min(end.saturating_sub(1)).max(self.released);
        }
        let reaches = |hit: &Hit| hit.range.start < *sure && hit.range.end > *sure;
        let Some(whole) = merged(hits).into_iter().find(reaches) else { return false };
        if whole.range.start >= self.least().max(self.released) || self.is_words(&whole, hits) {
            *sure = whole.range.start.max(self.released);
            return false;
        }
        *sure = whole.range.end;
        let inside =
            hits.iter().filter(|hit| hit.range.end > whole.range.start && hit.range.start < whole.range.end);
        inside.into_iter().any(|hit| match hit.rule {
            Rule::Word(_) => rules.words.open(self.content) <= hit.range.start,
            Rule::Pattern(index) => rules
                .patterns
                .get(index)
                .is_some_and(|pattern| pattern.open(self.content, hit.range.start) < hit.range.end),
            Rule::Personal(_) => {
                hit.range.end + tidegate_detect::open_end(self.content, self.max_match) >= self.content.len()
            }
            Rule::Token(_) => false,
        })
    }

    /// Words and tokens are as long as the settings make them, and are always waited for.
    fn is_words(&self, whole: &Hit, hits: &[Hit]) -> bool {
        let mut inside =
            hits.iter().filter(|hit| hit.range.end > whole.range.start && hit.range.start < whole.range.end);
        inside.all(|hit| matches!(hit.rule, Rule::Word(_) | Rule::Token(_)))
    }
}

/// Where matches of patterns began that were longer than what may wait, so that their beginnings left: if they are
/// completed after all, that is seen.
struct Cuts<'w> {
    window: &'w Window<'w>,
    scope: &'w Scope,
}

impl Cuts<'_> {
    /// Where the search for a pattern begins.
    fn search_from(&self, pattern: usize) -> usize {
        let Window { start, released, content, .. } = *self.window;
        if released == 0 {
            return 0;
        }
        let Some(cut) = self.read(pattern) else { return released };
        let cut = usize::try_from(cut.saturating_sub(start)).unwrap_or(released).min(released);
        if content.is_char_boundary(cut) { cut } else { released }
    }

    fn note(&self, pattern: usize, open: Option<usize>) -> Result<(), HookError> {
        let before = self.read(pattern);
        let now = open.map(|open| self.window.start + open as u64);
        if now == before {
            return Ok(());
        }
        let text = now.map(|now| now.to_string()).unwrap_or_default();
        let full = |error: tidegate_pipeline::NotesFull| HookError::Failed(error.to_string());
        self.scope.set_note(&self.key(pattern), text.as_bytes()).map_err(full)
    }

    fn read(&self, pattern: usize) -> Option<u64> {
        String::from_utf8(self.scope.note(&self.key(pattern))?).ok()?.parse().ok()
    }

    fn key(&self, pattern: usize) -> String {
        format!("cut.{}.{pattern}", self.window.id)
    }
}

#[cfg(test)]
#[path = "carry_tests.rs"]
mod tests;
