use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use tidegate_pipeline::{KeyValue, MAX_VALUE, StoreError};
use tokio::time::{Instant, advance};

use super::MemoryStore;
use crate::room::{Bounds, OVERHEAD};

fn key(plugin: &str, key: &str) -> String {
    format!("plugin\u{1f}{plugin}\u{1f}{key}")
}

fn second(count: u64) -> Option<Duration> {
    Some(Duration::from_secs(count))
}

async fn put(store: &MemoryStore, key: &str, value: &'static str) -> u64 {
    store.set(key, Bytes::from_static(value.as_bytes()), None, None).await.unwrap().unwrap()
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
    let store = MemoryStore::default();
    let key = key("p", "k");
    let first = put(&store, &key, "a").await;
    let second = put(&store, &key, "a").await;
    assert!(store.delete(&key).await.unwrap());
    assert!(!store.delete(&key).await.unwrap());
    let third = put(&store, &key, "a").await;
    store.increment(&self::key("p", "n"), 1, None).await.unwrap();
    assert!(0 < first && first < second && second < third);
    let entry = store.get(&key).await.unwrap().unwrap();
    assert_eq!((&*entry.value, entry.version), (&b"a"[..], third));
}

#[tokio::test]
async fn a_set_with_a_version_needs_that_version() {
    let store = MemoryStore::default();
    let key = key("p", "k");
    let set = |value: &'static str, version| store.set(&key, Bytes::from(value), None, Some(version));
    assert_eq!(set("a", 7).await, Ok(None), "there is none with version 7");
    let first = set("a", 0).await.unwrap().unwrap();
    assert_eq!(set("b", 0).await, Ok(None), "0 is only where there is none");
    let second = set("b", first).await.unwrap().unwrap();
    assert_eq!(set("c", first).await, Ok(None), "the version of before");
    assert_eq!(store.get(&key).await.unwrap().unwrap().version, second);
    store.delete(&key).await.unwrap();
    assert_eq!(set("c", second).await, Ok(None), "it is gone, and not absent in the sense of 0");
}

#[tokio::test(start_paused = true)]
async fn a_value_is_gone_after_its_ttl() {
    let store = MemoryStore::default();
    let key = key("p", "k");
    store.set(&key, Bytes::from("a"), second(2), None).await.unwrap();
    advance(Duration::from_millis(1999)).await;
    assert!(store.get(&key).await.unwrap().is_some());
    advance(Duration::from_millis(1)).await;
    assert_eq!(store.get(&key).await.unwrap(), None);
    assert!(!store.delete(&key).await.unwrap(), "what has expired is not there");
    store.set(&key, Bytes::from("b"), second(2), Some(0)).await.unwrap().unwrap();
    store.set(&key, Bytes::from("c"), None, None).await.unwrap();
    advance(Duration::from_secs(10)).await;
    assert_eq!(&*store.get(&key).await.unwrap().unwrap().value, b"c", "the last set decides");
}

#[tokio::test(start_paused = true)]
async fn an_increment_counts_its_ttl_from_the_first() {
    let store = MemoryStore::default();
    let key = key("p", "n");
    assert_eq!(store.increment(&key, 2, second(10)).await, Ok(2));
    advance(Duration::from_secs(9)).await;
    assert_eq!(store.increment(&key, -5, second(10)).await, Ok(-3));
    assert_eq!(&*store.get(&key).await.unwrap().unwrap().value, b"-3");
    advance(Duration::from_secs(1)).await;
    assert_eq!(store.increment(&key, 1, second(10)).await, Ok(1), "a window of its own");
}

#[tokio::test]
async fn an_increment_refuses_what_it_cannot_count() {
    let store = MemoryStore::default();
    let (word, most) = (key("p", "word"), key("p", "most"));
    put(&store, &word, "12 apples").await;
    assert_eq!(sentence(store.increment(&word, 1, None).await), "the value of \"word\" is no number");
    store.increment(&most, i64::MAX, None).await.unwrap();
    let told = sentence(store.increment(&most, 1, None).await);
    assert_eq!(told, "the sum for \"most\" does not fit into 64 bits");
    assert_eq!(store.increment(&most, 0, None).await, Ok(i64::MAX), "a refusal changes nothing");
}

