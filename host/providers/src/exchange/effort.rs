//! How much a model thinks, where one API counts tokens and another has words.

use super::json::Text;

/// From how many tokens on a budget is how much effort.
const EFFORTS: [(u64, &str); 3] = [(8192, "high"), (2048, "medium"), (0, "low")];

/// The word for a budget.
pub(crate) fn of_budget(budget: u64) -> Text<'static> {
    let word = EFFORTS.iter().find(|(from, _)| budget >= *from).map_or("low", |(_, word)| *word);
    Text::Borrowed(word)
}
