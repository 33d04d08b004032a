//! Requests that filters send to clusters: with the cluster's own connections and credentials, past every route.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tidegate_config::Config;
use tidegate_contract::Reply;
use tidegate_pipeline::{Clusters, NoAnswer};
use tidegate_providers::JSON;

use crate::identity::authorize;
use crate::snapshot::{Cluster, Snapshot};
use crate::upload::Upload;
use crate::upstream::{cause_of, encode, own_path};

/// The largest answer, in bytes.
const LARGEST: usize = 1024 * 1024;

/// The whole body of an answer that a filter or a plugin waits for; `failed` words why there is none.
pub(crate) async fn collected<B>(
    body: B,
    failed: &(dyn Fn(&dyn std::fmt::Display) -> NoAnswer + Sync),
) -> Result<Bytes, NoAnswer>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, LARGEST).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(NoAnswer::TooLarge),
        Err(error) => Err(failed(&error)),
    }
}

/// The clusters of one configuration, for its filters. They are there once its snapshot is made.
pub struct ClusterCalls {
    known: BTreeSet<Arc<str>>,
    clusters: OnceLock<HashMap<Arc<str>, Arc<Cluster>>>,
}

impl ClusterCalls {
    /// The clusters that a configuration names.
    pub fn new(config: &Config) -> Arc<Self> {
        let known = config.clusters.keys().cloned().collect();
        Arc::new(Self { known, clusters: OnceLock::new() })
    }

    /// Takes the clusters of the snapshot that was made of the configuration.
    pub fn bind(&self, snapshot: &Snapshot) {
        // A configuration has one snapshot.
        let _ = self.clusters.set(snapshot.clusters.clone());
    }

    async fn exchange(&self, name: &str, path: &str, body: Bytes) -> Result<Reply, NoAnswer> {
        let cluster = self.clusters.get().and_then(|clusters| clusters.get(name));
        let cluster = cluster.ok_or_else(|| NoAnswer::Denied(format!("there is no cluster \"{name}\"")))?;
        let failed = |cause: &dyn std::fmt::Display| NoAnswer::Failed(format!("cluster \"{name}\": {cause}"));
        let mut lease = cluster.pool.lease().await.map_err(|error| failed(&error))?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        cluster.headers.apply(&mut headers);
        let sent = (headers, Upload::Held(Some(body)));
        let path = own_path(cluster, path);
        let mut request =
            encode(cluster, (&Method::POST, path), sent, &lease).map_err(|error| failed(&error))?;
        let shown =
            authorize(cluster, &mut request, &HeaderMap::new()).await.map_err(|error| failed(&error))?;
        let answer = lease.send(request).await.map_err(|failure| failed(&cause_of(&failure.error)))?;
        cluster.login.heed(shown.as_ref(), &answer);
        let (parts, incoming) = answer.into_parts();
        let body = collected(incoming, &failed).await?;
        lease.give_back();
        let headers = parts.headers.iter().map(|(name, value)| tidegate_contract::Header {
            name: name.as_str().to_owned(),
            value: value.as_bytes().to_vec(),
        });
        Ok(Reply { status: parts.status.as_u16(), headers: headers.collect(), body: body.to_vec() })
    }
}

impl Clusters for ClusterCalls {
    fn post<'a>(
        &'a self,
        cluster: &'a str,
        path: &'a str,
        body: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, NoAnswer>> {
        let exchange = self.exchange(cluster, path, body);
        Box::pin(
            async move { tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(NoAnswer::Timeout)) },
        )
    }

    fn knows(&self, cluster: &str) -> bool {
        self.known.contains(cluster)
    }
}