#[tokio::test]
async fn a_ttl_beyond_all_clocks_is_none() {
    let store = MemoryStore::default();
    let key = key("p", "k");
    store.set(&key, Bytes::from("a"), Some(Duration::MAX), None).await.unwrap();
    assert!(store.get(&key).await.unwrap().is_some());
}

#[tokio::test]
async fn a_plugin_that_fills_its_share_takes_nothing_from_others() {
    let store = MemoryStore::new(Bounds { owner_keys: 100, ..Bounds::default() });
    for number in 0..100 {
        put(&store, &key("greedy", &number.to_string()), "x").await;
    }
    let more = store.set(&key("greedy", "more"), Bytes::from("x"), None, None).await;
    assert!(sentence(more).starts_with("this plugin has 100 keys, its most"));
    put(&store, &key("greedy", "7"), "y").await;
    put(&store, &key("modest", "more"), "x").await;
    store.delete(&key("greedy", "7")).await.unwrap();
    put(&store, &key("greedy", "more"), "x").await;
}

#[tokio::test]
async fn bytes_are_bounded_for_each_plugin_and_in_all() {
    let value = Bytes::from(vec![0; MAX_VALUE]);
    let each = MAX_VALUE + OVERHEAD + 2;
    let store = MemoryStore::new(Bounds { bytes: 6 * each, owner_bytes: 4 * each, owner_keys: 100 });
    let set = |plugin: &'static str, number: usize| {
        let (store, value) = (&store, value.clone());
        async move { store.set(&key(plugin, &format!("{number:02}")), value, None, None).await }
    };
    for number in 0..4 {
        set("a", number).await.unwrap();
    }
    assert!(sentence(set("a", 4).await).starts_with("this plugin holds"));
    set("a", 0).await.unwrap().expect("the same again needs no more room");
    set("b", 0).await.unwrap();
    set("b", 1).await.unwrap();
    assert!(sentence(set("b", 2).await).starts_with("the store holds"));
    assert_eq!(store.held(), 6 * each);
    for number in 0..4 {
        store.delete(&key("a", &format!("{number:02}"))).await.unwrap();
    }
    set("b", 2).await.unwrap();
    assert_eq!(store.held(), 3 * each, "neither refusals nor replacements leak");
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_makes_room() {
    let store = MemoryStore::new(Bounds { bytes: 100 * (OVERHEAD + 8), ..Bounds::default() });
    let mut stored = 0;
    for plugin in 0..2 {
        let plugin = plugin.to_string();
        while store.set(&key(&plugin, &stored.to_string()), Bytes::new(), second(1), None).await.is_ok() {
            stored += 1;
            if stored == 50 {
                break;
            }
        }
    }
    assert!(stored >= 100, "{stored}");
    advance(Duration::from_secs(1)).await;
    put(&store, &key("other", "k"), "v").await;
    assert!(store.held() < 2 * (OVERHEAD + 8), "{}", store.held());
}

