use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::HeaderMap;
use tidegate_contract::{
    AuthVerdict, Grant, Head, HeaderEdit, Hook, Hooks, Peer, Principal, Refusal, Subscription,
};
use tidegate_telemetry::Metrics;

use super::{AuthMode, Chain, Denied};
use crate::guard::{Link, OnError};
use crate::plugin::{Answer, Call, HookError, Plugin};
use crate::session::Session;
use crate::when::When;

/// A filter that does what its name says.
enum Does {
    Pass,
    Allow(&'static str),
    Deny,
    Fail,
    Panic,
    Hang,
}

static AUTH: LazyLock<Subscription> =
    LazyLock::new(|| Subscription::to(Hooks::NONE.with(Hook::Authenticate)));

impl Plugin for Does {
    fn subscription(&self) -> &Subscription {
        &AUTH
    }

    fn authenticate<'a>(&'a self, _: Call<'a>, _: Head<'a>) -> Answer<'a, AuthVerdict> {
        Box::pin(async move {
            match self {
                Self::Pass => Ok(AuthVerdict::Pass),
                Self::Allow(id) => Ok(AuthVerdict::Allow(grant(id))),
                Self::Deny => Ok(AuthVerdict::Deny(Refusal::new(401, "wrong", "wrong key"))),
                Self::Fail => Err(HookError::Failed("broken".into())),
                Self::Panic => panic!("on purpose"),
                Self::Hang => std::future::pending().await,
            }
        })
    }
}

fn grant(id: &str) -> Grant {
    let principal = Arc::new(Principal::named(id));
    Grant { principal, headers: vec![HeaderEdit::Set("x-by".into(), id.into())] }
}

fn link(does: Does) -> Link {
    Link::new("test".into(), Arc::new(does), &Metrics::new().unwrap())
}

async fn run(mode: AuthMode, links: Vec<Link>) -> Result<Option<String>, Denied> {
    let head = Head {
        method: "POST",
        scheme: "http",
        authority: "localhost",
        path: "/v1/chat/completions",
        query: "",
        headers: &[],
        client: Peer::at(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        body_sha256: None,
    };
    let chain = Chain::new(links.into_iter().map(Arc::new).collect(), mode);
    let mut session = Session::default();
    let outcome = chain.authenticate(&mut session, head, &HeaderMap::new()).await?;
    Ok(outcome.principal.map(|principal| principal.id.clone()))
}

#[tokio::test]
async fn no_auth_filter_means_no_principal() {
    assert_eq!(run(AuthMode::Any, vec![]).await.unwrap(), None);
}

#[tokio::test]
async fn any_takes_the_first_allow_and_asks_no_further() {
    let links = vec![link(Does::Pass), link(Does::Allow("a")), link(Does::Deny)];
    assert_eq!(run(AuthMode::Any, links).await.unwrap().as_deref(), Some("a"));
}

#[tokio::test]
async fn a_deny_ends_even_where_a_later_filter_would_allow() {
    let links = vec![link(Does::Deny), link(Does::Allow("a"))];
    assert!(matches!(run(AuthMode::Any, links).await, Err(Denied::Refused { .. })));
}

#[tokio::test]
async fn passed_by_all_is_unauthenticated() {
    assert!(matches!(run(AuthMode::Any, vec![link(Does::Pass)]).await, Err(Denied::Unauthenticated)));
}

#[tokio::test]
async fn all_needs_every_allow_and_keeps_the_first_principal() {
    let both = vec![link(Does::Allow("a")), link(Does::Allow("b"))];
    assert_eq!(run(AuthMode::All, both).await.unwrap().as_deref(), Some("a"));
    let one = vec![link(Does::Allow("a")), link(Does::Pass)];
    assert!(matches!(run(AuthMode::All, one).await, Err(Denied::Unauthenticated)));
}

#[tokio::test]
async fn an_error_denies_by_default() {
    for does in [Does::Fail, Does::Panic] {
        let links = vec![link(does), link(Does::Allow("a"))];
        assert!(matches!(run(AuthMode::Any, links).await, Err(Denied::Failed { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_ends_at_its_deadline() {
    let links = vec![link(Does::Hang).deadline(Duration::from_millis(20))];
    let denied = run(AuthMode::Any, links).await;
    assert!(matches!(denied, Err(Denied::Failed { error: HookError::Deadline(_), .. })));
}

#[tokio::test]
async fn a_forgiven_error_is_a_pass_and_never_an_allow() {
    for mode in [AuthMode::Any, AuthMode::All] {
        let alone = vec![link(Does::Fail).on_error(OnError::Allow)];
        assert!(matches!(run(mode, alone).await, Err(Denied::Unauthenticated)));
    }
    let links = vec![link(Does::Fail).on_error(OnError::Allow), link(Does::Allow("b"))];
    assert_eq!(run(AuthMode::Any, links).await.unwrap().as_deref(), Some("b"));
}

#[tokio::test]
async fn a_shadow_changes_nothing() {
    for does in [Does::Deny, Does::Fail, Does::Allow("shadow")] {
        let links = vec![link(does).shadow(true), link(Does::Allow("a"))];
        assert_eq!(run(AuthMode::Any, links).await.unwrap().as_deref(), Some("a"));
    }
}

#[tokio::test]
async fn a_filter_whose_condition_does_not_hold_allows_nobody() {
    let never = || Some(When::compile("'x-a' in headers").unwrap());
    let alone = vec![link(Does::Allow("a")).when(never())];
    assert!(matches!(run(AuthMode::Any, alone).await, Err(Denied::Unauthenticated)));
    let links = vec![link(Does::Deny).when(never()), link(Does::Allow("b"))];
    assert_eq!(run(AuthMode::Any, links).await.unwrap().as_deref(), Some("b"));
}
