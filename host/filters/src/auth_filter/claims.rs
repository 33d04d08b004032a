//! From what an issuer says of somebody to a principal.

use std::collections::BTreeMap;

use http::HeaderMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tidegate_contract::{HeaderEdit, ModelNames, Principal};
use tidegate_pipeline::{SettingsProblem, apply_headers};

use super::method::{Identity, is_name};
use crate::settings::{below, problem};

/// Where the claims stand that say who somebody is: names of claims, or JSON pointers into them (`/realm_access/roles`).
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Claims")]
pub(super) struct ClaimsSettings {
    /// The name of the principal; `sub` unless set.
    principal: Option<String>,
    /// What stands before that name, so that the names of two issuers differ.
    principal_prefix: String,
    /// The tenant of the principal.
    tenant: Option<String>,
    /// The models that it may use: a list of globs, or one.
    models: Option<String>,
    /// Fields of the request that are set, each to the value of a claim; removed where there is none.
    headers: BTreeMap<String, String>,
}

/// What claims must have.
pub(super) type Required = BTreeMap<String, Value>;

/// The same, checked.
pub(super) struct Claims {
    principal: Place,
    prefix: String,
    tenant: Option<Place>,
    models: Option<Place>,
    headers: Vec<(String, Place)>,
    required: Vec<(Place, Value)>,
}

/// Why claims name nobody; for the client.
pub(super) type Refused = &'static str;

/// A claim: by its name, or by a pointer to it.
struct Place(String);

impl Place {
    fn of<'c>(&self, claims: &'c Value) -> Option<&'c Value> {
        let found = if self.0.starts_with('/') { claims.pointer(&self.0) } else { claims.get(&self.0) };
        found.filter(|value| !value.is_null())
    }
}

impl ClaimsSettings {
    /// The same, checked; `pointer` is where these settings stand.
    pub(super) fn checked(
        self,
        required: Required,
        pointer: &str,
        problems: &mut Vec<SettingsProblem>,
    ) -> Claims {
        let headers = self.headers.into_iter().map(|(name, claim)| {
            if let Some(cause) = unfit(&name) {
                problems.push(problem(&below(&format!("{pointer}/headers"), &name), &cause));
            }
            (name.to_ascii_lowercase(), Place(claim))
        });
        Claims {
            headers: headers.collect(),
            principal: Place(self.principal.unwrap_or_else(|| "sub".into())),
            prefix: self.principal_prefix,
            tenant: self.tenant.map(Place),
            models: self.models.map(Place),
            required: required.into_iter().map(|(name, value)| (Place(name), value)).collect(),
        }
    }
}

/// Why a field cannot be set by who is calling.
pub(super) fn unfit(name: &str) -> Option<String> {
    if name.to_ascii_lowercase().starts_with("x-forwarded-") {
        return Some(format!("\"{name}\" never leaves the gateway; choose another name"));
    }
    let name = is_own(name).then(|| name.escape_debug())?;
    Some(format!("\"{name}\" is the gateway's own, or is no name of a field; choose another name"))
}

/// Whether nobody may edit such a field: it is the gateway's own, or is no name of one.
pub(super) fn is_own(name: &str) -> bool {
    let edit = HeaderEdit::Set(name.to_owned(), Vec::new());
    apply_headers(&[edit], &mut HeaderMap::new()).is_err()
}

impl Claims {
    /// Who these claims speak of.
    ///
    /// # Errors
    /// Where one is missing or is none that can be used.
    pub(super) fn identity(&self, claims: &Value) -> Result<Identity, Refused> {
        if !self.required.iter().all(|(place, wanted)| has(place, claims, wanted)) {
            return Err("the token does not have the claims that are asked for here");
        }
        let id = self.principal.of(claims).and_then(text).filter(|id| is_name(id));
        let id = id.ok_or("the token does not say in its claims who it is for")?;
        let tenant = self.tenant.as_ref().map(|place| {
            let tenant = place.of(claims).and_then(text).filter(|tenant| is_name(tenant));
            tenant.ok_or("the token does not say in its claims which tenant it is for")
        });
        let models = self.models.as_ref().map(|place| {
            let models = place.of(claims).and_then(globs);
            models.ok_or("the token does not say in its claims which models it is for")
        });
        let principal = Principal {
            tenant: tenant.transpose()?,
            models: models.transpose()?.map(ModelNames::new),
            ..Principal::named(format!("{}{id}", self.prefix))
        };
        let headers = self.headers.iter().map(|(name, place)| header(name, place.of(claims)));
        Ok(Identity { headers: headers.collect(), ..Identity::of(principal) })
    }
}

/// Equal, or in a list; the words of `scope` are a list, too (RFC 8693 section 4.2).
fn has(place: &Place, claims: &Value, wanted: &Value) -> bool {
    let Some(found) = place.of(claims) else { return false };
    if found == wanted {
        return true;
    }
    match found {
        Value::Array(list) => list.contains(wanted),
        Value::String(words) if ["scope", "scp", "/scope", "/scp"].contains(&&*place.0) => {
            words.split(' ').any(|word| Some(word) == wanted.as_str())
        }
        _ => false,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn globs(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(glob) => Some(vec![glob.clone()]),
        Value::Array(list) => list.iter().map(|glob| glob.as_str().map(String::from)).collect(),
        _ => None,
    }
}

/// What the client sent under that name never stays.
fn header(name: &str, value: Option<&Value>) -> HeaderEdit {
    let shown = value.and_then(|value| match value {
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Array(list) => list.iter().map(text).collect::<Option<Vec<_>>>().map(|list| list.join(",")),
        other => text(other),
    });
    let fits = |text: &String| !text.chars().any(char::is_control) && text.len() <= 4096;
    match shown.filter(fits) {
        Some(text) => HeaderEdit::Set(name.to_owned(), text.into_bytes()),
        None => HeaderEdit::Remove(name.to_owned()),
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
