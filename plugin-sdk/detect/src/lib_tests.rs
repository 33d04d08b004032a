use super::{Category, find};

/// What is found, as `category:text`.
fn found(text: &str) -> Vec<String> {
    let matches = find(text, &Category::ALL);
    matches
        .iter()
        .map(|found| format!("{}:{}", found.category.as_str(), &text[found.start..found.end]))
        .collect()
}

#[track_caller]
fn only(text: &str, expected: &str) {
    assert_eq!(found(text), [expected], "in {text:?}");
}

#[track_caller]
fn nothing(text: &str) {
    assert_eq!(found(text), [""; 0], "in {text:?}");
}

#[test]
fn email_addresses() {
    only("write to alice.b+x@mail.example.co.uk, please", "email:alice.b+x@mail.example.co.uk");
    only("<bob@example.org>.", "email:bob@example.org");
    only("联系alice@example.com谢谢", "email:alice@example.com");
    only("a@b@example.com", "email:b@example.com");
    nothing("@decorator and user@localhost and 3 @ 4.50 and x@1.2");
    nothing("alice.@example.com");
}

#[test]
fn telephone_numbers() {
    only("call +49 30 1234567 now", "phone:+49 30 1234567");
    only("call +1 (202) 555-0123.", "phone:+1 (202) 555-0123");
    only("call (202) 555-0123", "phone:(202) 555-0123");
    only("call 202-555-0123, ext", "phone:202-555-0123");
    only("call 202.555.0123!", "phone:202.555.0123");
    only("call 030 1234567", "phone:030 1234567");
    nothing("in 2024-01-02 10:20:30 there were 1234567890 of 1.234.567 at $1,202-555");
    nothing("version 1.20.300.4000 and 100 200 3000");
}

#[test]
fn card_numbers_have_a_good_check_digit() {
    only("card 4111 1111 1111 1111 12/25", "card:4111 1111 1111 1111");
    only("card 5500-0000-0000-0004", "card:5500-0000-0000-0004");
    only("card 378282246310005", "card:378282246310005");
    only("4111111111111111 123", "card:4111111111111111");
    nothing("order 4111 1111 1111 1112");
    nothing("id a4111111111111111");
}

#[test]
fn account_numbers_have_good_check_digits() {
    only("pay DE89 3704 0044 0532 0130 00 today", "iban:DE89 3704 0044 0532 0130 00");
    only("pay GB82WEST12345698765432", "iban:GB82WEST12345698765432");
    nothing("pay DE88 3704 0044 ABCD 0130 00");
    nothing("part AB12CDEF");
}

#[test]
fn social_security_numbers() {
    only("ssn 078-05-1120.", "ssn:078-05-1120");
    nothing("ssn 000-05-1120, 666-05-1120, 978-05-1120, 078-00-1120, 078-05-0000");
}

#[test]
fn addresses_of_hosts() {
    only("from 203.0.113.9:443", "ip:203.0.113.9");
    only("from 203.0.113.9.", "ip:203.0.113.9");
    only("from 2001:db8::1, yes", "ip:2001:db8::1");
    nothing("on 127.0.0.1 or ::1 or 0.0.0.0 at 12:34:56, version 1.2.3, 1.2.3.4.5, 256.1.1.1");
    nothing("std::fmt and abc::add and a::b");
}

#[test]
fn keys_and_tokens() {
    only("key sk-proj-abcdEFGH1234ijklMNOP5678.", "secret:sk-proj-abcdEFGH1234ijklMNOP5678");
    only("AKIAIOSFODNN7EXAMPLE", "secret:AKIAIOSFODNN7EXAMPLE");
    only("token=ghp_0123456789abcdefghijABCDEFGHIJ123456", "secret:ghp_0123456789abcdefghijABCDEFGHIJ123456");
    only("ghp_wCaAbDeVZwGgtWdBTHVbKkwcibjQUuzQWqdj", "secret:ghp_wCaAbDeVZwGgtWdBTHVbKkwcibjQUuzQWqdj");
    only(
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "secret:eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    );
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----";
    only(&format!("x\n{pem}\ny"), &format!("secret:{pem}"));
    nothing("sk-learn-based-classifiers-are-slow and AKIA and -----BEGIN CERTIFICATE-----");
}

#[test]
fn of_two_that_overlap_the_first_stays() {
    assert_eq!(found("alice@203.0.113.9.example.com"), ["email:alice@203.0.113.9.example.com"]);
}

#[test]
fn only_what_is_asked_for_is_found() {
    assert_eq!(find("a@example.com 203.0.113.9", &[Category::Ip]).len(), 1);
}

#[test]
fn long_texts_of_beginnings_take_linear_time() {
    let started = std::time::Instant::now();
    for unit in ["@", "a@", "1 ", "+1", "(2", "DE89 ", "sk-", ".", "::", "-----BEGIN ", "1.1.", "a.", "4111 "]
    {
        found(&unit.repeat(300_000 / unit.len()));
    }
    // Quadratic time would be an hour.
    assert!(started.elapsed() < std::time::Duration::from_secs(60));
}