#[tokio::test]
async fn owners_without_values_are_forgotten() {
    let store = MemoryStore::default();
    for number in 0..10_000 {
        let key = key(&format!("p{number}"), "k");
        put(&store, &key, "v").await;
        store.delete(&key).await.unwrap();
    }
    let owners = store.owners.read().unwrap().spaces.len();
    assert!(owners <= 2 * super::FEW, "{owners}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_between_threads() {
    let store = Arc::new(MemoryStore::default());
    let (count, cell) = (key("p", "count"), key("p", "cell"));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, count, cell) = (Arc::clone(&store), count.clone(), cell.clone());
            tokio::spawn(async move {
                for _ in 0..500 {
                    store.increment(&count, 1, None).await.unwrap();
                    while !raised(&store, &cell).await {}
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for key in [&count, &cell] {
        assert_eq!(&*store.get(key).await.unwrap().unwrap().value, b"4000");
    }
}

/// Compare and set, by hand.
async fn raised(store: &MemoryStore, key: &str) -> bool {
    let entry = store.get(key).await.unwrap();
    let number = entry.as_ref().map_or(0, |entry| text(&entry.value).parse::<u64>().unwrap());
    let version = entry.map_or(0, |entry| entry.version);
    store.set(key, (number + 1).to_string().into(), None, Some(version)).await.unwrap().is_some()
}

fn text(value: &[u8]) -> &str {
    std::str::from_utf8(value).unwrap()
}

#[derive(Debug, Clone)]
enum Step {
    Get(u8),
    Set(u8, String, Option<u64>, Expect),
    Delete(u8),
    Increment(u8, i64, Option<u64>),
    Wait(u64),
}

#[derive(Debug, Clone)]
enum Expect {
    Anything,
    Absent,
    Current,
    Stale,
}

fn step() -> impl Strategy<Value = Step> {
    let expect =
        prop_oneof![Just(Expect::Anything), Just(Expect::Absent), Just(Expect::Current), Just(Expect::Stale)];
    let ttl = || proptest::option::of(0_u64..50);
    let value = prop_oneof!["[a-z]{0,3}", "-?[0-9]{1,3}"];
    prop_oneof![
        (0_u8..4).prop_map(Step::Get),
        (0_u8..4, value, ttl(), expect)
            .prop_map(|(key, value, ttl, expect)| Step::Set(key, value, ttl, expect)),
        (0_u8..4).prop_map(Step::Delete),
        (0_u8..4, -9_i64..9, ttl()).prop_map(|(key, by, ttl)| Step::Increment(key, by, ttl)),
        (1_u64..40).prop_map(Step::Wait),
    ]
}

/// What the store should do, in the plainest words.
#[derive(Default)]
struct Model {
    values: HashMap<u8, (String, u64, Option<Instant>)>,
    last: u64,
}

impl Model {
    fn live(&mut self, key: u8) -> Option<(String, u64, Option<Instant>)> {
        let now = Instant::now();
        self.values.retain(|_, (_, _, due)| due.is_none_or(|due| now < due));
        self.values.get(&key).cloned()
    }

    fn store(&mut self, key: u8, value: String, version: u64, due: Option<Instant>) {
        assert!(version > self.last, "a version is newer than all before");
        self.last = version;
        self.values.insert(key, (value, version, due));
    }
}

async fn play(store: &MemoryStore, model: &mut Model, step: Step) {
    let name = |number: u8| key("p", &number.to_string());
    let due = |ttl: Option<u64>| ttl.map(|ttl| Instant::now() + Duration::from_millis(ttl));
    match step {
        Step::Wait(time) => advance(Duration::from_millis(time)).await,
        Step::Get(key) => {
            let found = store.get(&name(key)).await.unwrap();
            let found = found.map(|entry| (text(&entry.value).to_owned(), entry.version));
            assert_eq!(found, model.live(key).map(|(value, version, _)| (value, version)));
        }
        Step::Delete(key) => {
            let there = model.live(key).is_some();
            assert_eq!(store.delete(&name(key)).await, Ok(there));
            model.values.remove(&key);
        }
        Step::Set(key, value, ttl, expect) => {
            let stands = model.live(key).map_or(0, |(_, version, _)| version);
            let wanted = match expect {
                Expect::Anything => None,
                Expect::Absent => Some(0),
                Expect::Current => Some(stands),
                Expect::Stale => Some(stands + 1000),
            };
            let time = ttl.map(Duration::from_millis);
            let set = store.set(&name(key), value.clone().into(), time, wanted).await.unwrap();
            assert_eq!(set.is_some(), wanted.is_none_or(|wanted| wanted == stands));
            if let Some(version) = set {
                model.store(key, value, version, due(ttl));
            }
        }
        Step::Increment(key, by, ttl) => {
            let live = model.live(key);
            let number = live.as_ref().map_or(Ok(0), |(value, ..)| value.parse::<i64>());
            let sum = store.increment(&name(key), by, ttl.map(Duration::from_millis)).await;
            assert_eq!(sum.clone().ok(), number.ok().map(|number| number + by));
            if let Ok(sum) = sum {
                let due = live.map_or_else(|| due(ttl), |(_, _, due)| due);
                if let Some(entry) = store.get(&name(key)).await.unwrap() {
                    model.store(key, sum.to_string(), entry.version, due);
                } else {
                    model.values.remove(&key);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn it_does_what_a_simple_model_does(steps in proptest::collection::vec(step(), 1..200)) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (store, mut model) = (MemoryStore::default(), Model::default());
            for step in steps {
                play(&store, &mut model, step).await;
            }
            for key in 0..4 {
                store.delete(&key_of(key)).await.unwrap();
            }
            assert_eq!(store.held(), 0, "what is gone is not counted");
        });
    }
}

fn key_of(number: u8) -> String {
    key("p", &number.to_string())
}
