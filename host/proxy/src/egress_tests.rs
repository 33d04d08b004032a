use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{RootCertStore, ServerConfig};
use tidegate_contract::{Header, Reply};
use tidegate_pipeline::{HttpClient, HttpRequest, NoAnswer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::resolve::Resolver;
use super::{Egress, MAX_ANSWER};

/// A server that answers every request on every connection with the same bytes.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: tokio::sync::mpsc::UnboundedReceiver<String>,
}

impl Server {
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::start(Script { answer: answer.into(), requests: usize::MAX, tls: None }).await
    }

    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (told, requests) = tokio::sync::mpsc::unbounded_channel();
        let (count, script) = (Arc::clone(&connections), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (script, told) = (Arc::clone(&script), told.clone());
                tokio::spawn(async move {
                    match &script.tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(socket).await {
                                script.serve(stream, told).await;
                            }
                        }
                        None => script.serve(socket, told).await,
                    }
                });
            }
        });
        Self { port, connections, requests }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

struct Script {
    answer: Vec<u8>,
    /// After which a connection is closed.
    requests: usize,
    tls: Option<TlsAcceptor>,
}

impl Script {
    async fn serve(
        &self,
        mut io: impl AsyncRead + AsyncWrite + Unpin,
        told: tokio::sync::mpsc::UnboundedSender<String>,
    ) {
        let mut request = Vec::new();
        for _ in 0..self.requests {
            request.clear();
            while !request.ends_with(b"\r\n\r\n") {
                match io.read_u8().await {
                    Ok(byte) => request.push(byte),
                    Err(_) => return,
                }
            }
            let _ = told.send(String::from_utf8(request.clone()).unwrap());
            if io.write_all(&self.answer).await.is_err() || io.flush().await.is_err() {
                return;
            }
        }
    }
}

fn get(url: &str) -> HttpRequest {
    HttpRequest { method: "GET".into(), url: url.into(), ..HttpRequest::default() }
}

fn egress() -> Egress {
    Egress::new([])
}

/// A client for whose resolver every name has these addresses.
fn resolving(addresses: &[&str], may_be_private: &[&str]) -> (Egress, Arc<AtomicUsize>) {
    let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lookup = Box::new(move |_: String| -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        count.fetch_add(1, Ordering::SeqCst);
        let addresses = addresses.clone();
        Box::pin(async move { Ok(addresses) })
    });
    let names = may_be_private.iter().map(|name| (*name).to_owned());
    (Egress { resolver: Resolver::new(lookup, names), ..egress() }, asked)
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a [u8]> {
    reply.headers.iter().find(|header| header.name == name).map(|header| &*header.value)
}

#[track_caller]
fn assert_denied(result: &Result<Reply, NoAnswer>, what: &str) {
    assert!(matches!(result, Err(NoAnswer::Denied(text)) if text.contains(what)), "{result:?}");
}

#[track_caller]
fn assert_failed(result: &Result<Reply, NoAnswer>, what: &str) {
    assert!(matches!(result, Err(NoAnswer::Failed(text)) if text.contains(what)), "{result:?}");
}

#[tokio::test]
async fn a_request_and_its_answer_pass() {
    let answer = "HTTP/1.1 201 Created\r\nX-Thing: A\r\nSet-Cookie: a=b\r\nConnection: keep-alive\r\ncontent-length: 4\r\n\r\nbody";
    let mut server = Server::answering(answer).await;
    let request = HttpRequest {
        headers: vec![Header { name: "x-a".into(), value: b"1".to_vec() }],
        ..get(&server.url("/a?b=c"))
    };
    let reply = egress().send(&request).await.unwrap();
    assert_eq!((reply.status, &*reply.body), (201, &b"body"[..]));
    assert_eq!(header(&reply, "x-thing"), Some(&b"A"[..]));
    assert_eq!(header(&reply, "connection"), None, "what is between the server and the gateway ends here");
    let seen = server.requests.recv().await.unwrap();
    assert_eq!(seen, format!("GET /a?b=c HTTP/1.1\r\nx-a: 1\r\nhost: 127.0.0.1:{}\r\n\r\n", server.port));
}

#[tokio::test]
async fn t_ssrf_2_names_with_refused_addresses_are_refused() {
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.0.192",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
    ] {
        let (egress, _) = resolving(&[address], &[]);
        assert_denied(&egress.send(&get("http://rebind.example/")).await, "address");
        let (egress, _) = resolving(&["1.1.1.1", address], &[]);
        assert_denied(&egress.send(&get("https://rebind.example/")).await, "address");
    }
}

#[tokio::test]
async fn t_ssrf_2_a_name_that_may_be_private_still_reaches_no_metadata_service() {
    let mut server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let (egress, asked) = resolving(&["127.0.0.1"], &["Internal.Example"]);
    let url = format!("http://internal.example:{}/", server.port);
    assert_eq!(egress.send(&get(&url)).await.unwrap().status, 200);
    assert_eq!(asked.load(Ordering::SeqCst), 1, "between check and connection nobody is asked again");
    assert!(
        server.requests.recv().await.unwrap().contains(&format!("host: internal.example:{}", server.port))
    );
    assert_denied(&egress.send(&get("http://other.example/")).await, "private");
    for address in ["169.254.169.254", "fe80::1", "0.0.0.0"] {
        let (egress, _) = resolving(&[address], &["internal.example"]);
        assert_denied(&egress.send(&get(&url)).await, "link-local or reserved");
    }
}

