use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::HeaderMap;
use tidegate_contract::{AdmissionVerdict, Hook, Hooks, Judgement, Need, Outcome, TransformVerdict, Usage};
use tidegate_pipeline::{Code, LoadError, Package, Payload, Process, Runtime};

use super::{Compilation, WasmRuntime};
use crate::testing::{Bench, alice, call, document, folder, hostile, pii_redact, runtime, scope, text};

const SECONDS: Duration = Duration::from_secs(20);

/// The package with each of these byte strings in its entry in place of the other, which is as long.
fn patched(mut package: Package, from: &str, to: &str) -> Package {
    assert_eq!(from.len(), to.len());
    let mut bytes = package.entry.to_vec();
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(from.len()).position(|window| window == from.as_bytes()) {
        bytes[at + found..at + found + from.len()].copy_from_slice(to.as_bytes());
        at += found + from.len();
    }
    package.entry = bytes.into();
    package
}

async fn refused(package: Package) -> LoadError {
    Bench::new(package, "{}").refused().await
}

#[tokio::test]
async fn the_marketplace_plugin_masks_an_address() {
    let plugin = Bench::new(pii_redact(), r#"{"replace_with": "[{category}]"}"#).load().await.unwrap();
    let hooks = plugin.subscription().hooks;
    assert_eq!(hooks, [Hook::ModerateInput, Hook::ModerateOutput].into_iter().collect::<Hooks>());
    let scope = scope();
    let texts = [text("größer: alice@example.com")];
    let judged = plugin.moderate_input(call("r", &scope, SECONDS), &texts).await.unwrap();
    let Judgement::Edit(edits) = &judged.judgement else { panic!("{judged:?}") };
    assert_eq!((edits[0].start, edits[0].end, edits[0].replacement.as_str()), (10, 27, "[email]"));
    assert_eq!(judged.findings[0].category, "email");
    let judged = plugin.moderate_output(call("r", &scope, SECONDS), &[text("nothing")], true).await.unwrap();
    assert_eq!(judged.judgement, Judgement::Allow);
}

#[tokio::test]
async fn the_marketplace_plugin_keeps_its_cases() {
    keeps_its_cases(runtime()).await;
}

#[tokio::test]
async fn the_marketplace_plugin_keeps_its_cases_where_it_was_compiled_fast() {
    let cache = tempfile::tempdir().unwrap();
    let fast = WasmRuntime::with_cache(Compilation::Fast, Some(cache.path().join("cache"))).unwrap();
    keeps_its_cases(&fast).await;
    // Code of another compiler is other code.
    let optimizing =
        WasmRuntime::with_cache(Compilation::Optimizing, Some(cache.path().join("cache"))).unwrap();
    optimizing.load(&pii_redact()).await.unwrap();
    assert_eq!(std::fs::read_dir(cache.path().join("cache")).unwrap().count(), 2);
}

#[tokio::test]
async fn what_no_compiler_knows_is_refused_by_the_last_in_a_sentence() {
    let fast = WasmRuntime::with_cache(Compilation::Fast, None).unwrap();
    let mut package = pii_redact();
    package.entry = b"local x = 1".as_slice().into();
    let Err(error) = fast.load(&package).await else { panic!("it was loaded") };
    assert!(error.to_string().contains("it is no WASM component; check \"entry\""), "{error}");
}

async fn keeps_its_cases(runtime: &WasmRuntime) {
    let package = pii_redact();
    let code = runtime.load(&package).await.unwrap();
    for case in tidegate_testkit::cases(&folder("plugins/pii-redact").join("cases")).unwrap() {
        if let Err(mismatch) =
            tidegate_testkit::run(&case, &*code, &package.manifest, &Process::default()).await
        {
            panic!("{mismatch}");
        }
    }
}

#[tokio::test]
async fn hooks_of_every_kind_reach_the_guest() {
    let plugin = Bench::new(hostile(), "{}").load().await.unwrap();
    let (scope, alice, headers) = (scope(), alice(), HeaderMap::new());
    let mut call = call("r", &scope, SECONDS);
    call.context.principal = Some(&alice);
    let admitted = plugin.admit(call, Usage::default()).await.unwrap();
    assert_eq!(admitted, AdmissionVerdict::Admitted(Some("1".into())));
    plugin.settle(call, "1", Usage::default()).await.unwrap();
    plugin.completed(call, &Outcome::default()).await.unwrap();
    let body = document(r#"{"model": "gpt"}"#);
    let verdict = plugin.transform_request(call, &headers, Payload::Whole(&body)).await.unwrap();
    let TransformVerdict::Reply(reply) = verdict else { panic!("{verdict:?}") };
    assert_eq!(reply.body, b"0 headers, 16 bytes");
}

#[tokio::test]
async fn a_configuration_narrows_what_is_asked_for() {
    let wants =
        async |config: &str| Bench::new(hostile(), config).load().await.unwrap().subscription().clone();
    assert_eq!(wants("{}").await.request_body, Need::Nothing);
    assert_eq!(wants(r#"{"subscribe": "whole"}"#).await.request_body, Need::Whole);
    let fields = Need::Fields(vec!["/model".into(), "/messages".into()]);
    assert_eq!(wants(r#"{"subscribe": "fields"}"#).await.request_body, fields);
}

#[tokio::test]
async fn more_than_the_manifest_lists_is_refused() {
    let mut package = hostile();
    package.manifest.hooks = Hooks::NONE.with(Hook::Admit).with(Hook::Settle);
    let error = refused(package).await;
    assert!(
        matches!(&error, LoadError::Subscription(text) if text.contains("\"transform_request\"")),
        "{error}"
    );
}

#[tokio::test]
async fn a_hook_without_its_interface_is_refused() {
    let mut package = hostile();
    package.manifest.hooks = package.manifest.hooks.with(Hook::Authenticate);
    let error = Bench::new(package, r#"{"subscribe": "absent"}"#).refused().await;
    assert!(
        matches!(&error, LoadError::Subscription(text) if text.contains("does not export \"auth\"")),
        "{error}"
    );
}

#[tokio::test]
async fn all_instances_must_want_the_same() {
    let plugin = Bench::new(hostile(), r#"{"subscribe": "changing", "do": "trap"}"#).load().await.unwrap();
    let (scope, headers) = (scope(), HeaderMap::new());
    let ask = async |id| plugin.transform_request(call(id, &scope, SECONDS), &headers, Payload::Absent).await;
    ask("attack").await.unwrap_err();
    let error = ask("peace").await.unwrap_err().to_string();
    assert!(error.contains("another subscription"), "{error}");
}

#[tokio::test]
async fn per_request_instances_are_used_once() {
    let mut bench = Bench::new(hostile(), "{}");
    bench.per_request = true;
    let plugin = bench.load().await.unwrap();
    let (scope, headers) = (scope(), HeaderMap::new());
    for _ in 0..3 {
        plugin.transform_request(call("r", &scope, SECONDS), &headers, Payload::Absent).await.unwrap();
    }
}

#[tokio::test]
async fn imports_beyond_the_manifest_are_refused() {
    let mut package = hostile();
    package.manifest.capabilities.kv = false;
    let error = refused(package).await;
    assert!(matches!(&error, LoadError::Grants(text) if text.contains("tidegate:plugin/kv")), "{error}");
    assert!(error.to_string().contains("\"kv = true\""), "{error}");
}

#[tokio::test]
async fn another_version_of_the_contract_is_refused() {
    let error = refused(patched(hostile(), "@0.1.0", "@9.0.0")).await;
    assert!(matches!(&error, LoadError::Contract { found, .. } if found == "9.0.0"), "{error:?}");
}

#[tokio::test]
async fn imports_of_nobodys_are_refused() {
    let error = refused(patched(hostile(), "tidegate:plugin/kv@", "evilgate:plugin/kv@")).await;
    assert!(
        matches!(&error, LoadError::Code { cause, .. } if cause.contains("evilgate:plugin/kv@0.1.0")),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_no_component_is_refused() {
    let with = |bytes: &'static [u8]| Package { entry: bytes.into(), ..hostile() };
    let error = refused(with(b"\0asm\x01\0\0\0")).await.to_string();
    assert!(error.contains("core module"), "{error}");
    assert!(refused(with(b"print('hello')")).await.to_string().contains("no WASM component"));
    assert!(refused(with(b"\0asm\x0d\0\x01\0")).await.to_string().contains("lifecycle"));
    assert!(refused(with(b"\0asm\x0d\0\x01\0garbage")).await.to_string().contains("hostile.wasm"));
    let half = hostile().entry.len() / 2;
    let cut = Package { entry: hostile().entry.slice(..half), ..hostile() };
    assert!(matches!(refused(cut).await, LoadError::Code { .. }));
}

#[tokio::test]
async fn calls_at_once_have_instances_of_their_own() {
    let bench = Bench::new(hostile(), r#"{"do": "wait"}"#);
    let plugin = bench.load().await.unwrap();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let plugin = Arc::clone(&plugin);
            tokio::spawn(async move {
                let (scope, headers) = (scope(), HeaderMap::new());
                let asked =
                    plugin.transform_request(call("attack", &scope, SECONDS), &headers, Payload::Absent);
                tokio::time::timeout(SECONDS, asked).await
            })
        })
        .collect();
    while bench.fake.asked.load(Ordering::SeqCst) < 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (scope, headers) = (scope(), HeaderMap::new());
    plugin.transform_request(call("r", &scope, SECONDS), &headers, Payload::Absent).await.unwrap();
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn code_is_compiled_once_and_stored_for_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    for _ in 0..2 {
        let runtime = WasmRuntime::with_cache(Compilation::Optimizing, Some(cache.clone())).unwrap();
        let code: Arc<dyn Code> = runtime.load(&pii_redact()).await.unwrap();
        let bench = Bench::new(pii_redact(), "{}");
        code.configure(bench.setup()).await.unwrap();
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    }
    assert_eq!(runtime().name(), "wasm");
}
