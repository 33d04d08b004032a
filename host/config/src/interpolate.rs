//! Puts `${VAR}`, `${VAR:-default}` and `${file:PATH}` into the texts of a tree; `$${` stands for `${` itself.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::node::{Node, Place};

/// Bytes of a file that is put into a text.
const MAX_FILE: u64 = 1024 * 1024;

/// Where values come from, and what was read.
pub(crate) struct Interpolation<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    base: &'a Path,
    files: Vec<PathBuf>,
    refusals: Vec<(Place, String)>,
}

impl<'a> Interpolation<'a> {
    pub(crate) fn new(env: &'a dyn Fn(&str) -> Option<String>, base: &'a Path) -> Self {
        Self { env, base, files: Vec::new(), refusals: Vec::new() }
    }

    /// Replaces what it can; the rest is left as it was written, and refused.
    pub(crate) fn tree(&mut self, node: &mut Node) {
        if let Some(text) = node.text().filter(|text| text.contains("${")) {
            match self.text(text) {
                Ok(text) => node.interpolate(text),
                Err(message) => self.refusals.push((node.place(), message)),
            }
        }
        node.children_mut().for_each(|child| self.tree(child));
    }

    /// The files that were read, and what could not be replaced.
    pub(crate) fn finish(self) -> (Vec<PathBuf>, Vec<(Place, String)>) {
        (self.files, self.refusals)
    }

    fn text(&mut self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, after) = (&rest[..start], &rest[start + 2..]);
            if let Some(literal) = before.strip_suffix('$') {
                out.push_str(literal);
                out.push_str("${");
                rest = after;
                continue;
            }
            let Some(end) = after.find('}') else {
                return Err(
                    "\"${\" is never closed; add \"}\", or write \"$${\" for the text itself".to_owned()
                );
            };
            out.push_str(before);
            out.push_str(&self.value(&after[..end])?);
            rest = &after[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn value(&mut self, expression: &str) -> Result<String, String> {
        match Expression::parse(expression) {
            Some(Expression::File(path)) => self.file(path),
            Some(Expression::Variable(name)) => (self.env)(name).ok_or_else(|| {
                format!(
                    "the environment variable {name:?} is not set; set it, or write \"${{{name}:-default}}\""
                )
            }),
            Some(Expression::VariableOr(name, default)) => {
                Ok((self.env)(name).filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned()))
            }
            None => Err(format!(
                "{:?} is none of \"${{VAR}}\", \"${{VAR:-default}}\", \"${{file:PATH}}\"; write \"$${{\" for the text itself",
                format!("${{{expression}}}")
            )),
        }
    }

    fn file(&mut self, path: &str) -> Result<String, String> {
        let resolved = self.base.join(path);
        let read = read_limited(&resolved);
        self.files.push(resolved);
        let mut text = read.map_err(|error| format!("cannot read {path:?}: {}", reason(&error)))?;
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        Ok(text)
    }
}

fn read_limited(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = open(path)?;
    if file.take(MAX_FILE + 1).read_to_string(&mut text)? as u64 > MAX_FILE {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}

/// Opens a regular file; anything else could block for ever.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let kind = std::fs::metadata(path)?;
    if kind.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    if !kind.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

/// Why a file cannot be read, in the same words on every system.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

/// Whether a text is nothing but a reference, so that showing it shows no value.
pub(crate) fn is_reference(text: &str) -> bool {
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let parsed = inner.filter(|inner| !inner.contains('}')).and_then(Expression::parse);
    matches!(parsed, Some(Expression::File(_) | Expression::Variable(_)))
}

enum Expression<'a> {
    File(&'a str),
    Variable(&'a str),
    VariableOr(&'a str, &'a str),
}

impl<'a> Expression<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("file:") {
            return (!path.is_empty()).then_some(Self::File(path));
        }
        match text.split_once(":-") {
            Some((name, default)) => is_name(name).then_some(Self::VariableOr(name, default)),
            None => is_name(text).then_some(Self::Variable(text)),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
#[path = "interpolate_tests.rs"]
mod tests;
