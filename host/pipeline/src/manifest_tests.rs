use tidegate_contract::Hook;

use super::Manifest;

const GOOD: &str = r#"
[plugin]
id = "tidegate/pii-redact"
version = "0.1.0"
summary = "Masks"
license = "Apache-2.0"
runtime = "wasm"
entry = "pii_redact.wasm"
contract = "0.1"
hooks = ["moderate_input", "moderate_output"]
[stream]
mode = "carry"
max_match = 64
[capabilities]
http = []
kv = false
secrets = []
[config]
schema = "config.schema.json"
"#;

fn refused(from: &str, to: &str) -> String {
    let text = GOOD.replacen(from, to, 1);
    assert_ne!(text, GOOD);
    Manifest::parse(&text).unwrap_err().to_string()
}

#[test]
fn a_manifest_is_read() {
    let manifest = Manifest::parse(GOOD).unwrap();
    assert!(manifest.hooks.has(Hook::ModerateInput) && !manifest.hooks.has(Hook::Authenticate));
    assert_eq!((manifest.runtime.as_str(), manifest.entry.as_str()), ("wasm", "pii_redact.wasm"));
    assert_eq!(manifest.stream.unwrap().max_match, 64);
}

#[test]
fn what_is_unknown_is_named() {
    let cases = [
        ("\"moderate_input\"", "\"moderate_inputs\"", "unknown hook \"moderate_inputs\""),
        ("contract = \"0.1\"", "contract = \"9.0\"", "contract \"9.0\""),
        ("kv = false", "network = true", "network"),
        ("mode = \"carry\"", "mode = \"all\"", "unknown \"mode\" \"all\""),
        ("version = \"0.1.0\"", "verison = \"0.1.0\"", "verison"),
        ("entry = \"pii_redact.wasm\"", "entry = \"../x.wasm\"", "inside the package"),
        ("entry = \"pii_redact.wasm\"", "entry = \"/etc/passwd\"", "inside the package"),
        ("id = \"tidegate/pii-redact\"", "id = \"A B\"", "\"id\" must be"),
        ("hooks = [\"moderate_input\", \"moderate_output\"]", "hooks = []", "\"hooks\" is empty"),
    ];
    for (from, to, wanted) in cases {
        let text = refused(from, to);
        assert!(text.contains(wanted) && !text.contains('\n'), "{text}");
    }
}

#[test]
fn a_syntax_error_has_its_line() {
    assert!(refused("[stream]", "[stream").contains("line 11"), "{}", refused("[stream]", "[stream"));
}
