//! What a manifest asks and what the operator grants; two different errors say which side to mend.

use crate::manifest::Capabilities;
use crate::runtime::LoadError;

/// What the plugin may use: what it asked for, where the operator granted all of it.
///
/// # Errors
/// Names what is missing in the operator's `grants`, or what the operator grants although the manifest asks for none of it.
pub fn consent(asked: &Capabilities, granted: &Capabilities) -> Result<Capabilities, LoadError> {
    let missing = missing(asked, granted);
    if !missing.is_empty() {
        let list = missing.join(", ");
        let text = format!(
            "its manifest asks for {list}, which \"grants\" does not give; grant it, or use another plugin"
        );
        return Err(LoadError::Grants(text));
    }
    let surplus = self::missing(granted, asked);
    if !surplus.is_empty() {
        let list = surplus.join(", ");
        let text = format!(
            "\"grants\" gives {list}, which its manifest does not ask for; remove it from \"grants\""
        );
        return Err(LoadError::Grants(text));
    }
    Ok(asked.clone())
}

/// What of `wanted` is not in `given`.
fn missing(wanted: &Capabilities, given: &Capabilities) -> Vec<String> {
    let flags = [("kv", wanted.kv && !given.kv), ("metrics", wanted.metrics && !given.metrics)];
    let flags = flags.into_iter().filter(|(_, missing)| *missing).map(|(name, _)| format!("{name}: true"));
    let lists = [
        ("http", &wanted.http, &given.http),
        ("secrets", &wanted.secrets, &given.secrets),
        ("models", &wanted.models, &given.models),
    ];
    let lists = lists.into_iter().flat_map(|(name, wanted, given)| {
        let lacking = wanted.iter().filter(|entry| !given.contains(entry));
        lacking.map(move |entry| format!("{name}: \"{entry}\""))
    });
    flags.chain(lists).collect()
}

#[cfg(test)]
#[path = "grants_tests.rs"]
mod tests;
