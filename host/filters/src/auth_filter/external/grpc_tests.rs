use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tidegate_contract::{AuthVerdict, Header, HeaderEdit};
use tidegate_pipeline::{
    Authorizer, Authorizers, AuthzField, AuthzGrant, AuthzRefusal, AuthzRequest, AuthzServer, AuthzVerdict,
    FieldAction, FilterFactory, HookError, NoAnswer, Plugin, SettingsProblem, World,
};

use crate::auth_filter::AuthFilterFactory;
use crate::auth_filter::testing::asked;
use crate::testing::{NoFiles, world};

/// The fields that a server was shown, the size of the body and the time that was left.
type Shown = (Vec<(String, Vec<u8>)>, Option<u64>, Duration);

/// A server that says what it is told, and keeps what it was asked.
struct Deciding {
    verdict: Mutex<Result<AuthzVerdict, NoAnswer>>,
    seen: Mutex<Shown>,
    way: Mutex<Option<AuthzServer>>,
}

impl Deciding {
    fn saying(verdict: Result<AuthzVerdict, NoAnswer>) -> Arc<Self> {
        Arc::new(Self { verdict: Mutex::new(verdict), seen: Mutex::default(), way: Mutex::default() })
    }

    fn allowing(grant: AuthzGrant) -> Arc<Self> {
        Self::saying(Ok(AuthzVerdict::Allow(grant)))
    }

    fn say(&self, verdict: Result<AuthzVerdict, NoAnswer>) {
        *self.verdict.lock().unwrap() = verdict;
    }
}

impl Authorizer for Deciding {
    fn check<'a>(&'a self, request: AuthzRequest<'a>) -> BoxFuture<'a, Result<AuthzVerdict, NoAnswer>> {
        let fields = request.head.headers.iter().map(|(name, value)| ((*name).into(), value.to_vec()));
        *self.seen.lock().unwrap() = (fields.collect(), request.size, request.deadline);
        Box::pin(std::future::ready(self.verdict.lock().unwrap().clone()))
    }
}

/// The way to that one server.
struct Way(Arc<Deciding>);

impl Authorizers for Way {
    fn way_to(&self, server: AuthzServer) -> Result<Arc<dyn Authorizer>, String> {
        *self.0.way.lock().unwrap() = Some(server);
        Ok(Arc::clone(&self.0) as _)
    }
}

fn built(server: &Arc<Deciding>, settings: &Value) -> Result<Arc<dyn Plugin>, Vec<SettingsProblem>> {
    let world = World { authorizers: Arc::new(Way(Arc::clone(server))), ..world(&NoFiles, &Arc::default()) };
    AuthFilterFactory.build(&json!({"external": settings}), &world)
}

fn filter(server: &Arc<Deciding>, more: &Value) -> Arc<dyn Plugin> {
    let mut settings =
        json!({"grpc": {"url": "https://authz.example:9001"}, "principal_header": "X-Auth-User"});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    built(server, &settings).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn field(name: &str, value: &str, action: FieldAction) -> AuthzField {
    AuthzField { header: header(name, value), action }
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.into(), value: value.into() }
}

fn alice() -> AuthzField {
    field("x-auth-user", "alice", FieldAction::Add)
}

#[tokio::test]
async fn the_server_sees_the_fields_that_it_may_see() {
    let server = Deciding::allowing(AuthzGrant { fields: vec![alice()], ..AuthzGrant::default() });
    let more = json!({"headers": ["X-Team"], "set_headers": {"X-Key": "own"}});
    let filter = filter(&server, &more);
    let sent: [(&str, &[u8]); 3] =
        [("authorization", b"Bearer a"), ("x-team", b"red"), ("content-length", b"17")];
    assert!(matches!(asked(&*filter, &sent).await, Ok(AuthVerdict::Allow(_))));
    let seen = server.seen.lock().unwrap().clone();
    assert_eq!(seen, (vec![("x-team".into(), b"red".to_vec())], Some(17), Duration::from_millis(700)));
    let way = server.way.lock().unwrap().take().unwrap();
    assert_eq!((&*way.url, &*way.fields[0].0), ("https://authz.example:9001", "x-key"));
}

