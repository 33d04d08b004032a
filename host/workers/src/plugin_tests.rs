// Processes as they behave and misbehave. The worker is written against the protocol's page alone, in Python, which the tests of
// this repository need anyway.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};
use tidegate_contract::{
    BodyChange, Context, Hook, Hooks, JsonEdit, Judged, Judgement, Text, TransformVerdict,
};
use tidegate_pipeline::{
    Backing, Call, Capabilities, Document, HookError, HttpClient, HttpRequest, Limits, LoadError, Models,
    NoAnswer, Payload, Plugin, PluginMetrics, Process, Question, Scope, Services, Setup,
};
use tokio::time::{sleep, timeout};

use super::{Package, configure};
use crate::launch::Launch;

const SOON: Duration = Duration::from_secs(20);

struct Nothing;

impl HttpClient for Nothing {
    fn send<'a>(
        &'a self,
        _request: &'a HttpRequest,
    ) -> futures_util::future::BoxFuture<'a, Result<tidegate_contract::Reply, NoAnswer>> {
        Box::pin(std::future::ready(Err(NoAnswer::Timeout)))
    }
}

impl Models for Nothing {
    fn ask<'a>(&'a self, _: Question<'a>) -> futures_util::future::BoxFuture<'a, Result<String, NoAnswer>> {
        Box::pin(std::future::ready(Err(NoAnswer::Failed("nobody".into()))))
    }
}

impl PluginMetrics for Nothing {
    fn count(&self, _plugin: &str, _name: &str, _by: f64, _labels: &[(String, String)]) {}

    fn observe(&self, _plugin: &str, _name: &str, _value: f64, _labels: &[(String, String)]) {}
}

fn setup(config: &Value, workers: usize) -> Setup {
    let backing = Backing {
        kv: Arc::new(tidegate_store::MemoryStore::default()),
        http: Arc::new(Nothing),
        metrics: Arc::new(Nothing),
        models: Arc::new(Nothing),
    };
    let granted = Capabilities { kv: true, ..Capabilities::default() };
    Setup {
        config: config.to_string().into(),
        services: Services::new("test".into(), granted, BTreeMap::new(), backing),
        hooks: [Hook::ModerateInput, Hook::TransformRequest].into_iter().collect::<Hooks>(),
        limits: Limits { output: 64 * 1024, configure: Duration::from_secs(5), ..Limits::default() },
        max_instances: 16,
        process: Process { workers, ..Process::default() },
        native: tidegate_pipeline::Native::default(),
        per_request: false,
    }
}

async fn configured(config: Value, workers: usize) -> Result<Arc<dyn Plugin>, LoadError> {
    configured_as(setup(&config, workers)).await
}

async fn configured_as(setup: Setup) -> Result<Arc<dyn Plugin>, LoadError> {
    let worker = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/worker_tests.py");
    let launch = Launch {
        program: "python3".into(),
        args: vec!["-I".into(), "-S".into(), worker.into()],
        folder: "/".into(),
    };
    let package = Package { id: "test".into(), entry: "worker.py".into(), windows: None };
    configure(launch, package, setup, Arc::new(())).await
}

async fn plugin(workers: usize) -> Arc<dyn Plugin> {
    configured(json!({}), workers).await.unwrap()
}

/// What a worker answers to a text, within this deadline.
async fn judged(plugin: &Arc<dyn Plugin>, what: &str, deadline: Duration) -> Result<Judged, HookError> {
    let scope = Scope::new("request-1", Arc::default());
    let context = Context { deadline, ..Context::new("request-1") };
    let texts = [Text {
        id: 0,
        role: "user",
        kind: "text",
        content: what.into(),
        start: 0,
        released: 0,
        complete: true,
        new_turn: true,
    }];
    let call = Call { context, scope: &scope };
    timeout(deadline, plugin.moderate_input(call, &texts)).await.unwrap_or(Err(HookError::Deadline(deadline)))
}

async fn reason(plugin: &Arc<dyn Plugin>, what: &str) -> String {
    match judged(plugin, what, SOON).await.unwrap().judgement {
        Judgement::Block(reason) => reason,
        other => panic!("{other:?}"),
    }
}

async fn serves(plugin: &Arc<dyn Plugin>) {
    assert_eq!(judged(plugin, "", SOON).await.unwrap(), Judged::default());
}

