//! TLS on both sides, from PEM files, always with the same crypto provider.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tidegate_config::checked::{ClientCertificates, ClusterTls, ListenerTls};

/// Why a certificate, key or set of roots cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file is missing, unreadable or no PEM.
    #[error("file \"{}\" holds no usable {what}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was looked for in it.
        what: &'static str,
        /// What went wrong.
        cause: String,
    },
    /// The parts do not fit together.
    #[error("certificate \"{}\" cannot be used: {cause}", path.display())]
    Pair {
        /// The file of the certificate.
        path: PathBuf,
        /// What went wrong.
        cause: rustls::Error,
    },
    /// The system's roots cannot be read.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

// Another crate may switch on a second provider; rustls would then panic where none is named.
fn crypto() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// What a listener offers: HTTP/2 and HTTP/1.1 by ALPN.
pub(crate) fn server(tls: &ListenerTls) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(&tls.certificate)?;
    let key = private_key(&tls.key)?;
    let builder = ServerConfig::builder_with_provider(crypto()).with_safe_default_protocol_versions()?;
    let builder = match &tls.clients {
        Some(clients) => builder.with_client_cert_verifier(client_verifier(clients)?),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|cause| TlsError::Pair { path: tls.certificate.clone(), cause })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// What a cluster trusts and shows; `http2` narrows what it offers by ALPN.
pub(crate) fn client(tls: &ClusterTls, http2: Option<bool>) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(crypto()).with_safe_default_protocol_versions()?;
    let builder = match &tls.ca {
        Some(ca) => builder.with_webpki_verifier(roots_of(ca)?),
        None => {
            let verifier = rustls_platform_verifier::Verifier::new(crypto())?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let mut config = match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => builder
            .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|cause| TlsError::Pair { path: certificate.clone(), cause })?,
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = match http2 {
        Some(true) => vec![b"h2".to_vec()],
        Some(false) => vec![b"http/1.1".to_vec()],
        None => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    Ok(Arc::new(config))
}

fn client_verifier(clients: &ClientCertificates) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let roots = Arc::new(roots(&clients.authorities)?);
    let builder = WebPkiClientVerifier::builder_with_provider(roots, crypto());
    let builder = if clients.required { builder } else { builder.allow_unauthenticated() };
    builder.build().map_err(|error| unusable_roots(&clients.authorities, &error))
}

fn roots_of(ca: &Path) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(ca)?), crypto());
    builder.build().map_err(|error| unusable_roots(ca, &error))
}

fn roots(ca: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca)? {
        roots.add(certificate).map_err(|error| unusable_roots(ca, &error))?;
    }
    Ok(roots)
}

fn unusable_roots(ca: &Path, cause: &dyn Error) -> TlsError {
    TlsError::File { path: ca.to_owned(), what: "root certificate", cause: cause.to_string() }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unusable = |cause: String| TlsError::File { path: path.to_owned(), what: "certificate", cause };
    let pem = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    let chain: Vec<_> = pem.collect::<Result<_, _>>().map_err(|error| unusable(error.to_string()))?;
    if chain.is_empty() { Err(unusable("it has no CERTIFICATE section".into())) } else { Ok(chain) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| TlsError::File {
        path: path.to_owned(),
        what: "private key",
        cause: error.to_string(),
    })
}
