use std::path::Path;

use super::{EmbeddedSource, Lack, Machine, python, requirement, text};
use crate::source::ConfigSource;

fn lack(runtime: &'static str) -> Lack {
    Lack { plugin: "p", runtime, reason: String::new() }
}

#[test]
fn lines_of_a_runtime_that_is_not_there_are_left_out() {
    let whole = "a: 1 # python\nb: 2 # native\nc: 3 # a native plugin\n";
    assert_eq!(text(whole, &[]), whole);
    assert_eq!(text(whole, &[lack("native")]), "a: 1 # python\nc: 3 # a native plugin\n");
    assert_eq!(text(whole, &[lack("native"), lack("python")]), "c: 3 # a native plugin\n");
}

#[test]
fn a_bare_machine_names_what_it_lacks_and_has_no_trace_of_it() {
    let machine = Machine::bare();
    let lacks: Vec<_> = machine.lacks().into_iter().map(|lack| (lack.plugin, lack.runtime)).collect();
    assert_eq!(lacks, [("profanity-filter", "python"), ("hmac-auth", "native")]);
    let source = EmbeddedSource::unpack(&machine).unwrap();
    let text = source.read().unwrap().text;
    assert!(text.contains("prompt-decorator") && text.contains("pii-redact") && text.contains("auth_filter"));
    for left in ["profanity-filter", "hmac-auth", "allow_native", "python:"] {
        assert!(!text.contains(left), "{left}");
    }
    assert!(!source.read().unwrap().base.join("plugins/hmac-auth").exists());
}

#[tokio::test]
async fn what_is_wrong_with_python_is_said_with_what_to_do() {
    let told = python(Some(Path::new("/does/not/exist"))).await.unwrap_err();
    assert!(
        told.starts_with("no Python: \"/does/not/exist\" is no interpreter of version 3.10 or newer"),
        "{told}"
    );
    let told = python(Some(Path::new("bin/python"))).await.unwrap_err();
    assert_eq!(told, "TIDEGATE_QUICKSTART_PYTHON is \"bin/python\"; give the whole path");
}

#[test]
fn the_requirement_has_its_version() {
    assert!(requirement().starts_with("badwords-py=="));
}
