use std::time::Duration;

use serde_json::json;
use tidegate_pipeline::{KeyValue, StoreError};

use super::FakeKv;

fn store(services: serde_json::Value) -> FakeKv {
    FakeKv::new(&serde_json::from_value(services).unwrap())
}

#[tokio::test]
async fn versions_guard_a_value() {
    let kv = store(json!({"kv": {"a": "1"}}));
    let key = "plugin\u{1f}any\u{1f}a";
    assert_eq!(kv.get(key).await.unwrap().unwrap().version, 1);
    assert_eq!(kv.set(key, "2".into(), None, Some(0)).await, Ok(None));
    assert_eq!(kv.set(key, "2".into(), None, Some(1)).await, Ok(Some(2)));
    assert_eq!(kv.delete(key).await, Ok(true));
    assert_eq!(kv.delete(key).await, Ok(false));
    // A version never comes twice.
    assert_eq!(kv.set(key, "3".into(), None, Some(0)).await, Ok(Some(3)));
}

#[tokio::test]
async fn a_counter_keeps_its_first_time_to_live() {
    let kv = store(json!({}));
    assert_eq!(kv.increment("n", 2, Some(Duration::from_secs(1))).await, Ok(2));
    assert_eq!(kv.increment("n", -3, Some(Duration::from_secs(9))).await, Ok(-1));
    assert_eq!(kv.values(), [("n".into(), "-1".into(), Some(1000))]);
}

#[tokio::test]
async fn a_store_that_is_down_says_so() {
    let kv = store(json!({"kv_error": "down"}));
    assert_eq!(kv.get("a").await, Err(StoreError::Unavailable("down".into())));
    assert_eq!(kv.values(), []);
}
