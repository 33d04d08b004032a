//! Small pieces of error texts: lists of alternatives, and guesses at what was meant.

/// What comes after the semicolon of an unknown name: a guess, or all that is known.
pub(crate) fn hint<'a>(plural: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match closest(name, known.iter().copied()) {
        Some(guess) => format!("did you mean {guess:?}?"),
        None if known.is_empty() => format!("there are no {plural}"),
        None if known.len() == 1 => format!("the only one known is {}", list(&known, "and")),
        None => format!("known {plural} are {}", list(&known, "and")),
    }
}

/// The known name that a slip of the keyboard turns into this one.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let distances = known.into_iter().map(|known| (strsim::damerau_levenshtein(&lower, known), known));
    let (distance, best) = distances.min_by_key(|(distance, _)| *distance)?;
    let longest = name.chars().count().max(best.chars().count());
    (distance * 3 <= longest).then_some(best)
}

/// Names in quotes, such as `"a", "b" or "c"`.
pub(crate) fn list(names: &[&str], last: &str) -> String {
    join(&names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>(), last)
}

/// Such as `a, b or c`.
pub(crate) fn join(parts: &[String], last: &str) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

/// What an item of a list is called, by the key of the list.
pub(crate) fn item_of(key: &str) -> Option<&'static str> {
    Some(match key {
        "listeners" => "listener",
        "clusters" => "cluster",
        "plugins" => "plugin",
        "virtual_services" => "virtual service",
        "filters" => "filter",
        "routes" => "route",
        "backends" => "backend",
        "script" => "scripted answer",
        "keys" => "key",
        _ => return None,
    })
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