fn is_there(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..400 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(25)).await;
    }
    panic!("not within 10 s: {what}");
}

#[tokio::test]
async fn a_worker_answers_and_asks() {
    let plugin = plugin(1).await;
    serves(&plugin).await;
    assert_eq!(reason(&plugin, "note").await, "{'ok': True} b'\\x00\\xff'");
    assert_eq!(reason(&plugin, "store").await, "[{'ok': 1}, {'ok': 5}, ({'ok': {'version': 2}}, b'5')]");
    assert!(!reason(&plugin, "environment").await.contains("CARGO"));
    assert_eq!(reason(&plugin, "limits").await, "{'output': 65536}");
}

#[tokio::test]
async fn bodies_of_any_size_come_back_as_they_were() {
    let plugin = plugin(1).await;
    for size in [10, 60_000] {
        let scope = Scope::new("request-1", Arc::default());
        let context = Context { deadline: SOON, ..Context::new("request-1") };
        let text = format!("{{\"a\":\"{}\"}}", "x".repeat(size));
        let document = Document::new(text.clone().into());
        let headers = HeaderMap::new();
        let call = Call { context, scope: &scope };
        let verdict = plugin.transform_request(call, &headers, Payload::Whole(&document)).await.unwrap();
        let TransformVerdict::Changed(change) = verdict else { panic!("{verdict:?}") };
        assert_eq!(change.body, Some(BodyChange::Replace(text)));
    }
}

#[tokio::test]
async fn a_large_body_travels_as_a_descriptor() {
    let plugin = plugin(1).await;
    let scope = Scope::new("request-1", Arc::default());
    let context = Context { deadline: SOON, ..Context::new("request-1") };
    let text = format!("{{\"a\":\"{}\"}}", "x".repeat(3_000_000));
    let sum: u64 = text.bytes().map(u64::from).sum();
    let document = Document::new(text.clone().into());
    let headers = HeaderMap::new();
    let call = Call { context, scope: &scope };
    let verdict = plugin.transform_request(call, &headers, Payload::Whole(&document)).await.unwrap();
    let TransformVerdict::Changed(change) = verdict else { panic!("{verdict:?}") };
    let Some(BodyChange::Edits(edits)) = change.body else { panic!("{:?}", change.body) };
    let JsonEdit::Set(set) = &edits[0] else { panic!("{edits:?}") };
    let found: Value = serde_json::from_str(&set.value).unwrap();
    assert_eq!(found, json!({"length": text.len(), "sum": sum}));
}

#[tokio::test]
async fn what_is_never_answered_ends_at_its_deadline_with_its_worker() {
    let plugin = plugin(1).await;
    let before = reason(&plugin, "pid").await;
    let late = judged(&plugin, "loop", Duration::from_millis(200)).await;
    assert!(matches!(late, Err(HookError::Deadline(_))), "{late:?}");
    serves(&plugin).await;
    assert!(!is_there(&before));
    assert_ne!(reason(&plugin, "pid").await, before);
}

#[tokio::test]
async fn a_client_that_leaves_costs_no_worker() {
    let plugin = plugin(1).await;
    let before = reason(&plugin, "pid").await;
    let left = timeout(Duration::from_millis(50), judged(&plugin, "slow", SOON)).await;
    assert!(left.is_err());
    assert_eq!(reason(&plugin, "pid").await, before);
}

#[tokio::test]
async fn a_death_is_the_end_of_one_call() {
    let plugin = plugin(2).await;
    for what in ["exit", "garbage"] {
        let answered = judged(&plugin, what, SOON).await;
        assert!(matches!(answered, Err(HookError::Trapped(_))), "{what}: {answered:?}");
        serves(&plugin).await;
    }
    let huge = judged(&plugin, "huge", SOON).await;
    assert!(matches!(huge, Err(HookError::Output(65536))), "{huge:?}");
    serves(&plugin).await;
    let nobody = judged(&plugin, "nobody", SOON).await;
    assert!(matches!(nobody, Err(HookError::Trapped(_))), "{nobody:?}");
    serves(&plugin).await;
}

#[tokio::test]
async fn a_verdict_that_is_too_large_costs_no_worker() {
    let plugin = plugin(1).await;
    let before = reason(&plugin, "pid").await;
    assert!(matches!(judged(&plugin, "large", SOON).await, Err(HookError::Output(65536))));
    assert_eq!(reason(&plugin, "pid").await, before);
}

