use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tidegate_pipeline::{KeyValue, Quotas, Records, Reserved, Shape, Unit, Window};

use super::server::{Server, ask, cli, connection, free_port, patient, wait_for, wait_until};
use crate::suite::{is_granted, left, quotas_suite, remaining, reserve, standings, want};
use crate::{Redis, RedisSettings, Servers};

const DAY: Window = Window { shape: Shape::Sliding, unit: Unit::Day };

/// Three masters.
struct Cluster(Vec<Server>);

impl Cluster {
    fn new(arguments: &[&str]) -> Self {
        let nodes = (0..3).map(|_| {
            let bus = free_port().to_string();
            let own = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "1000"];
            Server::new(&[&own[..], &["--cluster-require-full-coverage", "no"], arguments].concat())
        });
        let nodes: Vec<Server> = nodes.collect();
        let addresses: Vec<String> = nodes.iter().map(Server::address).collect();
        let mut words = vec!["--cluster", "create"];
        words.extend(addresses.iter().map(String::as_str));
        words.extend(["--cluster-replicas", "0", "--cluster-yes"]);
        cli(&words);
        for node in &nodes {
            wait_for("the cluster", || {
                let told: String = ask(&mut connection(node.port), "CLUSTER INFO");
                (told.contains("cluster_state:ok") && told.contains("cluster_known_nodes:3")).then_some(())
            });
        }
        Self(nodes)
    }

    fn settings(&self) -> RedisSettings {
        patient(Servers::Cluster(self.0.iter().take(2).map(Server::address).collect()))
    }

    fn client(&self) -> Arc<Redis> {
        Redis::new(self.settings()).unwrap()
    }

    /// On how many nodes something lies whose key has such a beginning.
    fn nodes_with(&self, pattern: &str) -> usize {
        let has = |node: &&Server| !node.ask::<Vec<String>>(&format!("KEYS {pattern}")).is_empty();
        self.0.iter().filter(has).count()
    }
}

