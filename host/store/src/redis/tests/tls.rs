use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use tidegate_pipeline::KeyValue;

use super::server::{Server, wait_until};
use crate::{Redis, RedisSettings, RedisTls};

/// Vouches for others.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name = named("authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate and its key.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        // OpenSSL takes a certificate that is named as its authority for one that vouches for itself.
        params.distinguished_name = named(name);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

fn server(authority: &Authority, clients: &str) -> Server {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.issue("127.0.0.1");
    let write = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (ca, certificate, key) =
        (write("ca.pem", &authority.pem()), write("certificate.pem", &certificate), write("key.pem", &key));
    let server = Server::new(&[
        "--port",
        "0",
        "--tls-port",
        "PORT",
        "--tls-auth-clients",
        clients,
        "--tls-ca-cert-file",
        &ca,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
    ]);
    // The files are read at the start.
    super::server::wait_for("the server", || std::net::TcpStream::connect(("127.0.0.1", server.port)).ok());
    server
}

fn client(server: &Server, tls: RedisTls) -> std::sync::Arc<Redis> {
    let timeout = Duration::from_millis(500);
    Redis::new(RedisSettings { tls: Some(tls), timeout, ..server.settings() }).unwrap()
}

#[tokio::test]
async fn a_server_with_the_right_certificate_is_trusted_and_no_other() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let server = server(&ours, "no");
    let trusting =
        |authority: &Authority| RedisTls { ca: Some(authority.pem().into()), ..RedisTls::default() };
    let right = client(&server, trusting(&ours));
    wait_until("the server", async || right.get("k").await.is_ok()).await;
    let told = client(&server, trusting(&theirs)).get("k").await.unwrap_err().to_string();
    assert!(told.contains("certificate") && told.contains(&server.address()), "{told}");
    let plain = RedisSettings { timeout: Duration::from_millis(300), ..server.settings() };
    assert!(Redis::new(plain).unwrap().get("k").await.is_err());
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_is_shown_it() {
    let authority = Authority::new();
    let server = server(&authority, "yes");
    let ca = Some(authority.pem().into_bytes());
    let (certificate, key) = authority.issue("gateway");
    let (certificate, key) = (Some(certificate.into_bytes()), Some(key.into_bytes()));
    let known = client(&server, RedisTls { ca: ca.clone(), certificate, key });
    assert_eq!(known.get("k").await, Ok(None));
    let told =
        client(&server, RedisTls { ca, ..RedisTls::default() }).get("k").await.unwrap_err().to_string();
    assert!(told.contains(&server.address()), "{told}");
}