#[tokio::test]
async fn memory_is_refused_beyond_the_limit() {
    let plugin = plugin(1).await;
    let failed = judged(&plugin, "memory", SOON).await;
    assert!(matches!(failed, Err(HookError::Failed(text)) if text == "MemoryError"));
    serves(&plugin).await;
}

#[tokio::test]
async fn whatever_is_printed_nobody_waits_for_it() {
    let plugin = plugin(1).await;
    assert!(judged(&plugin, "print", SOON).await.is_ok());
    serves(&plugin).await;
}

#[tokio::test]
async fn a_killed_worker_is_replaced_and_the_group_ends_with_the_plugin() {
    let plugin = plugin(1).await;
    assert!(judged(&plugin, "fork", SOON).await.is_ok());
    let pid = reason(&plugin, "pid").await;
    let number = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    let group = || {
        let all =
            fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        all.filter(|name| {
            let stat = fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
            let rest = stat.rsplit(") ").next().unwrap_or_default().to_owned();
            let fields: Vec<_> = rest.split(' ').collect();
            fields.get(2) == Some(&pid.as_str()) && fields[0] != "Z"
        })
        .count()
    };
    assert_eq!(group(), 2);
    rustix::process::kill_process(number, rustix::process::Signal::STOP).unwrap();
    assert!(judged(&plugin, "", Duration::from_millis(300)).await.is_err());
    serves(&plugin).await;
    until("the first worker and its child are gone", || group() == 0).await;
    let next = reason(&plugin, "pid").await;
    drop(plugin);
    until("the worker ends with its plugin", || !is_there(&next)).await;
}

#[tokio::test]
async fn many_calls_wait_for_few_workers() {
    let plugin = plugin(2).await;
    let calls = (0..100).map(|_| {
        let plugin = Arc::clone(&plugin);
        tokio::spawn(async move { judged(&plugin, "", SOON).await.is_ok() })
    });
    let answers = futures_util::future::join_all(calls.collect::<Vec<_>>()).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap()));
}

async fn refused(config: Value) -> String {
    configured(config, 1).await.map(|_| ()).unwrap_err().to_string()
}

#[tokio::test]
async fn a_worker_that_is_never_ready_is_one_sentence() {
    assert_eq!(refused(json!({"refuse": "\"a\" is wrong"})).await, "configure failed: \"a\" is wrong");
    let died = refused(json!({"die": 1})).await;
    assert!(died.contains("its worker was never ready: its process ended with exit status 3;"), "{died}");
    let killed = refused(json!({"kill": 1})).await;
    assert!(killed.contains("its process was ended by signal 9 (SIGKILL)"), "{killed}");
    let closed = refused(json!({"close": 1})).await;
    assert!(closed.contains("its worker was never ready: it closed its connection"), "{closed}");
    assert!(refused(json!({"never": 1})).await.contains("it was not ready within 5000 ms; "));
    assert!(refused(json!({"hooks": ["admit"]})).await.contains("which plugin.toml does not list"));
    assert!(refused(json!({"hooks": ["nonsense"]})).await.contains("subscribes to \"nonsense\""));
}

#[tokio::test]
async fn an_instance_for_each_request_is_refused() {
    let setup = Setup { per_request: true, ..setup(&json!({}), 1) };
    let told = configured_as(setup).await.map(|_| ()).unwrap_err().to_string();
    assert!(told.starts_with("\"instance\" is \"per_request\", and its instances are processes"), "{told}");
}

#[tokio::test]
async fn the_time_to_be_ready_can_be_set() {
    let mut setup = setup(&json!({"never": 1}), 1);
    setup.limits.configure = Duration::from_millis(300);
    let told = configured_as(setup).await.map(|_| ()).unwrap_err().to_string();
    assert!(told.contains("it was not ready within 300 ms"), "{told}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_one_sentence() {
    let launch = Launch { program: "/nowhere/python".into(), args: Vec::new(), folder: "/".into() };
    let package = Package { id: "test".into(), entry: String::new(), windows: None };
    let made = configure(launch, package, setup(&json!({}), 1), Arc::new(())).await;
    let told = made.map(|_| ()).unwrap_err().to_string();
    assert!(told.contains("\"/nowhere/python\" cannot be started"), "{told}");
}
