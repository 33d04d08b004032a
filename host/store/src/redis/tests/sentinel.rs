use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tidegate_pipeline::{KeyValue, Quotas, Shape, Unit, Window};

use super::server::{Server, ask, connection, free_port, patient, sentinel, wait_for, wait_until};
use crate::suite::{left, remaining, reserve, want};
use crate::{Redis, RedisSettings, Servers};

const DAY: Window = Window { shape: Shape::Sliding, unit: Unit::Day };

/// A sentinel that watches a master and its replica.
struct Watched {
    port: u16,
    sentinel: Child,
    nodes: [Server; 2],
    _dir: TempDir,
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.sentinel.kill();
        let _ = self.sentinel.wait();
    }
}

impl Watched {
    fn new() -> Self {
        let master = Server::new(&[]);
        let replica = Server::new(&["--replicaof", "127.0.0.1", &master.port.to_string()]);
        wait_for("the replica", || {
            let told: String = replica.ask("INFO replication");
            told.contains("master_link_status:up").then_some(())
        });
        let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
        let file = dir.path().join("sentinel.conf");
        let lines = [
            format!("port {port}\nbind 127.0.0.1\nsentinel monitor ours 127.0.0.1 {} 1", master.port),
            "sentinel down-after-milliseconds ours 500\nsentinel failover-timeout ours 3000\n".to_owned(),
        ];
        std::fs::write(&file, lines.join("\n")).unwrap();
        let child = sentinel(&file);
        let watched = Self { port, sentinel: child, nodes: [master, replica], _dir: dir };
        wait_for("the sentinel", || {
            let told: String = ask(&mut connection(port), "INFO sentinel");
            told.contains("slaves=1").then_some(())
        });
        watched
    }

    fn client(&self) -> Arc<Redis> {
        // The first sentinel is not there.
        let nodes = vec![format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", self.port)];
        let servers = Servers::Sentinel { master: "ours".into(), nodes };
        Redis::new(RedisSettings { timeout: Duration::from_millis(200), ..patient(servers) }).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_master_is_found_and_found_again() {
    let mut watched = Watched::new();
    let redis = watched.client();
    let quotas: Arc<dyn Quotas> = Arc::<Redis>::clone(&redis);
    wait_until("the master", async || redis.get("k").await.is_ok()).await;
    assert_eq!(remaining(&reserve(&quotas, "1", &[want("a", DAY, 10, 4)]).await), [6]);
    wait_for("the replica", || {
        let kept: Vec<String> = watched.nodes[1].ask("KEYS tidegate:r:1");
        (!kept.is_empty()).then_some(())
    });
    watched.nodes[0].kill();
    quotas.settle("1", &[1]).await.unwrap();
    wait_until("the next master", async || redis.set("k", "v".into(), None, None).await.is_ok()).await;
    wait_until("the delivery", async || redis.waiting() == 0).await;
    assert_eq!(left(&quotas, &want("a", DAY, 10, 0)).await, 9);
}

/// The old master lives on as a replica, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_steps_down_is_left() {
    let watched = Watched::new();
    let redis = watched.client();
    wait_until("the master", async || redis.get("k").await.is_ok()).await;
    wait_for("a replica that can follow", || {
        let mut failover = redis::cmd("SENTINEL");
        failover.arg("FAILOVER").arg("ours").exec(&mut connection(watched.port)).ok()
    });
    // Who changes his role ends his connections.
    let role = |node: &Server| {
        let told = redis::cmd("INFO").arg("replication").query::<String>(&mut node.connection());
        told.ok().and_then(|told| told.lines().find_map(|line| line.strip_prefix("role:").map(str::to_owned)))
    };
    wait_for("the other master", || {
        let [first, second] = [0, 1].map(|node| role(&watched.nodes[node]));
        (second.as_deref() == Some("master") && first.as_deref() == Some("slave")).then_some(())
    });
    wait_until("a change", async || redis.set("k", "v".into(), None, None).await.is_ok()).await;
    assert!(!watched.nodes[1].ask::<Vec<String>>("KEYS tidegate:v:k").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_no_sentinel_knows_is_told() {
    let watched = Watched::new();
    let nodes = vec![format!("127.0.0.1:{}", watched.port)];
    let servers = Servers::Sentinel { master: "theirs".into(), nodes };
    let redis =
        Redis::new(RedisSettings { timeout: Duration::from_millis(300), ..patient(servers) }).unwrap();
    let told = redis.get("k").await.unwrap_err().to_string();
    assert!(told.contains("knows no master \"theirs\""), "{told}");
}
