use tidegate_pipeline::Runtime;

use crate::LuaRuntime;
use crate::testing::{Bench, refused};

#[tokio::test]
async fn only_text_that_compiles_is_loaded() {
    assert_eq!(LuaRuntime::new().name(), "lua");
    let compiled = mlua::chunk::Compiler::new().compile("return {}").unwrap();
    let mut bench = Bench::new("admit", "");
    let mut package = bench.package();
    for bytes in [compiled, b"\x1bLua".to_vec(), b"return '\xff'".to_vec(), b"\x06".to_vec()] {
        package.entry = bytes.into();
        let text = LuaRuntime.load(&package).await.err().unwrap().to_string();
        assert!(text.starts_with("\"plugin.lua\" cannot be loaded: it is no text in UTF-8"), "{text}");
    }
    bench.source = "local M = {\nreturn M".into();
    let text = refused(bench).await;
    assert!(text.starts_with("\"plugin.lua\" cannot be loaded: line 2: "), "{text}");
    let text = refused(Bench::new("admit", format!("-- {}", "x".repeat(1024 * 1024)))).await;
    assert!(text.contains("larger than 1024 KiB"), "{text}");
}

#[tokio::test]
async fn a_module_that_fails_or_is_none_is_refused() {
    let cases = [
        ("error('broken')", "\"plugin.lua\" cannot be loaded: plugin.lua:1: broken"),
        ("local x = nil; x.y = 1", "\"plugin.lua\" cannot be loaded: plugin.lua:1: attempt to index nil"),
        ("return 3", "it returns a integer; end it with \"return M\""),
        ("", "it returns a nil; end it with \"return M\""),
        ("return {configure = 3, admit = print}", "\"configure\" is a integer; make it a function"),
    ];
    for (source, wanted) in cases {
        let text = refused(Bench::new("admit", source)).await;
        assert!(text.contains(wanted), "{source}: {text}");
    }
}

#[tokio::test]
async fn configure_refuses_with_a_sentence() {
    let source =
        "return {configure = function(c) error(`\"words\" of {c.n} is empty`, 0) end, admit = print}";
    let mut bench = Bench::new("admit", source);
    bench.config = r#"{"n":"x"}"#;
    assert_eq!(refused(bench).await, "configure failed: \"words\" of x is empty");
}
