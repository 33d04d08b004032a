//! Servers of tests, on loopback and on ports that the system chose.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Client, Connection, FromRedisValue};
use tempfile::TempDir;

use crate::{Redis, RedisSettings, Servers};

/// Where the programs are not at hand.
const HINT: &str = "the tests of the store need redis-server and redis-cli; on Debian: apt-get install redis-server redis-tools";

/// How long anything may take that a test waits for.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A server, killed with the test.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) dir: TempDir,
    arguments: Vec<String>,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until something is there.
#[track_caller]
pub(super) fn wait_for<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The same, for what happens on the runtime of the test.
pub(super) async fn wait_until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Server {
    /// One that forgets everything when it ends.
    pub(super) fn new(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let child = spawn(port, &dir, &arguments);
        let server = Self { port, dir, arguments, child };
        server.wait();
        server
    }

    /// One that has written what it answered.
    pub(super) fn durable() -> Self {
        Self::new(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn settings(&self) -> RedisSettings {
        patient(Servers::One(self.address()))
    }

    pub(super) fn client(&self) -> Arc<Redis> {
        Redis::new(self.settings()).unwrap()
    }

    /// A connection of the test's own.
    pub(super) fn connection(&self) -> Connection {
        connection(self.port)
    }

    pub(super) fn ask<T: FromRedisValue>(&self, words: &str) -> T {
        ask(&mut self.connection(), words)
    }

    /// As a loss of power would end it.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(super) fn start_again(&mut self) {
        self.child = spawn(self.port, &self.dir, &self.arguments);
        self.wait();
    }

    fn wait(&self) {
        if self.arguments.iter().any(|argument| argument == "--tls-port") {
            return;
        }
        wait_for("the server", || {
            let mut connection = Client::open(("127.0.0.1", self.port)).ok()?.get_connection().ok()?;
            let answer = redis::cmd("PING").query::<String>(&mut connection);
            // One with a password answers, too.
            answer.map_or_else(|error| error.to_string().contains("NOAUTH"), |_| true).then_some(())
        });
    }
}

pub(super) fn connection(port: u16) -> Connection {
    wait_for("a connection", || Client::open(("127.0.0.1", port)).ok()?.get_connection().ok())
}

/// A command, its words between spaces.
pub(super) fn ask<T: FromRedisValue>(connection: &mut Connection, words: &str) -> T {
    let mut words = words.split(' ');
    let mut command = redis::cmd(words.next().unwrap());
    words.for_each(|word| {
        command.arg(word);
    });
    command.query(connection).unwrap()
}

/// Where nothing is said of time, a busy machine is to fail no test.
pub(super) fn patient(servers: Servers) -> RedisSettings {
    RedisSettings { timeout: Duration::from_secs(5), ..RedisSettings::new(servers) }
}

fn spawn(port: u16, dir: &TempDir, arguments: &[String]) -> Child {
    let port = port.to_string();
    let mut command = Command::new("redis-server");
    command.args([
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--enable-debug-command",
        "local",
    ]);
    if !arguments.iter().any(|argument| argument == "--tls-port") {
        command.args(["--port", &port]);
    }
    let arguments = arguments.iter().map(|argument| argument.replace("PORT", &port));
    command.args(arguments).arg("--dir").arg(dir.path());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect(HINT)
}

/// Runs `redis-cli`.
pub(super) fn cli(arguments: &[&str]) -> String {
    let output = Command::new("redis-cli").args(arguments).output().expect(HINT);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {text}");
    text
}

/// A sentinel with its file, which it writes to.
pub(super) fn sentinel(file: &std::path::Path) -> Child {
    Command::new("redis-server")
        .arg(file)
        .arg("--sentinel")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect(HINT)
}
