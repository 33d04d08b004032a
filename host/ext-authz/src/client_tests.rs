use secrecy::SecretString;
use tidegate_pipeline::{AuthzServer, NoAnswer};
use tonic::{Code, Status, TimeoutExpired};

use super::{Client, LONGEST, no_answer};

fn server(url: &str, field: Option<(&str, &str)>) -> AuthzServer {
    let field = field.map(|(name, value)| (name.to_owned(), SecretString::from(value)));
    AuthzServer { url: url.into(), fields: field.into_iter().collect(), ..AuthzServer::default() }
}

#[test]
fn a_server_is_an_address_and_fields_that_grpc_takes() {
    for url in ["http://127.0.0.1:1", "http://[::1]:1/", "http://authz.example"] {
        assert!(Client::new(server(url, Some(("x-key", "secret")))).is_ok(), "{url}");
    }
    for url in ["http://127.0.0.1:1/check", "http://127.0.0.1:1/?a", "http://"] {
        assert!(Client::new(server(url, None)).is_err(), "{url}");
    }
    for field in [("grpc-timeout", "1S"), ("te", "a"), ("a b", "c"), ("x-bin", "c"), ("x-key", "canary\n")] {
        let cause = Client::new(server("http://127.0.0.1:1", Some(field))).err().unwrap();
        assert!(cause.contains(field.0) && !cause.contains("canary"), "{cause}");
    }
}

#[test]
fn what_a_server_says_of_its_failure_is_told_in_one_short_line() {
    let said = no_answer(&Status::new(Code::Internal, format!("a\nb{}", "c".repeat(2000))));
    let NoAnswer::Failed(text) = said else { panic!("{said:?}") };
    assert!(text.starts_with("gRPC status Internal: abccc") && text.len() < LONGEST + 40, "{text}");
}

#[test]
fn time_that_is_up_is_told_as_such_on_either_side() {
    let ours = Status::from_error(Box::new(TimeoutExpired(())));
    for status in [ours, Status::new(Code::DeadlineExceeded, "late")] {
        assert_eq!(no_answer(&status), NoAnswer::Timeout, "{status:?}");
    }
    assert_ne!(no_answer(&Status::new(Code::Cancelled, "gone")), NoAnswer::Timeout);
}
