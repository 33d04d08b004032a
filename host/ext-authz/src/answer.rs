//! From Envoy's `CheckResponse` to a verdict, or to the failure to give one.

use envoy_types::pb::envoy::config::core::v3::HeaderValueOption;
use envoy_types::pb::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{CheckResponse, DeniedHttpResponse, OkHttpResponse};
use envoy_types::pb::google::protobuf::Struct;
use envoy_types::pb::google::protobuf::value::Kind;
use tidegate_contract::Header;
use tidegate_pipeline::{AuthzField, AuthzGrant, AuthzRefusal, AuthzVerdict, FieldAction, NoAnswer};

/// What an answer says; as for Envoy, no status is the status 0, a yes.
pub(crate) fn verdict(said: CheckResponse) -> Result<AuthzVerdict, NoAnswer> {
    let is_yes = said.status.is_none_or(|status| status.code == 0);
    match (is_yes, said.http_response) {
        (_, Some(HttpResponse::ErrorResponse(_))) => Err(failed("it says that it failed")),
        (true, Some(HttpResponse::DeniedResponse(_))) => {
            Err(failed("it says yes by its status, and no in its response"))
        }
        (true, None) => grant(OkHttpResponse::default(), said.dynamic_metadata).map(AuthzVerdict::Allow),
        (true, Some(HttpResponse::OkResponse(ok))) => {
            grant(ok, said.dynamic_metadata).map(AuthzVerdict::Allow)
        }
        (false, Some(HttpResponse::DeniedResponse(denied))) => Ok(AuthzVerdict::Deny(refusal(denied))),
        (false, _) => Ok(AuthzVerdict::Deny(AuthzRefusal::default())),
    }
}

fn grant(ok: OkHttpResponse, metadata: Option<Struct>) -> Result<AuthzGrant, NoAnswer> {
    // Deprecated, and before the other one where it is there.
    #[allow(deprecated)]
    let metadata = ok.dynamic_metadata.or(metadata).unwrap_or_default();
    let fields = ok.headers.into_iter().filter_map(field).collect::<Result<_, _>>()?;
    let removed = ok.headers_to_remove.iter().map(|name| name.to_ascii_lowercase());
    Ok(AuthzGrant { fields, removed: removed.collect(), facts: facts(metadata) })
}

/// The texts and numbers at the top of the metadata: all that can name somebody.
fn facts(metadata: Struct) -> Vec<(String, String)> {
    let text = |kind| match kind {
        Kind::StringValue(text) => Some(text),
        // A larger number is not the one that the server meant.
        Kind::NumberValue(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(number.to_string()),
        _ => None,
    };
    let fact = |(name, value): (String, envoy_types::pb::google::protobuf::Value)| {
        Some((name.to_ascii_lowercase(), value.kind.and_then(text)?))
    };
    metadata.fields.into_iter().filter_map(fact).collect()
}

fn refusal(denied: DeniedHttpResponse) -> AuthzRefusal {
    let headers = denied.headers.into_iter().filter_map(header);
    let status = denied.status.and_then(|status| u32::try_from(status.code).ok()).filter(|code| *code > 0);
    AuthzRefusal { status, headers: headers.collect(), body: denied.body }
}

/// `None` where there is no field in the option.
fn field(option: HeaderValueOption) -> Option<Result<AuthzField, NoAnswer>> {
    let action = action(&option);
    let header = header(option)?;
    Some(action.map(|action| AuthzField { header, action }))
}

fn action(option: &HeaderValueOption) -> Result<FieldAction, NoAnswer> {
    // Deprecated, and before the other one where it is there.
    #[allow(deprecated)]
    if let Some(append) = option.append {
        return Ok(if append.value { FieldAction::Append } else { FieldAction::Overwrite });
    }
    Ok(match HeaderAppendAction::try_from(option.append_action) {
        // Nobody can tell this from an option that says nothing, by which no field of the client's may stay.
        Ok(HeaderAppendAction::AppendIfExistsOrAdd) => FieldAction::Add,
        Ok(HeaderAppendAction::AddIfAbsent) => FieldAction::AddIfAbsent,
        Ok(HeaderAppendAction::OverwriteIfExistsOrAdd) => FieldAction::Overwrite,
        Ok(HeaderAppendAction::OverwriteIfExists) => FieldAction::OverwriteIfPresent,
        Err(_) => return Err(failed("it has a field with an action that nobody knows")),
    })
}

fn header(option: HeaderValueOption) -> Option<Header> {
    let said = option.header?;
    let value = if said.raw_value.is_empty() { said.value.into_bytes() } else { said.raw_value };
    Some(Header { name: said.key.to_ascii_lowercase(), value })
}

fn failed(cause: &str) -> NoAnswer {
    NoAnswer::Failed(cause.to_owned())
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
