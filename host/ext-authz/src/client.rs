//! One server, behind one connection that all questions share.

use std::collections::HashMap;
use std::error::Error;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use tidegate_pipeline::{Authorizer, AuthzRequest, AuthzServer, AuthzVerdict, NoAnswer, causes};
use tonic::metadata::{Ascii, MetadataKey, MetadataMap, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status, TimeoutExpired};

use crate::{answer, question};

/// Bytes of an answer.
const MAX_ANSWER: usize = 1 << 20;

/// Bytes of the fields of an answer.
const MAX_HEAD: u32 = 64 << 10;

/// Until there is a connection; a question may take less.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a connection with questions under way may be silent before it is tried, and how long that may take: a server
/// that vanished without a word would be waited for until the system gives up.
const SILENCE: Duration = Duration::from_secs(10);
const PROOF_OF_LIFE: Duration = Duration::from_secs(5);

/// The way to one server.
pub(crate) struct Client {
    endpoint: Endpoint,
    metadata: MetadataMap,
    context: HashMap<String, String>,
    /// Opened by the first question; tonic opens it anew where it broke.
    channel: OnceLock<Channel>,
}

impl Client {
    pub(crate) fn new(server: AuthzServer) -> Result<Self, String> {
        let metadata = metadata(server.fields)?;
        let context = server.context.into_iter().collect();
        Ok(Self { endpoint: endpoint(server.url)?, metadata, context, channel: OnceLock::new() })
    }

    async fn ask(&self, request: &AuthzRequest<'_>) -> Result<AuthzVerdict, NoAnswer> {
        let mut question = Request::new(question::of(request, self.context.clone()));
        *question.metadata_mut() = self.metadata.clone();
        question.set_timeout(request.deadline);
        let channel = self.channel.get_or_init(|| self.endpoint.connect_lazy()).clone();
        let mut client = AuthorizationClient::new(channel).max_decoding_message_size(MAX_ANSWER);
        let said = client.check(question).await.map_err(|status| no_answer(&status))?;
        answer::verdict(said.into_inner())
    }
}

impl Authorizer for Client {
    fn check<'a>(&'a self, request: AuthzRequest<'a>) -> BoxFuture<'a, Result<AuthzVerdict, NoAnswer>> {
        Box::pin(async move { self.ask(&request).await })
    }
}

fn endpoint(url: String) -> Result<Endpoint, String> {
    let is_https = url.starts_with("https:");
    let endpoint = Endpoint::from_shared(url).map_err(|error| causes(&error))?;
    if !endpoint.uri().path().trim_matches('/').is_empty() || endpoint.uri().query().is_some() {
        return Err("has a path, which gRPC settles itself; write it as \"https://host:port\"".into());
    }
    let endpoint = endpoint
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(SILENCE)
        .keep_alive_timeout(PROOF_OF_LIFE)
        .http2_max_header_list_size(MAX_HEAD);
    if !is_https {
        return Ok(endpoint);
    }
    let endpoint = endpoint.tls_config(ClientTlsConfig::new().with_native_roots());
    endpoint.map_err(|error| format!("cannot be reached by https: {}", causes(&error)))
}

fn metadata(fields: Vec<(String, SecretString)>) -> Result<MetadataMap, String> {
    let mut metadata = MetadataMap::new();
    for (name, value) in fields {
        let unfit = || format!("is sent a field \"{}\" that gRPC does not take", name.escape_debug());
        let is_own = name.starts_with("grpc-") || ["te", "content-type", "user-agent"].contains(&&*name);
        let key = MetadataKey::<Ascii>::from_str(&name).ok().filter(|_| !is_own).ok_or_else(unfit)?;
        let mut value = MetadataValue::<Ascii>::from_str(value.expose_secret()).map_err(|_| unfit())?;
        value.set_sensitive(true);
        metadata.insert(key, value);
    }
    Ok(metadata)
}

/// What went wrong, with the name that gRPC has for it.
fn no_answer(status: &Status) -> NoAnswer {
    match status.code() {
        Code::DeadlineExceeded => NoAnswer::Timeout,
        // What tonic makes of its own timer, of which nothing else is left.
        Code::Cancelled if status.message() == TimeoutExpired(()).to_string() => NoAnswer::Timeout,
        code => {
            let text = if status.source().is_some() { causes(status) } else { status.message().to_owned() };
            let text: String = text.chars().filter(|char| !char.is_control()).take(LONGEST).collect();
            NoAnswer::Failed(format!("gRPC status {code:?}: {text}"))
        }
    }
}

/// Characters of what went wrong that the log tells.
const LONGEST: usize = 300;

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