#[tokio::test]
async fn t_ssrf_2_a_kept_connection_is_no_way_round_the_check() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let url = format!("http://internal.example:{}/", server.port);
    let (mut egress, _) = resolving(&["127.0.0.1"], &["internal.example"]);
    egress.send(&get(&url)).await.unwrap();
    egress.resolver = resolving(&["169.254.169.254"], &["internal.example"]).0.resolver;
    assert_denied(&egress.send(&get(&url)).await, "link-local or reserved");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn t_ssrf_2_literal_addresses_reach_what_was_granted_but_nothing_reserved() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let sent = egress().send(&get(&format!("http://{host}:{}/", server.port))).await;
        assert!(sent.is_ok(), "{host}: {sent:?}");
    }
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://224.0.0.1/",
        "http://[64:ff9b::127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://255.255.255.255/",
    ] {
        assert_denied(&egress().send(&get(url)).await, "link-local or reserved");
    }
    for url in ["http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/"] {
        assert_denied(&egress().send(&get(url)).await, "four decimal numbers");
    }
}

#[tokio::test]
async fn t_ssrf_2_a_redirect_is_an_answer_and_not_followed() {
    let target = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let location = target.url("/");
        let answer = format!("HTTP/1.1 {status} Go\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let server = Server::answering(answer).await;
        let reply = egress().send(&get(&server.url("/"))).await.unwrap();
        assert_eq!((reply.status, header(&reply, "location")), (status, Some(location.as_bytes())));
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn an_answer_beyond_its_bound_is_not_read_on() {
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", MAX_ANSWER + 1);
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 16, "x".repeat(1 << 16));
    let endless = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}", chunk.repeat(40));
    for answer in [announced, endless] {
        let server = Server::answering(answer).await;
        assert_eq!(egress().send(&get(&server.url("/"))).await, Err(NoAnswer::TooLarge));
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {MAX_ANSWER}\r\n\r\n");
    let server = Server::answering([head.into_bytes(), vec![b'x'; MAX_ANSWER]].concat()).await;
    assert_eq!(egress().send(&get(&server.url("/"))).await.unwrap().body.len(), MAX_ANSWER);
}

#[tokio::test]
async fn a_head_beyond_its_bound_is_refused() {
    let many = "x: y\r\n".repeat(101);
    let long = format!("x: {}\r\n", "y".repeat(70_000));
    for fields in [many, long] {
        let server = Server::answering(format!("HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n")).await;
        assert_failed(&egress().send(&get(&server.url("/"))).await, "head has more than");
    }
}

#[tokio::test]
async fn what_is_late_is_a_timeout() {
    for begun in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let server = Server::answering(begun).await;
        let started = Instant::now();
        let request = HttpRequest { timeout: Some(Duration::from_millis(100)), ..get(&server.url("/")) };
        assert_eq!(egress().send(&request).await, Err(NoAnswer::Timeout));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_cut_answer_is_a_failure_and_never_half_an_answer() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf",
    ] {
        let server = Server::start(Script { answer: answer.into(), requests: 1, tls: None }).await;
        assert_failed(&egress().send(&get(&server.url("/"))).await, "");
    }
    for answer in ["no HTTP at all\r\n\r\n", "HTTP/1.1 101 Go\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"] {
        let server = Server::answering(answer).await;
        assert_failed(&egress().send(&get(&server.url("/"))).await, "");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_failed(
        &egress().send(&get(&format!("http://{address}/"))).await,
        "no connection to \"127.0.0.1\"",
    );
}

#[tokio::test]
async fn connections_are_kept_and_replaced() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let server = Server::answering(ok).await;
    let client = egress();
    for _ in 0..5 {
        client.send(&get(&server.url("/"))).await.unwrap();
    }
    assert_eq!(server.connections(), 1);
    let closing = Server::start(Script { answer: ok.into(), requests: 1, tls: None }).await;
    for _ in 0..5 {
        client.send(&get(&closing.url("/"))).await.unwrap();
    }
    assert_eq!(closing.connections(), 5, "the server closed them, and no request failed for it");
}

#[tokio::test]
async fn https_needs_a_certificate_that_fits() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["good.example".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = rustls_pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let tls = Some(TlsAcceptor::from(Arc::new(config)));
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".into();
    let server = Server::start(Script { answer, requests: 9, tls }).await;
    let (mut egress, _) = resolving(&["127.0.0.1"], &["good.example", "bad.example"]);
    let url = |host: &str| format!("https://{host}:{}/", server.port);
    assert_failed(&egress.send(&get(&url("good.example"))).await, "certificate");
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let trusting = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    egress.tls = Ok(Arc::new(trusting));
    assert_eq!(&*egress.send(&get(&url("good.example"))).await.unwrap().body, b"ok");
    assert_failed(&egress.send(&get(&url("bad.example"))).await, "certificate");
}

#[tokio::test]
async fn t_ssrf_2_the_gateway_itself_asks_a_metadata_service_by_no_other_name() {
    let (egress, _) = resolving(&["169.254.169.254"], &[]);
    let resolver = egress.resolver.trusting().with_metadata();
    let asked = |url: &str| super::outgoing(&get(url)).unwrap().0;
    for url in ["http://169.254.169.254/latest", "http://metadata.google.internal/computeMetadata"] {
        assert!(resolver.addresses(&asked(url)).await.is_ok(), "{url}");
    }
    let other = resolver.addresses(&asked("http://tokens.example/")).await;
    assert!(matches!(other, Err(NoAnswer::Denied(_))), "{other:?}");
}
