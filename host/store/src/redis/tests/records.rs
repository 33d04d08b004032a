use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use tidegate_pipeline::{Record, Records};

use super::server::Server;
use crate::records::suite::{changes, records_suite, revision};

records_suite!(async {
    let server = Server::new(&[]);
    let records: Arc<dyn Records> = server.client();
    (server, records)
});

#[tokio::test]
async fn every_gateway_is_told_of_what_another_one_changed() {
    let server = Server::new(&[]);
    let [one, other]: [Arc<dyn Records>; 2] = [server.client(), server.client()];
    let [mut seen_by_one, mut seen_by_other] = [revision(&one).await, revision(&other).await];
    for round in 0..3 {
        let (own, own_id) = (if round == 1 { &other } else { &one }, format!("{round}"));
        own.put("api_keys", &own_id, Bytes::from("v"), None).await.unwrap();
        for (gateway, seen) in [(&one, &mut seen_by_one), (&other, &mut seen_by_other)] {
            let changes = changes(gateway, *seen).await.unwrap();
            assert_eq!(changes.put.iter().map(|record| &record.id).collect::<Vec<_>>(), [&own_id]);
            *seen = changes.revision;
        }
    }
    one.remove("api_keys", "0").await.unwrap();
    assert_eq!(changes(&other, seen_by_other).await.unwrap().removed, ["0"]);
}

/// A gateway of an earlier version notes no changes, and a list may be lost.
#[tokio::test]
async fn changes_with_a_gap_are_not_known() {
    let server = Server::new(&[]);
    let records: Arc<dyn Records> = server.client();
    let put = async || records.put("api_keys", "a", Bytes::from("v"), None).await.unwrap().unwrap();
    let start = put().await;
    server.ask::<()>("HSET tidegate:t:{api_keys} b 1:v");
    server.ask::<()>(&format!("SET tidegate:t:{{api_keys}}:revision {}", start + 1));
    assert_eq!(changes(&records, start).await, None, "nobody noted the last change");
    let since = put().await;
    assert_eq!(changes(&records, start).await, None, "nobody noted one between");
    put().await;
    assert_eq!(changes(&records, since).await.unwrap().put.len(), 1, "all is noted again");
    server.ask::<()>("DEL tidegate:t:{api_keys}:changes");
    assert_eq!(changes(&records, since).await, None, "all notes are lost");
}

#[tokio::test]
async fn records_are_listed_and_every_change_is_another_revision() {
    let server = Server::new(&[]);
    let (store, other) = (server.client(), server.client());
    assert_eq!(other.revision("keys").await, Ok(0));
    let mut revisions = HashSet::from([0]);
    let mut versions = HashSet::from([0]);
    for round in 0..3 {
        let value = Bytes::from(format!("7:{round}\0\u{1f}"));
        let version = store.put("keys", "a b", value.clone(), None).await.unwrap().unwrap();
        assert!(versions.insert(version), "a version comes once only");
        assert!(revisions.insert(other.revision("keys").await.unwrap()));
        assert_eq!(other.all("keys").await.unwrap(), [Record { id: "a b".into(), value, version }]);
        assert_eq!(store.remove("keys", "a b").await, Ok(true));
        assert!(revisions.insert(other.revision("keys").await.unwrap()));
        assert_eq!(store.remove("keys", "a b").await, Ok(false));
        assert!(!revisions.insert(other.revision("keys").await.unwrap()), "nothing changed");
    }
    assert_eq!(other.all("keys").await, Ok(vec![]));
}

#[tokio::test]
async fn a_record_with_a_version_needs_that_version() {
    let server = Server::new(&[]);
    let store = server.client();
    let put =
        async |value: &'static str, version| store.put("t", "k", Bytes::from(value), Some(version)).await;
    assert_eq!(put("a", 7).await, Ok(None));
    let first = put("a", 0).await.unwrap().unwrap();
    assert_eq!(put("b", 0).await, Ok(None));
    put("b", first).await.unwrap().unwrap();
    assert_eq!(put("c", first).await, Ok(None));
    assert_eq!(&*store.all("t").await.unwrap()[0].value, b"b");
    assert_eq!(store.all("u").await, Ok(vec![]), "of another table");
}

/// One answer with all of them would take longer than a call may.
#[tokio::test]
async fn many_records_are_read_in_parts() {
    const MANY: usize = 5000;
    let server = Server::new(&[]);
    let fill =
        "for id = 1, ARGV[1] do redis.call('HSET', KEYS[1], id, id .. ':' .. string.rep('x', 400)) end";
    let filled =
        redis::cmd("EVAL").arg(fill).arg(1).arg("tidegate:t:{t}").arg(MANY).exec(&mut server.connection());
    filled.unwrap();
    let records = server.client().all("t").await.unwrap();
    let ids: HashSet<_> = records.iter().map(|record| &record.id).collect();
    assert_eq!((records.len(), ids.len()), (MANY, MANY));
    assert!(
        records.iter().all(|record| record.id == record.version.to_string() && record.value.len() == 400)
    );
    let asked: String = server.ask("INFO commandstats");
    let scans = asked.split("cmdstat_hscan:calls=").nth(1).and_then(|rest| rest.split(',').next());
    assert!(scans.unwrap().parse::<usize>().unwrap() >= MANY / 1000, "{asked}");
}

#[tokio::test]
async fn a_table_that_changes_all_the_time_can_be_read() {
    let server = Server::new(&[]);
    let (store, other) = (server.client(), server.client());
    let fill = "for id = 1, 3000 do redis.call('HSET', KEYS[1], id, '1:v') end";
    redis::cmd("EVAL").arg(fill).arg(1).arg("tidegate:t:{t}").exec(&mut server.connection()).unwrap();
    let (ends, mut ended) = tokio::sync::oneshot::channel::<()>();
    let changing = tokio::spawn(async move {
        let mut made = 0;
        while ended.try_recv() == Err(tokio::sync::oneshot::error::TryRecvError::Empty) {
            other.put("t", &format!("new {made}"), Bytes::from("v"), None).await.unwrap();
            other.remove("t", &format!("new {}", made / 2)).await.unwrap();
            made += 1;
        }
        made
    });
    for _ in 0..20 {
        let records = store.all("t").await.unwrap();
        let old: HashSet<_> =
            records.iter().filter(|record| !record.id.starts_with("new")).map(|record| &record.id).collect();
        assert_eq!(old.len(), 3000);
    }
    ends.send(()).unwrap();
    assert!(changing.await.unwrap() > 20, "it did change");
}

#[tokio::test]
async fn a_server_that_forgot_all_repeats_no_revision() {
    let mut server = Server::new(&[]);
    let store = server.client();
    let mut seen = HashSet::new();
    for _ in 0..2 {
        store.put("t", "k", Bytes::from("a"), None).await.unwrap();
        assert!(seen.insert(store.revision("t").await.unwrap()));
        server.kill();
        server.start_again();
    }
    let store: Arc<dyn Records> = store;
    for revision in seen {
        assert_eq!(changes(&store, revision).await, None);
    }
}
