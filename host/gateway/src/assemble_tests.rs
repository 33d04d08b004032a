use std::fs;
use std::path::Path;

use tidegate_runtime_wasm::Compilation;

use super::{AssembleError, check};
use crate::quickstart::{EmbeddedSource, Machine};
use crate::runtimes;
use crate::source::{ConfigSource, FileSource};

fn checked(source: &dyn ConfigSource) -> Result<(), AssembleError> {
    let plugins = runtimes::plugins(
        &tidegate_telemetry::Metrics::new().unwrap(),
        &std::sync::Arc::default(),
        Compilation::Optimizing,
        &crate::stores::Stores::memory(),
    )
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(check(source, &plugins))
}

fn lines_of(folder: &Path) -> Vec<String> {
    let source = FileSource::new(folder.join("tidegate.yaml"));
    let lines = checked(&source).err().map(|error| error.lines()).unwrap_or_default();
    let prefix = format!("{}/", folder.display());
    lines.into_iter().map(|line| line.replace(&prefix, "")).collect()
}

fn with_filter(settings: &str, keys: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "clusters: {{local: {{provider: mock}}}}\nvirtual_services:\n  - name: chat\n    hosts: [\"*\"]\n    filters:\n      - auth_filter: {settings}\n    routes:\n      - name: all\n        backends: [{{cluster: local}}]\n"
    );
    fs::write(folder.path().join("tidegate.yaml"), config).unwrap();
    fs::write(folder.path().join("keys.yaml"), keys).unwrap();
    lines_of(folder.path())
}

#[test]
fn the_quickstart_passes_without_what_this_machine_may_lack() {
    checked(&EmbeddedSource::unpack(&Machine::bare()).unwrap()).unwrap();
}

#[test]
fn the_quickstart_passes_with_all_that_this_machine_has() {
    let machine = Machine::look();
    checked(&EmbeddedSource::unpack(&machine).unwrap()).unwrap();
}

#[test]
fn a_keys_file_is_read_beside_the_configuration() {
    let settings = "{api_keys: {file: keys.yaml}}";
    assert_eq!(with_filter(settings, "keys: [{key: a, principal: a}]\n"), Vec::<String>::new());
}

#[test]
fn what_a_filter_finds_is_told_with_its_place_in_the_file() {
    let lines = with_filter("{api_keys: {keys: [{principal: a}]}}", "");
    assert_eq!(lines, ["tidegate.yaml:6:41: this entry has no key; give \"key\" or \"sha256\""]);
}

#[test]
fn what_is_wrong_in_a_keys_file_names_both_places() {
    let lines = with_filter("{api_keys: {file: keys.yaml}}", "keys: [{key: a, principle: a}]\n");
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| line.starts_with("tidegate.yaml:6:40: keys.yaml:1:")), "{lines:?}");
}

#[test]
fn a_file_that_is_not_there_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines_of(folder.path());
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("cannot be read"), "{lines:?}");
}
