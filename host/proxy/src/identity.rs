//! How a cluster identifies the gateway, or its client, to the provider.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, InvalidHeaderValue};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use secrecy::{ExposeSecret, SecretString};
use tidegate_config::checked;
use tidegate_credentials::{
    CredentialsError, Fields, Identity, Shown, Signable, Sources, Wanted, aws, azure, gcp,
};
use tidegate_providers::Provider;

use crate::fault::Fault;
use crate::given::{self, Given};
use crate::snapshot::Cluster;
use crate::upload::Upload;

/// The service that signatures name.
const BEDROCK: &str = "bedrock";

/// The field in which AWS names its errors.
const AWS_ERROR: &str = "x-amzn-errortype";

/// What a cluster shows of itself.
enum Own {
    Nothing,
    /// A key, as the provider wants it.
    Key(HeaderValue),
    /// A token, which every provider takes the same way.
    Bearer(HeaderValue),
    /// What a cloud gives for it; a signature covers the body.
    Cloud {
        identity: Arc<Identity>,
        signs: bool,
    },
}

/// How a cluster identifies itself.
pub(crate) struct Login {
    own: Own,
    origin: Origin,
    sources: Arc<Sources>,
}

/// What a login is made from; with an equal one it is kept over a reload, with the tokens that it has.
#[derive(PartialEq)]
struct Origin {
    provider: checked::Provider,
    region: Option<String>,
    credentials: checked::Credentials,
    per_request: Option<checked::PerRequest>,
}

impl Origin {
    fn of(cluster: &checked::Cluster) -> Self {
        Self {
            provider: cluster.provider.clone(),
            region: cluster.site.region.clone(),
            credentials: cluster.credentials.clone(),
            per_request: cluster.per_request.clone(),
        }
    }
}

impl Login {
    /// # Errors
    /// Where a key is none that a header can carry.
    pub(crate) fn new(
        cluster: &checked::Cluster,
        provider: &dyn Provider,
        sources: &Arc<Sources>,
    ) -> Result<Self, String> {
        let cloud = |wanted| Own::cloud(&cluster.name, sources, wanted);
        let region = cluster.site.region.as_deref();
        let own = match &cluster.credentials {
            checked::Credentials::None => Own::Nothing,
            checked::Credentials::ApiKey(key) => {
                Own::Key(provider.credential(key.expose_secret()).map_err(|_| unfit())?)
            }
            checked::Credentials::Aws { keys, role } => cloud(of_aws(region, keys.as_ref(), role.as_ref())),
            checked::Credentials::Gcp(source) => cloud(Wanted::Gcp(gcp::Wanted { source: of_gcp(source) })),
            checked::Credentials::Azure(source) => {
                cloud(Wanted::Azure(azure::Wanted { source: of_azure(source), scope: None }))
            }
        };
        Ok(Self { own, origin: Origin::of(cluster), sources: Arc::clone(sources) })
    }

    /// Whether it is the one that this cluster would get.
    pub(crate) fn is_of(&self, cluster: &checked::Cluster) -> bool {
        self.origin == Origin::of(cluster)
    }

    fn per_request(&self) -> Option<&checked::PerRequest> {
        self.origin.per_request.as_ref()
    }

    /// Whether a request may have to be signed with its body.
    pub(crate) fn signs(&self) -> bool {
        matches!(self.own, Own::Cloud { signs: true, .. }) || self.per_request().is_some()
    }

    /// Has the credentials that a request showed fetched anew, where the answer refuses them and they are its own.
    pub(crate) fn heed<B>(&self, shown: Option<&Shown>, answer: &Response<B>) {
        if let (Own::Cloud { identity, .. }, Some(shown)) = (&self.own, shown)
            && refuses_credentials(answer)
        {
            identity.forget(shown);
        }
    }
}

/// A 403 is mostly a matter of what an identity may do; AWS also answers so to keys that have ended.
fn refuses_credentials<B>(answer: &Response<B>) -> bool {
    let kind = || answer.headers().get(AWS_ERROR)?.to_str().ok()?.split(':').next();
    match answer.status() {
        StatusCode::UNAUTHORIZED => true,
        StatusCode::FORBIDDEN => {
            matches!(kind(), Some("ExpiredTokenException" | "UnrecognizedClientException"))
        }
        _ => false,
    }
}

impl Own {
    fn cloud(cluster: &str, sources: &Sources, wanted: Wanted) -> Self {
        let signs = matches!(wanted, Wanted::Aws(_));
        Self::Cloud { identity: Arc::new(Identity::new(cluster, sources, wanted)), signs }
    }
}

fn unfit() -> String {
    "\"api_key\" has a character that no header may carry".into()
}

fn of_aws(region: Option<&str>, keys: Option<&checked::AwsKeys>, role: Option<&checked::AwsRole>) -> Wanted {
    let source = keys.map_or(aws::Source::Chain, |keys| {
        aws::Source::Static(aws::Keys {
            access_key_id: keys.access_key_id.clone(),
            secret_access_key: keys.secret_access_key.clone(),
            session_token: keys.session_token.clone(),
        })
    });
    let role = role.map(|role| aws::Role {
        arn: role.arn.clone(),
        external_id: role.external_id.clone().map(SecretString::from),
        ..aws::Role::default()
    });
    let region = region.unwrap_or_default().to_owned();
    Wanted::Aws(aws::Wanted { region, service: BEDROCK.into(), source, role })
}

