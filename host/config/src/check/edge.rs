//! Listeners, the admin listener, limits and timeouts.

use std::net::SocketAddr;
use std::time::Duration;

use crate::checked::{
    AccessLog, Admin, ClientCertificates, HookTraces, Limits, Listener, ListenerTls, Telemetry, Timeouts,
};
use crate::raw;
use crate::raw::scalar::{ADDRESS, Period, Size};
use crate::scope::At;

const DATA: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 10_000);
const ADMIN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9901);

/// Less is not enough for the headers of an ordinary client.
const LEAST_HEADER: Size = Size::kib(1);

pub(crate) fn listeners(raw: Option<Vec<raw::Listener>>, at: At<'_>) -> Vec<Listener> {
    let Some(raw) = raw else { return vec![Listener { address: DATA, tls: None }] };
    let mut listeners: Vec<Listener> = Vec::new();
    for (index, listener) in raw.into_iter().enumerate() {
        let at = at.item(index);
        let tls = listener.tls.map(|tls| listener_tls(&tls, at.key("tls")));
        let Some(address) = address(&listener.address, at.key("address")) else { continue };
        if address.port() != 0 && listeners.iter().any(|other| other.address == address) {
            let shown = at.key("address").quoted();
            at.key("address").report(format!("another listener has the address {shown} already"));
        }
        listeners.push(Listener { address, tls });
    }
    listeners
}

fn listener_tls(tls: &raw::ListenerTls, at: At<'_>) -> ListenerTls {
    ListenerTls {
        certificate: at.key("certificate").file(&tls.certificate),
        key: at.key("key").file(&tls.key),
        clients: client_certificates(tls, at),
    }
}

fn client_certificates(tls: &raw::ListenerTls, at: At<'_>) -> Option<ClientCertificates> {
    let Some(authorities) = &tls.client_ca else {
        if tls.client_auth.is_some() {
            let text = "\"client_auth\" has no effect without \"client_ca\", which says whose certificates are good; add it";
            at.key("client_auth").report_key(text);
        }
        return None;
    };
    let authorities = at.key("client_ca").file(authorities);
    Some(ClientCertificates { authorities, required: tls.client_auth != Some(raw::ClientAuth::Request) })
}

/// Takes the cursor on the root, because an unset admin address clashes at the listener that took it.
pub(crate) fn admin(raw: raw::Admin, at: At<'_>, listeners: &[Listener]) -> Admin {
    let place = at.key("admin").key("address");
    let address = raw.address.map_or(Some(ADMIN), |text| address(&text, place)).unwrap_or(ADMIN);
    let clash = listeners.iter().position(|listener| address.port() != 0 && listener.address == address);
    match clash {
        Some(_) if place.is_set() => {
            place.report(format!("a listener has the address {} already; choose another", place.quoted()));
        }
        Some(index) => at.key("listeners").item(index).key("address").report(format!(
            "the admin listener has the address \"{address}\"; choose another, or set \"address\" in \"admin\""
        )),
        None => {}
    }
    Admin { address, token: raw.token.map(|token| token.0) }
}

fn address(text: &str, at: At<'_>) -> Option<SocketAddr> {
    let parsed = text.parse().ok();
    if parsed.is_none() {
        at.report(match named_host(text) {
            Some(port) => format!(
                "\"address\" takes an address, not a name such as {}; for this machine only write \"127.0.0.1:{port}\"",
                at.quoted()
            ),
            None => format!("\"address\" {ADDRESS}, not {}", at.quoted()),
        });
    }
    parsed
}

/// The port of `name:port`.
fn named_host(text: &str) -> Option<u16> {
    let (host, port) = text.rsplit_once(':')?;
    let is_name = host.starts_with(|c: char| c.is_ascii_alphabetic()) && !host.contains(':');
    port.parse().ok().filter(|_| is_name)
}

pub(crate) fn limits(raw: &raw::Limits, at: At<'_>) -> Limits {
    if raw.header.0 < LEAST_HEADER.0 {
        at.key("header").report("\"header\" must be at least 1KiB");
    }
    let place = at.key("unauthenticated_body");
    if place.is_set() && raw.unauthenticated_body.0 > raw.body.0 {
        place.report("\"unauthenticated_body\" is larger than \"body\"; lower it, or raise \"body\"");
    }
    Limits {
        header: raw.header.0,
        body: raw.body.0,
        unauthenticated_body: raw.unauthenticated_body.0.min(raw.body.0),
        connections: raw.connections,
        streams: raw.streams,
        requests: raw.requests,
    }
}

pub(crate) fn timeouts(raw: &raw::Timeouts, at: At<'_>) -> Timeouts {
    Timeouts {
        header: positive(raw.header, "header", at),
        body: positive(raw.body, "body", at),
        connect: positive(raw.connect, "connect", at),
        first_byte: positive(raw.first_byte, "first_byte", at),
        idle: positive(raw.idle, "idle", at),
        request: positive(raw.request, "request", at),
        drain: raw.drain.0,
    }
}

/// A timeout of nothing would refuse everything.
pub(crate) fn positive(period: Period, key: &str, at: At<'_>) -> Duration {
    if period.0.is_zero() {
        at.key(key).report(format!("{key:?} must be longer than 0"));
    }
    period.0
}

pub(crate) fn telemetry(raw: &raw::Telemetry) -> Telemetry {
    let access_log = match raw.access_log.format {
        raw::AccessLogFormat::Json => AccessLog::Json,
        raw::AccessLogFormat::Off => AccessLog::Off,
    };
    // The schema holds it between 0 and 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a million")]
    let sample_ppm = (raw.hook_traces.sample.clamp(0.0, 1.0) * 1e6).round() as u32;
    let hook_traces = HookTraces { keep: raw.hook_traces.keep, sample_ppm };
    Telemetry { access_log, hook_traces }
}
