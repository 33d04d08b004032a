use std::cell::Cell;
use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};
use tidegate_config::checked::Admin;

use super::Operator;

thread_local! {
    static TOLD: Cell<usize> = const { Cell::new(0) };
}

fn count(_: &SecretString) -> std::io::Result<()> {
    TOLD.set(TOLD.get() + 1);
    Ok(())
}

fn admin(address: &str, token: Option<&str>) -> Admin {
    Admin { address: address.parse::<SocketAddr>().unwrap(), token: token.map(Into::into) }
}

fn token(operator: &Operator, admin: &Admin) -> Option<String> {
    operator.access(admin).unwrap().token.map(|token| token.expose_secret().to_owned())
}

#[test]
fn t_adm_1_a_token_is_made_and_told_once_where_others_reach_the_address() {
    let open = admin("0.0.0.0:9901", None);
    let operator = Operator::telling(&open, count).unwrap();
    let made = token(&operator, &open).unwrap();
    assert_eq!(made.len(), 64);
    assert_eq!(token(&operator, &admin("0.0.0.0:9901", Some("own"))).unwrap(), "own");
    assert_eq!(token(&operator, &open).unwrap(), made, "the same after a reload without one");
    assert_eq!(TOLD.get(), 1);
}

#[test]
fn t_adm_1_the_address_that_is_bound_decides() {
    let operator = Operator::telling(&admin("127.0.0.1:9901", None), count).unwrap();
    let moved = admin("0.0.0.0:9901", None);
    assert_eq!(token(&operator, &moved), None, "it moves with the next start only");
    assert!(operator.access(&moved).unwrap().loopback);
    assert_eq!(TOLD.get(), 0);
}

#[test]
fn t_adm_1_a_token_that_cannot_be_told_is_none() {
    let fails = |_: &SecretString| Err(std::io::Error::other("closed"));
    assert!(Operator::telling(&admin("0.0.0.0:9901", None), fails).is_err());
}