quotas_suite!(async {
    let cluster = Cluster::new(&[]);
    let quotas: Arc<dyn Quotas> = cluster.client();
    (cluster, quotas)
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_exact_on_three_masters() {
    let cluster = Cluster::new(&[]);
    let clients: Vec<Arc<Redis>> = (0..3).map(|_| cluster.client()).collect();
    let granted: Arc<Vec<AtomicU64>> = Arc::new((0..20).map(|_| AtomicU64::new(0)).collect());
    let task = |task: usize| {
        let quotas: Arc<dyn Quotas> = Arc::<Redis>::clone(&clients[task % 3]);
        let granted = Arc::clone(&granted);
        tokio::spawn(async move {
            for index in 0..100 {
                let caller = (task + index) % 20;
                let key = |what: &str| format!("route\u{1f}{what}\u{1f}{caller}");
                let wants = [want(&key("requests"), DAY, 50, 1), want(&key("tokens"), DAY, 1000, 7)];
                let id = format!("{task}-{index}");
                if is_granted(&reserve(&quotas, &id, &wants).await) {
                    granted[caller].fetch_add(1, Ordering::Relaxed);
                    quotas.settle(&id, &[1, 5]).await.unwrap();
                }
            }
        })
    };
    let tasks: Vec<_> = (0..30).map(task).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let granted: HashSet<u64> = granted.iter().map(|granted| granted.load(Ordering::Relaxed)).collect();
    assert_eq!(granted, HashSet::from([50]));
    assert_eq!(cluster.nodes_with("tidegate:q:*"), 3, "the counters lie on all nodes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_in_one_slot_takes_back_what_others_granted() {
    let cluster = Cluster::new(&[]);
    let [quotas, other]: [Arc<dyn Quotas>; 2] = [cluster.client(), cluster.client()];
    let keys: Vec<String> = (0..12).map(|key| format!("k{key}")).collect();
    let wants = |amount: u64, last: u64| {
        let limit = |key: &String| want(key, DAY, 10, if *key == keys[11] { last } else { amount });
        keys.iter().map(limit).collect::<Vec<_>>()
    };
    let refused = reserve(&quotas, "1", &wants(3, 11)).await;
    assert!(matches!(refused, Reserved::Refused { want: 11, again: None, .. }), "{refused:?}");
    assert_eq!(remaining(&refused), [10; 12]);
    for key in &wants(0, 0) {
        assert_eq!(left(&quotas, key).await, 10);
    }
    // An id that was refused may try again, and counts.
    assert_eq!(remaining(&reserve(&quotas, "1", &wants(3, 3)).await), [7; 12]);
    quotas.settle("1", &[0; 12]).await.unwrap();
    let granted = reserve(&quotas, "2", &wants(4, 4)).await;
    assert_eq!(remaining(&granted), [6; 12]);
    assert_eq!(remaining(&reserve(&other, "2", &wants(4, 4)).await), [6; 12], "the same once more");
    let actual: Vec<u64> = (0..12).collect();
    other.settle("2", &actual).await.unwrap();
    quotas.settle("2", &[0; 12]).await.unwrap();
    for (key, used) in wants(0, 0).iter().zip(actual) {
        assert_eq!(left(&quotas, key).await, 10_u64.saturating_sub(used));
    }
    let refused = reserve(&quotas, "3", &wants(1, 1)).await;
    assert!(standings(&refused).iter().all(|standing| standing.reset <= Duration::from_secs(90_000)));
    let Reserved::Refused { want: 10 | 11, again: Some(_), .. } = refused else { panic!("{refused:?}") };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_and_records_lie_where_they_belong() {
    let cluster = Cluster::new(&[]);
    let (store, other) = (cluster.client(), cluster.client());
    for index in 0..50 {
        let key = format!("plugin\u{1f}p\u{1f}{index}{{x}}");
        store.set(&key, Bytes::from("v"), None, Some(0)).await.unwrap().unwrap();
        assert_eq!(store.increment(&format!("n{index}"), 2, None).await, Ok(2));
        assert!(other.get(&key).await.unwrap().is_some());
        let table = format!("t{}", index % 5);
        store.put(&table, &index.to_string(), Bytes::from("r"), None).await.unwrap().unwrap();
    }
    assert_eq!(other.all("t0").await.unwrap().len(), 10);
    assert_ne!(other.revision("t0").await, Ok(0));
    assert_eq!(other.changes("t0", 0).await.unwrap().unwrap().put.len(), 10);
    assert_eq!(cluster.nodes_with("tidegate:v:*"), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_is_missed_until_it_is_back() {
    let mut cluster = Cluster::new(&["--appendonly", "yes", "--appendfsync", "always"]);
    let settings = RedisSettings { timeout: Duration::from_millis(200), ..cluster.settings() };
    let store = Redis::new(settings).unwrap();
    let quotas: Arc<dyn Quotas> = Arc::<Redis>::clone(&store);
    wait_until("the cluster", async || store.get("k").await.is_ok()).await;
    let patient: Arc<dyn Quotas> = cluster.client();
    let keys: Vec<String> = (0..30).map(|key| format!("k{key}")).collect();
    for key in &keys {
        assert!(is_granted(&reserve(&patient, key, &[want(key, DAY, 10, 4)]).await));
    }
    cluster.0[0].kill();
    let mut failed = 0;
    for key in &keys {
        failed +=
            usize::from(quotas.reserve(&format!("down-{key}"), &[want(key, DAY, 10, 0)]).await.is_err());
        quotas.settle(key, &[1]).await.unwrap();
    }
    assert!((1..30).contains(&failed), "{failed} of 30 cannot be reached");
    cluster.0[0].start_again();
    wait_until("every node", async || {
        let mut are_all = true;
        for key in &keys {
            are_all &= quotas.reserve(&format!("back-{key}"), &[want(key, DAY, 10, 0)]).await.is_ok();
        }
        are_all
    })
    .await;
    wait_until("the delivery", async || store.waiting() == 0).await;
    for key in &keys {
        assert_eq!(left(&patient, &want(key, DAY, 10, 0)).await, 9, "{key}");
    }
}
