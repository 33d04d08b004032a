use std::time::Duration;

use bytes::Bytes;
use tidegate_pipeline::{KeyValue, MAX_VALUE, StoreError};
use tokio::time::sleep;

use super::server::{Server, wait_until};

fn key(plugin: &str, key: &str) -> String {
    format!("plugin\u{1f}{plugin}\u{1f}{key}")
}

#[track_caller]
fn sentence<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Unavailable(text)) => text,
        other => panic!("{other:?} is no refusal of the store"),
    }
}

#[tokio::test]
async fn every_change_gives_another_version_also_after_a_delete() {
    let server = Server::new(&[]);
    let store = server.client();
    let (own, others) = (key("p", "k{a}"), key("q", "k{a}"));
    let put = async || store.set(&own, Bytes::from_static(b"a\0\xff"), None, None).await.unwrap().unwrap();
    let (first, second) = (put().await, put().await);
    assert!(store.delete(&own).await.unwrap());
    assert!(!store.delete(&own).await.unwrap());
    let third = put().await;
    assert!(0 < first && first < second && second < third);
    let entry = store.get(&own).await.unwrap().unwrap();
    assert_eq!((&*entry.value, entry.version), (&b"a\0\xff"[..], third));
    assert_eq!(store.get(&others).await, Ok(None), "of another owner");
}

#[tokio::test]
async fn a_set_with_a_version_needs_that_version() {
    let server = Server::new(&[]);
    let store = server.client();
    let key = key("p", "k");
    let set =
        async |value: &'static str, version| store.set(&key, Bytes::from(value), None, Some(version)).await;
    assert_eq!(set("a", 7).await, Ok(None), "there is none with version 7");
    let first = set("a", 0).await.unwrap().unwrap();
    assert_eq!(set("b", 0).await, Ok(None), "0 is only where there is none");
    let second = set("b", first).await.unwrap().unwrap();
    assert_eq!(set("c", first).await, Ok(None), "the version of before");
    store.delete(&key).await.unwrap();
    assert_eq!(set("c", second).await, Ok(None), "it is gone, and not absent in the sense of 0");
    let large = vec![7; MAX_VALUE];
    store.set(&key, large.clone().into(), None, Some(0)).await.unwrap().unwrap();
    assert_eq!(store.get(&key).await.unwrap().unwrap().value, large);
}

#[tokio::test]
async fn a_value_is_gone_after_its_ttl_and_the_last_set_decides() {
    let server = Server::new(&[]);
    let store = server.client();
    let (short, kept, far) = (key("p", "short"), key("p", "kept"), key("p", "far"));
    let ttl = Some(Duration::from_millis(60));
    for key in [&short, &kept] {
        store.set(key, Bytes::from("a"), ttl, None).await.unwrap();
    }
    store.set(&kept, Bytes::from("b"), None, None).await.unwrap();
    store.set(&far, Bytes::from("c"), Some(Duration::MAX), None).await.unwrap();
    wait_until("the end of a value", async || store.get(&short).await.unwrap().is_none()).await;
    assert!(!store.delete(&short).await.unwrap(), "what has expired is not there");
    store.set(&short, Bytes::from("d"), Some(Duration::ZERO), Some(0)).await.unwrap().unwrap();
    assert_eq!(store.get(&short).await, Ok(None));
    assert_eq!(&*store.get(&kept).await.unwrap().unwrap().value, b"b");
    assert_eq!(&*store.get(&far).await.unwrap().unwrap().value, b"c");
}

#[tokio::test]
async fn an_increment_counts_its_ttl_from_the_first() {
    let server = Server::new(&[]);
    let store = server.client();
    let (key, ttl) = (key("p", "n"), Some(Duration::from_millis(400)));
    assert_eq!(store.increment(&key, 2, ttl).await, Ok(2));
    let first = store.get(&key).await.unwrap().unwrap().version;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(store.increment(&key, -5, ttl).await, Ok(-3));
    let entry = store.get(&key).await.unwrap().unwrap();
    assert_eq!(&*entry.value, b"-3");
    assert!(entry.version > first);
    let left: i64 =
        redis::cmd("PTTL").arg(format!("tidegate:v:{key}")).query(&mut server.connection()).unwrap();
    assert!((0..=200).contains(&left), "{left}");
}

#[tokio::test]
async fn an_increment_refuses_what_it_cannot_count() {
    let server = Server::new(&[]);
    let store = server.client();
    let (word, most, plus) = (key("p", "word"), key("p", "most"), key("p", "plus"));
    store.set(&word, Bytes::from("12 apples"), None, None).await.unwrap();
    assert_eq!(sentence(store.increment(&word, 1, None).await), "the value of \"word\" is no number");
    assert_eq!(store.increment(&most, i64::MAX, None).await, Ok(i64::MAX));
    let told = sentence(store.increment(&most, 1, None).await);
    assert_eq!(told, "the sum for \"most\" does not fit into 64 bits");
    assert_eq!(store.increment(&most, 0, None).await, Ok(i64::MAX), "a refusal changes nothing");
    for (value, sum) in [("+007", 8), ("-0", 1), ("-12", -11)] {
        store.set(&plus, Bytes::from(value), None, None).await.unwrap();
        assert_eq!(store.increment(&plus, 1, None).await, Ok(sum), "{value}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_between_clients() {
    let server = Server::new(&[]);
    let (count, cell) = (key("p", "count"), key("p", "cell"));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, count, cell) = (server.client(), count.clone(), cell.clone());
            tokio::spawn(async move {
                for _ in 0..50 {
                    store.increment(&count, 1, None).await.unwrap();
                    loop {
                        let entry = store.get(&cell).await.unwrap();
                        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
                        let number =
                            entry.as_ref().map_or(0, |entry| text(&entry.value).parse::<u64>().unwrap());
                        let version = entry.map_or(0, |entry| entry.version);
                        let next = Bytes::from((number + 1).to_string());
                        if store.set(&cell, next, None, Some(version)).await.unwrap().is_some() {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for key in [&count, &cell] {
        assert_eq!(&*server.client().get(key).await.unwrap().unwrap().value, b"400");
    }
}
