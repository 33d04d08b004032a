use std::fmt::Write as _;
use std::fs;

use tidegate_config::Source;
use tidegate_runtime_wasm::Compilation;

use crate::assemble::environment;
use crate::filters::Kinds;
use crate::plugins::Facts;
use crate::runtimes;

const MANIFEST: &str = "[plugin]\nid = \"guard\"\nversion = \"1.0.0\"\nruntime = \"lua\"\nentry = \"plugin.lua\"\ncontract = \"0.1\"\nhooks = [\"moderate_input\"]\n";
const PLUGIN: &str = "local M = {}\nfunction M.moderate_input(ctx, texts) end\nreturn M\n";

/// Five routes with a filter of the plugin each, with two configurations among them.
fn five_routes() -> String {
    let mut text = "clusters: {local: {provider: mock}}\nplugins: {guard: {path: guard}}\nvirtual_services:\n  - name: chat\n    hosts: [\"*\"]\n    routes:\n".to_owned();
    for number in 0..5 {
        let filter = format!("{{plugin: {{name: guard, config: {{which: {}}}}}}}", number % 2);
        let _ = writeln!(
            text,
            "      - {{name: r{number}, match: {{model: m{number}}}, backends: [{{cluster: local}}], filters: [{filter}]}}"
        );
    }
    text
}

#[tokio::test]
async fn five_routes_with_two_configurations_make_two_pools_however_often_they_are_loaded() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("guard")).unwrap();
    fs::write(folder.path().join("guard/plugin.toml"), MANIFEST).unwrap();
    fs::write(folder.path().join("guard/plugin.lua"), PLUGIN).unwrap();
    let source = Source { name: "tidegate.yaml".into(), text: five_routes(), base: folder.path().into() };
    let config = tidegate_config::load(&source, &environment, &Kinds::builtin()).unwrap().config;
    let plugins = runtimes::plugins(
        &tidegate_telemetry::Metrics::new().unwrap(),
        &std::sync::Arc::default(),
        Compilation::Optimizing,
        &crate::stores::Stores::memory(),
    )
    .unwrap();
    let mut live = plugins.prepare(&config, &source.name, None).await;
    assert!(live.problems.is_empty(), "{:?}", live.problems);
    for _ in 0..1000 {
        let next = plugins.prepare(&config, &source.name, None).await;
        plugins.publish(next.table.clone(), Facts::of(&config));
        live = next;
        assert_eq!(plugins.configured_count(), 2);
    }
    drop(live);
    assert_eq!(plugins.configured_count(), 0);
}
