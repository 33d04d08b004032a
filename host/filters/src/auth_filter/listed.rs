//! Lists of credentials, in the configuration or in a file of their own, and whom an entry stands for.

use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use tidegate_contract::{ModelNames, Principal};
use tidegate_pipeline::{SettingsProblem, World};

use super::method::{Identity, is_name};
use crate::settings::{decode, problem};

/// Whom a credential stands for.
pub(crate) struct Who {
    pub(crate) principal: String,
    pub(crate) tenant: Option<String>,
    /// Globs of the models that it may use; `None` allows every model.
    pub(crate) models: Option<Vec<String>>,
}

impl Who {
    /// # Errors
    /// Where the principal is no name.
    pub(super) fn identity(self) -> Result<Identity, &'static str> {
        if !is_name(&self.principal) {
            return Err("\"principal\" is no name; write who that is, in at most 256 bytes of one line");
        }
        Ok(Identity::of(self.principal()))
    }

    /// Whoever checked that it is a name.
    pub(crate) fn principal(self) -> Principal {
        let Self { principal, tenant, models } = self;
        Principal { tenant, models: models.map(ModelNames::new), ..Principal::named(principal) }
    }
}

/// A list that stands under its own name or in a file.
pub(super) struct Listed<T> {
    /// The key of the settings, such as `basic`.
    pub(super) method: &'static str,
    /// The key of the list in it, and in the file.
    pub(super) list: &'static str,
    pub(super) inline: Option<Vec<T>>,
    pub(super) file: Option<String>,
}

/// Where a list was found, to say where something is wrong in it.
pub(super) struct Place {
    pointer: String,
    file: Option<(String, &'static str)>,
}

impl Place {
    /// A problem at a pointer into the list.
    pub(super) fn problem(&self, pointer: &str, message: &str) -> SettingsProblem {
        match &self.file {
            None => problem(&format!("{}{pointer}", self.pointer), message),
            Some((file, list)) => problem(&self.pointer, &format!("{file}: /{list}{pointer}: {message}")),
        }
    }
}

impl<T> Listed<T> {
    /// The list, from whichever place holds it.
    pub(super) fn read<F: DeserializeOwned + JsonSchema>(
        self,
        world: &World<'_>,
        of_file: impl FnOnce(F) -> Vec<T>,
        problems: &mut Vec<SettingsProblem>,
    ) -> Option<(Vec<T>, Place)> {
        let (method, list) = (self.method, self.list);
        let read = match (self.inline, self.file) {
            (Some(entries), None) => {
                Ok((entries, Place { pointer: format!("/{method}/{list}"), file: None }))
            }
            (None, Some(file)) => {
                let pointer = format!("/{method}/file");
                document::<F>(&file, &pointer, world)
                    .map(|document| (of_file(document), Place { pointer, file: Some((file, list)) }))
            }
            (None, None) => Err(vec![problem(
                &format!("/{method}"),
                &format!(
                    "\"{method}\" names no {list}; give them under \"{list}\" or name a file under \"file\""
                ),
            )]),
            (Some(_), Some(_)) => Err(vec![problem(
                &format!("/{method}/file"),
                &format!(
                    "\"{list}\" and \"file\" exclude each other; move the {list} into the file or remove \"file\""
                ),
            )]),
        };
        read.map_err(|found| problems.extend(found)).ok()
    }
}

fn document<F: DeserializeOwned + JsonSchema>(
    file: &str,
    pointer: &str,
    world: &World<'_>,
) -> Result<F, Vec<SettingsProblem>> {
    let schema = schema_for!(F).to_value();
    let document = world.documents.read(file, &schema);
    let document = document
        .map_err(|lines| lines.iter().map(|line| problem(pointer, line)).collect::<Vec<SettingsProblem>>())?;
    decode::<F>(&document, pointer)
}
