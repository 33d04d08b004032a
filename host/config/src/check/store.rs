//! The store and the account of usage: what a schema cannot say of them.

use crate::checked::{Redis, RedisServers, Store, Usage, UsageFile};
use crate::raw::scalar::Secret;
use crate::raw::store as raw;
use crate::scope::At;

use super::{cluster, edge};

pub(crate) fn store(raw: Option<raw::Store>, at: At<'_>) -> Store {
    let raw = raw.unwrap_or_default();
    if let Some(sqlite) = raw.sqlite {
        return Store::Sqlite(at.folder_of(&sqlite.path));
    }
    match raw.redis.and_then(|raw| redis(raw, at.key("redis"))) {
        Some(redis) => Store::Redis(Box::new(redis)),
        None => Store::Memory,
    }
}

fn redis(raw: raw::Redis, at: At<'_>) -> Option<Redis> {
    let tls = raw.tls.map(|tls| cluster::tls(&tls, None, at.key("tls")));
    let servers = servers((raw.address, raw.cluster, raw.sentinel), at)?;
    if raw.database != 0 && matches!(servers, RedisServers::Cluster(_)) {
        at.key("database").report("a cluster has no databases but 0; remove \"database\"");
    }
    if raw.username.is_some() && raw.password.is_none() && at.is_whole() {
        at.key("username").report("\"username\" goes with a \"password\"; set both or none");
    }
    Some(Redis {
        servers,
        username: raw.username,
        password: raw.password.map(|Secret(password)| password),
        database: raw.database,
        tls,
        prefix: raw.prefix,
        timeout: edge::positive(raw.timeout, "timeout", at),
    })
}

fn servers(
    named: (Option<String>, Option<Vec<String>>, Option<raw::Sentinel>),
    at: At<'_>,
) -> Option<RedisServers> {
    match named {
        (Some(text), None, None) => address(&text, at.key("address")).map(RedisServers::One),
        (None, Some(texts), None) => all(&texts, at.key("cluster")).map(RedisServers::Cluster),
        (None, None, Some(raw::Sentinel { master, addresses })) => {
            let nodes = all(&addresses, at.key("sentinel").key("addresses"))?;
            Some(RedisServers::Sentinel { master, nodes })
        }
        _ => {
            if at.is_whole() {
                at.report("\"redis\" takes one of \"address\", \"cluster\" and \"sentinel\"");
            }
            None
        }
    }
}

fn all(texts: &[String], at: At<'_>) -> Option<Vec<(String, u16)>> {
    let checked: Vec<_> =
        texts.iter().enumerate().map(|(index, text)| address(text, at.item(index))).collect();
    checked.into_iter().collect()
}

/// Host and port.
fn address(text: &str, at: At<'_>) -> Option<(String, u16)> {
    let split = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    let host = |host: &str| host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let legal = |host: &str| {
        let is_v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
        is_v6
            || (!host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)))
    };
    let parsed = split.map(|(name, port)| (host(name), port)).filter(|(name, port)| legal(name) && *port > 0);
    if parsed.is_none() && text.contains('@') {
        // What stands before it may be a password.
        at.report("must be a host and a port, such as \"127.0.0.1:6379\"; who one is stands in \"username\" and \"password\"");
    } else if parsed.is_none() {
        at.report(format!("must be a host and a port, such as \"127.0.0.1:6379\", not {}", at.quoted()));
    }
    parsed
}

pub(crate) fn usage(raw: Option<raw::Usage>, at: At<'_>) -> Option<Usage> {
    let raw = raw?;
    let file = match (raw.sqlite, raw.json_lines) {
        (Some(path), None) => UsageFile::Sqlite(at.folder_of(&path)),
        (None, Some(path)) => {
            if raw.keep_days.is_some() {
                at.key("keep_days")
                    .report_key("\"keep_days\" is for \"sqlite\"; let a log rotation remove old lines");
            }
            UsageFile::JsonLines(at.folder_of(&path))
        }
        _ => {
            if at.is_whole() {
                at.report("\"usage\" takes one of \"sqlite\" and \"json_lines\"");
            }
            return None;
        }
    };
    Some(Usage { file, keep_days: raw.keep_days })
}
