//! Files that a filter's settings name, read for the filter and remembered so that a change of theirs is seen.

use std::cell::RefCell;
use std::path::PathBuf;

use serde_json::Value;
use tidegate_config::Source;
use tidegate_pipeline::Documents;

/// Reads documents relative to the configuration.
pub(crate) struct Folder {
    base: PathBuf,
    read: RefCell<Vec<PathBuf>>,
}

impl Folder {
    pub(crate) fn new(base: PathBuf) -> Self {
        Self { base, read: RefCell::default() }
    }

    /// Every file that was asked for, those included that could not be read: they may appear.
    pub(crate) fn into_files(self) -> Vec<PathBuf> {
        self.read.into_inner()
    }
}

impl Documents for Folder {
    fn read(&self, path: &str, schema: &Value) -> Result<Value, Vec<String>> {
        let file = self.base.join(path);
        self.read.borrow_mut().push(file.clone());
        let text = std::fs::read_to_string(&file)
            .map_err(|error| vec![format!("file \"{path}\" cannot be read: {error}; check the path")])?;
        let base = file.parent().map(PathBuf::from).unwrap_or_default();
        let source = Source { name: path.to_owned(), text, base };
        match tidegate_config::document(&source, &crate::assemble::environment, schema) {
            Ok(document) => {
                self.read.borrow_mut().extend(document.files);
                Ok(document.value)
            }
            Err(refused) => {
                self.read.borrow_mut().extend(refused.files);
                Err(refused.problems.0.iter().map(ToString::to_string).collect())
            }
        }
    }
}
