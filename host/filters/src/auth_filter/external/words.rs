//! How the answer of a server is read, over whichever protocol it came.

use tidegate_contract::{Header, HeaderEdit, Principal, Refusal};
use tidegate_pipeline::HookError;

use crate::auth_filter::method::is_name;

/// What fields of an answer mean; all names are in lower case.
pub(super) struct Words {
    /// Says who is calling.
    pub(super) principal: String,
    /// Says of which tenant that is.
    pub(super) tenant: Option<String>,
    /// Go on with the request.
    pub(super) allowed: Vec<String>,
}

impl Words {
    /// Who is let in.
    ///
    /// # Errors
    /// Where the answer does not say it, or more than one.
    pub(super) fn principal(&self, fields: &[Header]) -> Result<Principal, HookError> {
        let id = single(fields, &self.principal).filter(|id| is_name(id));
        let id = id.ok_or_else(|| {
            failed(&format!("lets somebody in and does not say who in one \"{}\"", self.principal))
        })?;
        let tenant = self.tenant.as_ref().map(|name| {
            let tenant = single(fields, name).filter(|tenant| is_name(tenant));
            tenant.ok_or_else(|| {
                failed(&format!("lets somebody in and does not say of which tenant in one \"{name}\""))
            })
        });
        Ok(Principal { tenant: tenant.transpose()?, ..Principal::named(id) })
    }
}

/// The value of a field that is there once, as text.
fn single(fields: &[Header], name: &str) -> Option<String> {
    let mut values = said(fields, name);
    let value = values.next().filter(|_| values.next().is_none())?;
    std::str::from_utf8(value).ok().map(|text| text.trim().to_owned())
}

/// The values of a field.
pub(super) fn said<'f>(fields: &'f [Header], name: &str) -> impl Iterator<Item = &'f [u8]> {
    fields.iter().filter(move |field| field.name == name).map(|field| &*field.value)
}

/// These values in the place of what the client sent under that name.
pub(super) fn replaced(name: &str, values: impl Iterator<Item = Vec<u8>>) -> Vec<HeaderEdit> {
    let added = values.map(|value| HeaderEdit::Add(name.to_owned(), value));
    std::iter::once(HeaderEdit::Remove(name.to_owned())).chain(added).collect()
}

/// A no in the gateway's words.
pub(super) fn standard(status: u16) -> Refusal {
    match status {
        401 => Refusal::new(401, "unauthorized", "the request is not let in; check its credential"),
        status => Refusal::new(status, "forbidden", "the caller may not do this"),
    }
}

/// The server said nothing that decides.
pub(super) fn failed(cause: &str) -> HookError {
    HookError::Failed(format!("the server that decides about requests {cause}"))
}
