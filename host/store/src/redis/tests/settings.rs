use std::time::{Duration, Instant};

use secrecy::SecretString;
use tidegate_pipeline::{KeyValue, StoreError};

use super::server::{Server, free_port};
use crate::{BadSettings, Redis, RedisSettings, RedisTls, Servers};

fn error(settings: RedisSettings) -> String {
    Redis::new(settings).err().unwrap().to_string()
}

#[test]
fn settings_that_are_right_for_no_server_are_told() {
    let of = |servers| RedisSettings::new(servers);
    for bad in ["redis.example.com", "redis://h:1", "h:x", ":6379", "a:b:1", "u:p@h:1"] {
        assert_eq!(error(of(Servers::One(bad.into()))), BadSettings::Address(bad.into()).to_string());
    }
    assert!(Redis::new(of(Servers::One("[::1]:6379".into()))).is_ok());
    assert!(error(of(Servers::Cluster(vec![]))).contains("no address"));
    let servers = Servers::Sentinel { master: "m".into(), nodes: vec![] };
    assert!(error(of(servers)).contains("no address"));
    let servers = Servers::Cluster(vec!["a:1".into()]);
    assert!(error(RedisSettings { database: 2, ..of(servers) }).contains("only database 0"));
    let one = || of(Servers::One("a:1".into()));
    assert!(error(RedisSettings { prefix: "{a}".into(), ..one() }).contains("braces"));
    let tls = |tls| RedisSettings { tls: Some(tls), ..one() };
    assert!(error(tls(RedisTls { key: Some(vec![]), ..RedisTls::default() })).contains("needs its key"));
    let ca = Some(b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n".to_vec());
    assert!(error(tls(RedisTls { ca, ..RedisTls::default() })).contains("certificates cannot be used"));
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let server = Server::new(&["--requirepass", "right-horse"]);
    let with = |password: Option<&str>| RedisSettings {
        password: password.map(SecretString::from),
        timeout: Duration::from_millis(300),
        ..server.settings()
    };
    assert_eq!(Redis::new(with(Some("right-horse"))).unwrap().get("k").await, Ok(None));
    for (password, cause) in [(Some("wrong-battery"), "authentication failed"), (None, "NOAUTH")] {
        let told = Redis::new(with(password)).unwrap().get("k").await.unwrap_err().to_string();
        assert!(told.contains(&server.address()) && told.contains(cause), "{told}");
        assert!(!told.contains("battery"), "{told}");
    }
    assert!(!format!("{:?}", with(Some("right-horse"))).contains("horse"));
}

#[tokio::test]
async fn databases_are_apart() {
    let server = Server::new(&[]);
    let of = |database| Redis::new(RedisSettings { database, ..server.settings() }).unwrap();
    of(1).set("k", "v".into(), None, None).await.unwrap();
    assert_eq!(of(2).get("k").await, Ok(None));
    assert!(of(1).get("k").await.unwrap().is_some());
}

#[tokio::test]
async fn a_server_that_is_not_there_costs_a_call_no_more_than_its_time() {
    let nobody = format!("127.0.0.1:{}", free_port());
    let store = Redis::new(RedisSettings::new(Servers::One(nobody.clone()))).unwrap();
    for _ in 0..3 {
        let began = Instant::now();
        let Err(StoreError::Unavailable(told)) = store.get("k").await else { panic!("nobody answers") };
        assert!(began.elapsed() < Duration::from_millis(250), "{:?}", began.elapsed());
        assert!(told.contains(&nobody) && told.contains("refused"), "{told}");
    }
}
