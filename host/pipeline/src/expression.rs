//! Expressions in CEL that an operator writes: a bound on their length, and no variable but those that there are.

use cel::Program;

/// The longest that is compiled.
const MAX_SOURCE: usize = 4096;

/// Compiles one; `what` is what an error calls it.
///
/// # Errors
/// One sentence: where the text is too long, no CEL, or uses a variable that does not exist.
pub(crate) fn compile(source: &str, what: &str, known: &[&str]) -> Result<Program, String> {
    if source.len() > MAX_SOURCE {
        return Err(format!("the {what} is longer than {MAX_SOURCE} bytes"));
    }
    let program = Program::compile(source).map_err(|error| {
        let text = error.to_string();
        format!("the {what} is no CEL: {}", text.lines().next().unwrap_or("it cannot be parsed"))
    })?;
    let used = program.references();
    let unknown = used.variables().into_iter().find(|name| !known.contains(name)).map(str::to_owned);
    match unknown {
        None => Ok(program),
        Some(name) => Err(format!("the {what} uses \"{name}\"; it may use {}", known.join(", "))),
    }
}
