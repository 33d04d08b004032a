use tidegate_pipeline::{Capabilities, LoadError};

use super::import;

fn all() -> Capabilities {
    Capabilities {
        http: vec!["example.com".into()],
        kv: true,
        secrets: vec!["token".into()],
        metrics: true,
        models: vec!["judge".into()],
    }
}

#[test]
fn services_need_their_capability() {
    for interface in ["types", "info", "state", "log"] {
        import(&format!("tidegate:plugin/{interface}@0.1.0"), &Capabilities::default(), "x.wasm").unwrap();
    }
    for interface in ["metrics", "secrets", "kv", "http", "models"] {
        let name = format!("tidegate:plugin/{interface}@0.1.3");
        import(&name, &all(), "x.wasm").unwrap();
        let error = import(&name, &Capabilities::default(), "x.wasm").unwrap_err();
        let LoadError::Grants(text) = &error else { panic!("{error:?}") };
        assert!(text.contains(interface) && text.contains("[capabilities]"), "{text}");
    }
}

#[test]
fn other_versions_are_another_contract() {
    for version in ["9.0.0", "0.2.0", "0.1", "0.1.0-rc.1", "0.10.0", ""] {
        let error = import(&format!("tidegate:plugin/log@{version}"), &all(), "x.wasm").unwrap_err();
        assert!(
            matches!(&error, LoadError::Contract { found, .. } if found == version),
            "{version}: {error:?}"
        );
    }
    assert!(matches!(import("tidegate:plugin/log", &all(), "x.wasm"), Err(LoadError::Contract { .. })));
}

#[test]
fn wasi_is_linked_but_for_what_reaches_the_network() {
    import("wasi:clocks/monotonic-clock@0.2.6", &Capabilities::default(), "x.wasm").unwrap();
    for name in [
        "wasi:http/outgoing-handler@0.2.6",
        "wasi:cli/run@0.3.0",
        "wasi_snapshot_preview1",
        "env",
        "tidegate:plugin/fs@0.1.0",
    ] {
        let error = import(name, &all(), "x.wasm").unwrap_err();
        let interface = name.split('@').next().unwrap();
        assert!(
            matches!(&error, LoadError::Code { cause, .. } if cause.contains(interface)),
            "{name}: {error}"
        );
    }
}
