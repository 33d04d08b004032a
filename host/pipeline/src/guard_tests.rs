use tidegate_contract::Context;

use super::*;
use crate::scope::Scope;

/// Wants what it says, and does nothing.
struct Wants(Subscription);

impl Plugin for Wants {
    fn subscription(&self) -> &Subscription {
        &self.0
    }
}

fn link(hooks: &[Hook], dialects: &[&str], need: &Need) -> Link {
    let subscription = Subscription {
        request_body: need.clone(),
        response_body: need.clone(),
        dialects: dialects.iter().map(|name| (*name).to_owned()).collect(),
        ..Subscription::to(hooks.iter().copied().collect())
    };
    Link::new("test".into(), Arc::new(Wants(subscription)), &Metrics::new().unwrap())
}

/// Whether the hook is called for a request in this dialect.
async fn called(link: &Link, hook: Hook, dialect: &'static str) -> Result<bool, HookError> {
    let scope = Scope::new("r", Arc::default());
    let call = Call { context: Context { dialect, ..Context::new("r") }, scope: &scope };
    let asked = link.ask(hook, call, |_, _| Ok(answer()));
    asked.await.map(|verdict| verdict.is_some())
}

fn answer<'a>() -> Answer<'a, ()> {
    Box::pin(std::future::ready(Ok(())))
}

const TRANSFORMS: [Hook; 4] =
    [Hook::TransformRequest, Hook::TransformUpstream, Hook::TransformResponse, Hook::TransformEvent];

#[tokio::test]
async fn a_body_in_a_dialect_that_a_filter_does_not_understand_is_its_failure() {
    for hook in TRANSFORMS {
        for (dialects, understood, not) in [
            (&[][..], "openai", "anthropic"),
            (&["chat"], "openai", "anthropic"),
            (&["openai"], "openai", "anthropic"),
            (&["anthropic"], "anthropic", "openai"),
        ] {
            let link = link(&TRANSFORMS, dialects, &Need::Whole);
            assert!(called(&link, hook, understood).await.unwrap());
            let error = called(&link, hook, not).await.unwrap_err().to_string();
            assert!(error.starts_with(&format!("it does not understand the dialect \"{not}\"")), "{error}");
            let open = link.on_error(OnError::Allow);
            assert!(!called(&open, hook, not).await.unwrap());
        }
        let both = link(&TRANSFORMS, &["openai", "anthropic"], &Need::Whole);
        assert!(
            called(&both, hook, "openai").await.unwrap() && called(&both, hook, "anthropic").await.unwrap()
        );
    }
}

#[tokio::test]
async fn a_filter_that_is_shown_no_body_is_called_whatever_the_dialect() {
    let link = link(&TRANSFORMS, &[], &Need::Nothing);
    for hook in [Hook::TransformRequest, Hook::TransformUpstream, Hook::TransformResponse] {
        assert!(called(&link, hook, "anthropic").await.unwrap());
    }
    assert!(called(&link, Hook::TransformEvent, "anthropic").await.is_err());
}

#[tokio::test]
async fn it_is_not_left_alone_for_that() {
    let link = link(&[Hook::TransformRequest], &[], &Need::Whole);
    for _ in 0..100 {
        assert!(called(&link, Hook::TransformRequest, "anthropic").await.is_err());
    }
    assert!(called(&link, Hook::TransformRequest, "openai").await.unwrap());
}

#[tokio::test]
async fn judges_are_given_texts_and_know_no_dialects() {
    let link = link(&[Hook::ModerateInput], &[], &Need::Nothing);
    assert!(called(&link, Hook::ModerateInput, "anthropic").await.unwrap());
}
