use std::collections::HashSet;

use bytes::Bytes;
use tidegate_pipeline::{Record, Records};

use super::server::Server;

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

#[tokio::test]
async fn many_records_come_at_once() {
    let server = Server::new(&[]);
    let store = server.client();
    for index in 0..500 {
        store.put("t", &index.to_string(), Bytes::from(vec![b'x'; 1000]), None).await.unwrap();
    }
    let ids: HashSet<_> = store.all("t").await.unwrap().into_iter().map(|record| record.id).collect();
    assert_eq!(ids.len(), 500);
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
}
