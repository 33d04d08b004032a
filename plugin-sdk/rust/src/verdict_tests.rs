use crate::bindings::host::tidegate::plugin::types::{HeaderEdit, Judgement, Need};
use crate::bindings::transform::exports::tidegate::plugin::transform::{BodyChange, Verdict};
use crate::run::Written;
use crate::{
    Context, Error, Finding, Head, Headers, Hook, Moderation, Peer, Plugin, Result, Subscription, Text,
    Value, allow, block, changed, deny, flag, grant, redact, reply,
};

struct Two;

#[tidegate_plugin::plugin]
impl Plugin for Two {
    fn configure(config: Value) -> Result<Self> {
        if config["bad"] == true { Err("it is bad".into()) } else { Ok(Self) }
    }

    fn moderate_input(&self, _ctx: &Context, texts: &[Text]) -> Result<Moderation> {
        // A function inside of a body is no hook.
        fn admit(texts: &[Text]) -> usize {
            texts.len()
        }
        Ok(if admit(texts) == 0 { allow() } else { block("no") })
    }

    fn completed(&self, _ctx: &Context, _outcome: &crate::Outcome) -> Result<()> {
        Ok(())
    }
}

#[test]
fn the_hooks_are_those_that_are_written() {
    assert_eq!(Two::HOOKS, [Hook::ModerateInput, Hook::Completed]);
    assert_eq!(
        Two::configure(serde_json::json!({"bad": true})).err().map(|error| error.text().to_owned()),
        Some("it is bad".into())
    );
}

#[test]
fn a_subscription_is_narrowed() {
    let wants =
        Subscription::to([Hook::Admit, Hook::Completed]).without(Hook::Admit).request_fields(["/model"]);
    assert_eq!(wants.hooks(), [Hook::Completed]);
    assert_eq!(wants.into_contract().hooks, ["completed"]);
}

#[test]
fn a_transform_that_says_nothing_gets_whole_bodies() {
    let of = |hook| {
        let contract = Subscription::to([hook]).into_contract();
        (contract.request_body, contract.response_body)
    };
    assert_eq!(of(Hook::TransformUpstream), (Need::Whole, Need::Nothing));
    assert_eq!(of(Hook::TransformResponse), (Need::Nothing, Need::Whole));
    assert_eq!(of(Hook::ModerateInput), (Need::Nothing, Need::Nothing));
    let narrowed = Subscription::to([Hook::TransformRequest]).request_nothing().into_contract();
    assert_eq!(narrowed.request_body, Need::Nothing);
}

#[test]
fn edits_of_a_change_stay_in_order() {
    let Verdict::Changed(change) = changed().set("/a", 1).remove("/b").set_header("x", "1").cluster("c").0
    else {
        panic!()
    };
    let Some(BodyChange::Edits(edits)) = change.body else { panic!() };
    assert_eq!((edits.len(), change.headers.len(), change.cluster.as_deref()), (2, 1, Some("c")));
}

#[test]
fn another_body_forgets_the_edits() {
    let Verdict::Changed(change) = changed().set("/a", 1).replace_body("{}").set("/b", 2).0 else { panic!() };
    assert_eq!(change.body, Some(BodyChange::Replace("{}".into())));
}

#[test]
fn what_belongs_to_another_verdict_has_no_effect() {
    assert_eq!(reply(200, "x").set("/a", 1), reply(200, "x"));
    assert_eq!(deny(401, "c", "m").tenant("t"), deny(401, "c", "m"));
    let crate::bindings::auth::exports::tidegate::plugin::auth::Verdict::Allow(grant) =
        grant("a").tenant("t").attribute("k", "v").remove_header("authorization").0
    else {
        panic!()
    };
    assert_eq!(grant.headers, [HeaderEdit::Remove("authorization".into())]);
    assert_eq!((grant.principal.tenant.as_deref(), grant.principal.attributes.len()), (Some("t"), 1));
}

#[test]
fn moderation() {
    assert_eq!(redact([]), allow());
    let judged = block("no").findings([Finding::new("x").score(0.5)]).hold(3, 7).0;
    assert_eq!(
        (judged.judgement, judged.findings.len(), judged.hold),
        (Judgement::Block("no".into()), 1, vec![(3, 7)])
    );
    assert_eq!(flag([Finding::new("x")]).0.judgement, Judgement::Allow);
}

#[test]
fn headers_are_found_by_name() {
    let field = |name, value: &[u8]| crate::headers::field(name, value);
    let headers = Headers::new(vec![field("a", b"1"), field("b", b"\xff"), field("a", b"2")]);
    assert_eq!((headers.get("a"), headers.get("b"), headers.all("a").count()), (Some("1"), None, 2));
    let head = Head {
        method: "GET".into(),
        scheme: "http".into(),
        authority: "a".into(),
        path: "/".into(),
        query: String::new(),
        headers: vec![field("authorization", b"Bearer x")],
        client: Peer { address: "::1".into(), certificate_sha256: None, names: Vec::new() },
        body_sha256: None,
    };
    assert_eq!(head.header("authorization"), Some("Bearer x"));
}

#[test]
fn every_error_becomes_a_sentence() {
    let parse = || -> Result<u8> { Ok("x".parse::<u8>()?) };
    assert!(parse().unwrap_err().text().contains("invalid digit"));
    assert!(!Error::from(crate::kv::get("k").unwrap_err()).text().is_empty());
}

#[test]
fn what_a_service_lacks_is_a_sentence() {
    let told = |text: &str| text.to_owned();
    assert_eq!(crate::kv::get("k").unwrap_err().to_string(), "the store is not granted");
    let secret = crate::secrets::get("token").unwrap_err();
    assert_eq!(secret.to_string(), "secret \"token\" is not granted outside of a gateway");
    let asked = crate::models::ask("judge", &crate::json!({})).unwrap_err();
    assert!(matches!(asked, crate::models::Error::Denied(_)));
    let late = crate::models::Error::Timeout;
    assert_eq!(crate::Error::from(late), crate::Error::from(told("the model gave no answer in time")));
}
