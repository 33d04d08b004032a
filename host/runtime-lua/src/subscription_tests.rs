use tidegate_contract::{Hook, Hooks, Need, Subscription, Windows};

use crate::testing::{Bench, refused};

const ALL: &str = "authenticate transform_request transform_response moderate_output";

async fn subscription(hooks: &'static str, source: &str) -> Subscription {
    Bench::new(hooks, source).load().await.unwrap().subscription().clone()
}

fn module(functions: &[&str], configured: &str) -> String {
    let functions: Vec<_> = functions.iter().map(|name| format!("{name} = function() end")).collect();
    format!("return {{ configure = function() return {configured} end, {} }}", functions.join(", "))
}

#[tokio::test]
async fn what_is_written_is_subscribed() {
    let two =
        subscription(ALL, "return {authenticate = print, moderate_output = print, helper = print}").await;
    let hooks: Hooks = [Hook::Authenticate, Hook::ModerateOutput].into_iter().collect();
    assert_eq!(two, Subscription::to(hooks));
    let bodies = subscription(ALL, &module(&["transform_request", "transform_response"], "nil")).await;
    assert_eq!((bodies.request_body, bodies.response_body), (Need::Whole, Need::Whole));
    let one = subscription(ALL, &module(&["transform_response"], "nil")).await;
    assert_eq!((one.request_body, one.response_body), (Need::Nothing, Need::Whole));
}

#[tokio::test]
async fn configure_narrows() {
    let source = module(
        &["authenticate", "transform_request", "completed"],
        r#"{hooks = {"transform_request"}, request_body = {"/model", ""}, body_digest = true, dialects = {"chat"}}"#,
    );
    let narrowed = subscription(ALL, &source).await;
    assert_eq!(narrowed.hooks, Hooks::NONE.with(Hook::TransformRequest));
    assert_eq!(narrowed.request_body, Need::Fields(vec!["/model".into(), String::new()]));
    assert!(narrowed.body_digest);
    assert_eq!(narrowed.dialects, ["chat"]);
    let source = module(&["transform_request"], r#"{request_body = "nothing", response_body = "whole"}"#);
    let bodies = subscription(ALL, &source).await;
    assert_eq!((bodies.request_body, bodies.response_body), (Need::Nothing, Need::Whole));
    let none = subscription(ALL, &module(&["authenticate"], "{hooks = {}}")).await;
    assert!(none.hooks.is_empty());
}

#[tokio::test]
async fn windows_begin_with_the_manifest() {
    let source = module(&["moderate_output"], "{windows = {max_match = 9}}");
    let mut bench = Bench::new(ALL, source);
    bench.more = "[stream]\nmode = \"carry\"\nmax = 100\n";
    let windows = bench.load().await.unwrap().subscription().windows.clone();
    let wanted =
        Windows { mode: "carry".into(), min: 0, max: 100, overlap: 0, max_match: 9, max_hold_ms: 5000 };
    assert_eq!(windows, Some(wanted));
}

#[tokio::test]
async fn what_cannot_be_subscribed_is_refused() {
    let all = &["authenticate", "admit"][..];
    let cases = [
        (all, "nil", "a function \"admit\" that plugin.toml does not list; add it to \"hooks\" there"),
        (all, "{hooks = {'admit'}}", "asks for the hook \"admit\" that plugin.toml does not list"),
        (
            all,
            "{hooks = {'transform_request'}}",
            "\"transform_request\", and the module has no function of that name",
        ),
        (all, "{hooks = {'transfrom'}}", "the hook \"transfrom\", which does not exist"),
        (all, "{hooks = 'admit'}", "\"hooks\" of \"configure\" must be a list of strings, not a string"),
        (all, "{hooks = {1}}", "\"hooks\" of \"configure\" must be a list of strings, not a integer"),
        (all, "3", "\"configure\" returns a integer; return a table or nothing"),
        (all, "{hook = {}}", "a table with \"hook\", which it cannot have"),
        (&["helper"][..], "nil", "the module has no function that is a hook"),
        (
            &["authenticate"][..],
            "{request_body = 'all'}",
            "must be \"nothing\", \"whole\" or a list of JSON pointers",
        ),
        (
            &["authenticate"][..],
            "{headers = 3}",
            "must be \"nothing\", \"whole\" or a list of names in lower case",
        ),
        (&["authenticate"][..], "{request_body = {'model'}}", "has \"model\", which is no JSON pointer"),
        (
            &["authenticate"][..],
            "{body_digest = 1}",
            "\"body_digest\" of \"configure\" must be true or false",
        ),
        (&["authenticate"][..], "{windows = {mode = 'x'}}", "\"windows.mode\" of \"configure\" is \"x\""),
        (&["authenticate"][..], "{windows = {max = -1}}", "whole numbers from 0"),
        (
            &["authenticate"][..],
            "{windows = {size = 1}}",
            "\"windows\" of \"configure\" cannot have \"size\"",
        ),
    ];
    for (functions, configured, wanted) in cases {
        let text = refused(Bench::new(ALL, module(functions, configured))).await;
        assert!(text.contains(wanted), "{configured}: {text}");
    }
    let text = refused(Bench::new(ALL, "return {authenticate = 3}")).await;
    assert!(text.contains("\"authenticate\" of the module is a integer; make it a function"), "{text}");
    let narrowed = module(all, "{hooks = {'authenticate'}}");
    assert!(Bench::new(ALL, narrowed).load().await.is_ok());
}