#[tokio::test]
async fn who_is_calling_stands_in_a_field_or_in_the_metadata() {
    let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let facts = vec![fact("x-auth-user", "bob"), fact("tenant", "acme")];
    let server = Deciding::allowing(AuthzGrant { facts: facts.clone(), ..AuthzGrant::default() });
    let filter = filter(&server, &json!({"tenant_header": "Tenant"}));
    let who = |verdict: Result<AuthVerdict, HookError>| match verdict {
        Ok(AuthVerdict::Allow(grant)) => (grant.principal.id.clone(), grant.principal.tenant.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(who(asked(&*filter, &[]).await), ("bob".into(), Some("acme".into())));
    let both = AuthzGrant { fields: vec![alice()], facts, ..AuthzGrant::default() };
    server.say(Ok(AuthzVerdict::Allow(both)));
    assert_eq!(who(asked(&*filter, &[]).await), ("alice".into(), Some("acme".into())));
}

#[tokio::test]
async fn t_hdr_1_what_the_client_sent_stays_only_where_the_server_says_so() {
    use FieldAction::{Add, AddIfAbsent, Append, Overwrite, OverwriteIfPresent};
    let server = Deciding::allowing(AuthzGrant::default());
    let filter = filter(&server, &json!({"allowed_headers": ["x-role"]}));
    for (said, unsent, sent) in [
        (vec![], vec![], vec![]),
        (vec![("a", Add)], vec!["a"], vec!["a"]),
        (vec![("a", Add), ("b", Add)], vec!["a", "b"], vec!["a", "b"]),
        (vec![("a", Append)], vec!["a"], vec!["forged", "a"]),
        (vec![("a", AddIfAbsent)], vec!["a"], vec!["forged"]),
        (vec![("a", Add), ("b", Overwrite)], vec!["b"], vec!["b"]),
        (vec![("a", OverwriteIfPresent)], vec![], vec!["a"]),
    ] {
        let fields = said.iter().map(|(value, action)| field("x-role", value, *action));
        let fields = fields.chain([alice(), field("x-other", "c", Add)]).collect();
        server.say(Ok(AuthzVerdict::Allow(AuthzGrant { fields, ..AuthzGrant::default() })));
        for (request, expected) in [(&[][..], unsent), (&[("x-role", &b"forged"[..])][..], sent)] {
            let Ok(AuthVerdict::Allow(grant)) = asked(&*filter, request).await else { panic!("refused") };
            let added =
                expected.iter().map(|value| HeaderEdit::Add("x-role".into(), value.as_bytes().into()));
            let expected: Vec<_> = [HeaderEdit::Remove("x-role".into())].into_iter().chain(added).collect();
            assert_eq!(grant.headers, expected, "{said:?}");
        }
    }
}

#[tokio::test]
async fn fields_are_removed_but_for_those_of_the_gateway() {
    let removed = ["authorization", "host", "content-length", ":path", "x-forwarded-for"].map(String::from);
    let grant = AuthzGrant { fields: vec![alice()], removed: removed.into(), ..AuthzGrant::default() };
    let filter = filter(&Deciding::allowing(grant), &json!({}));
    let Ok(AuthVerdict::Allow(grant)) = asked(&*filter, &[]).await else { panic!("refused") };
    assert_eq!(grant.headers, [HeaderEdit::Remove("authorization".into())]);
}

#[tokio::test]
async fn a_no_stays_a_no_whatever_is_said_with_it() {
    let server = Deciding::saying(Err(NoAnswer::Timeout));
    let filter = filter(&server, &json!({}));
    for (said, status) in [
        (None, 403),
        (Some(401), 401),
        (Some(429), 429),
        (Some(200), 403),
        (Some(302), 403),
        (Some(70_000), 403),
    ] {
        server.say(Ok(AuthzVerdict::Deny(AuthzRefusal { status: said, ..AuthzRefusal::default() })));
        let Ok(AuthVerdict::Deny(refusal)) = asked(&*filter, &[]).await else { panic!("let in") };
        assert_eq!(refusal.status, status, "{said:?}");
        assert!(!refusal.message.is_empty());
    }
    let kept = [header("retry-after", "3"), header("www-authenticate", "Bearer realm=\"a\"")];
    let dropped = [
        header("content-length", "3"),
        header("content-type", "text/html"),
        header("x-tidegate-route", "forged"),
        header("x-request-id", "forged"),
        header("a b", "c"),
        header("x-split", "a\r\nx-b: c"),
        header("x-long", &"a".repeat(5000)),
    ];
    let headers = kept.iter().chain(&dropped).cloned().collect();
    let body = "your plan\nends here".into();
    server.say(Ok(AuthzVerdict::Deny(AuthzRefusal { status: Some(402), headers, body })));
    let Ok(AuthVerdict::Deny(refusal)) = asked(&*filter, &[]).await else { panic!("let in") };
    assert_eq!((refusal.status, &*refusal.message), (402, "your plan ends here"));
    assert_eq!(refusal.headers, kept);
    for body in ["a".repeat(2000), "\u{1b}[31m".into(), " \n".into()] {
        server.say(Ok(AuthzVerdict::Deny(AuthzRefusal { body, ..AuthzRefusal::default() })));
        let Ok(AuthVerdict::Deny(refusal)) = asked(&*filter, &[]).await else { panic!("let in") };
        assert_eq!(refusal.message, "the caller may not do this");
    }
}

#[tokio::test]
async fn t_auth_2_no_answer_and_a_yes_for_nobody_let_nobody_in() {
    let server = Deciding::saying(Err(NoAnswer::Timeout));
    let filter = filter(&server, &json!({"tenant_header": "x-tenant"}));
    let forged: [(&str, &[u8]); 2] = [("x-auth-user", b"alice"), ("x-tenant", b"acme")];
    let said =
        |fields: Vec<AuthzField>| Ok(AuthzVerdict::Allow(AuthzGrant { fields, ..AuthzGrant::default() }));
    let tenant = || field("x-tenant", "acme", FieldAction::Add);
    for verdict in [
        Err(NoAnswer::Timeout),
        Err(NoAnswer::Failed("gRPC status Unavailable".into())),
        said(vec![]),
        said(vec![alice()]),
        said(vec![tenant()]),
        said(vec![alice(), alice(), tenant()]),
        said(vec![field("x-auth-user", " ", FieldAction::Add), tenant()]),
    ] {
        server.say(verdict.clone());
        let answer = asked(&*filter, &forged).await;
        assert!(matches!(answer, Err(HookError::Failed(_))), "{verdict:?}: {answer:?}");
    }
    server.say(said(vec![alice(), tenant()]));
    assert!(matches!(asked(&*filter, &forged).await, Ok(AuthVerdict::Allow(_))));
}

#[test]
fn t_auth_4_settings_that_do_not_fit_are_refused() {
    let grpc = json!({"url": "https://authz.example:9001"});
    for (settings, pointer) in [
        (json!({}), "/external"),
        (json!({"grpc": grpc, "url": "https://authz.example/"}), "/external/grpc"),
        (json!({"grpc": grpc, "method": "GET"}), "/external/method"),
        (json!({"grpc": {"url": "http://authz.example:9001"}}), "/external/grpc/url"),
        (json!({"grpc": {"url": "authz.example:9001"}}), "/external/grpc/url"),
    ] {
        let mut settings = settings;
        settings["principal_header"] = json!("x-auth-user");
        let problems = built(&Deciding::saying(Err(NoAnswer::Timeout)), &settings).err().unwrap();
        assert_eq!(problems[0].pointer, pointer, "{settings}: {problems:?}");
    }
}