fn of_gcp(source: &checked::Gcp) -> gcp::Source {
    match source {
        checked::Gcp::Machine => gcp::Source::Chain,
        checked::Gcp::Token(token) => gcp::Source::Token(token.clone()),
        checked::Gcp::File(path) => gcp::Source::File(path.clone()),
    }
}

fn of_azure(source: &checked::Azure) -> azure::Source {
    let client = |tenant: &String, id: &String| azure::Client { tenant: tenant.clone(), id: id.clone() };
    match source {
        checked::Azure::Machine { client_id: None } => azure::Source::Chain,
        checked::Azure::Machine { client_id } => azure::Source::Managed { client_id: client_id.clone() },
        checked::Azure::Token(token) => azure::Source::Token(token.clone()),
        checked::Azure::Secret { tenant_id, client_id, secret } => {
            azure::Source::Secret { client: client(tenant_id, client_id), secret: secret.clone() }
        }
        checked::Azure::Certificate { tenant_id, client_id, file } => {
            azure::Source::Certificate { client: client(tenant_id, client_id), file: file.clone() }
        }
    }
}

/// Puts credentials into a request that is otherwise ready to be sent: the client's own where the cluster takes them, else
/// the cluster's. Gives which ones of a cloud they are, for [`Login::heed`].
///
/// # Errors
/// Where there are none, where the client's cannot be used, or where those of a cloud cannot be had.
pub(crate) async fn authorize(
    cluster: &Cluster,
    request: &mut Request<Upload>,
    given: &HeaderMap,
) -> Result<Option<Shown>, Fault> {
    let of_client = of_client(cluster, given)?;
    let own = match (&of_client, cluster.login.per_request()) {
        (Some(own), _) => own,
        (None, Some(rule)) if rule.required => {
            return Err(Fault::NoKeyGiven { prefix: rule.prefix.clone() });
        }
        (None, _) => &cluster.login.own,
    };
    match own {
        Own::Nothing => {}
        Own::Key(key) => cluster.provider.authorize(request.headers_mut(), key),
        Own::Bearer(token) => drop(request.headers_mut().insert(AUTHORIZATION, token.clone())),
        Own::Cloud { identity, .. } => {
            let (fields, shown) = Box::pin(fields(cluster, identity, request)).await?;
            fields.into_iter().for_each(|(name, value)| drop(request.headers_mut().insert(name, value)));
            return Ok(Some(shown));
        }
    }
    Ok(None)
}

/// What a client sent along for this cluster.
fn of_client(cluster: &Cluster, given: &HeaderMap) -> Result<Option<Own>, Fault> {
    let Some(prefix) = cluster.login.per_request().map(|rule| &*rule.prefix) else { return Ok(None) };
    let own = match given::read(prefix, given)? {
        None => return Ok(None),
        Some(Given::Key(key)) => Own::Key(cluster.provider.credential(key).map_err(no_header)?),
        Some(Given::Token(token)) => {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(no_header)?;
            value.set_sensitive(true);
            Own::Bearer(value)
        }
        Some(Given::Keys(keys)) => {
            let region = cluster.site.region.as_deref().ok_or_else(|| given::elsewhere(prefix))?;
            Own::cloud(&cluster.name, &cluster.login.sources, of_aws(Some(region), Some(&keys), None))
        }
    };
    Ok(Some(own))
}

/// What came in a header field can go out in one.
fn no_header(error: InvalidHeaderValue) -> Fault {
    Fault::Internal(format!("a client's key cannot be sent on: {error}"))
}

/// The fields by which a cloud knows who sends a request.
async fn fields(
    cluster: &Cluster,
    identity: &Identity,
    request: &Request<Upload>,
) -> Result<(Fields, Shown), Fault> {
    let failed = |error: CredentialsError| Fault::Credentials {
        cluster: Arc::clone(&cluster.name),
        cause: error.to_string(),
    };
    let url = url(cluster, request).ok_or_else(|| Fault::Internal("a request without a path".into()))?;
    let body = match request.body() {
        Upload::Held(body) => body.clone().unwrap_or_default(),
        // Tokens say nothing of the body; what is signed is held.
        Upload::Passing(_) => Bytes::new(),
    };
    let (method, headers) = (request.method(), request.headers());
    identity.headers(&Signable { method, url: &url, headers, body: &body }).await.map_err(failed)
}

/// Where the request goes, written out; over HTTP/1.1 the head has the host elsewhere.
fn url(cluster: &Cluster, request: &Request<Upload>) -> Option<Uri> {
    if request.uri().authority().is_some() {
        return Some(request.uri().clone());
    }
    let scheme = if cluster.https { "https" } else { "http" };
    let host = request.headers().get(HOST)?.to_str().ok()?;
    format!("{scheme}://{host}{}", request.uri().path_and_query()?).parse().ok()
}
