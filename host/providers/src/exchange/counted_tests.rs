use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::{Ask, Question, Task};

fn sent(client: Count, provider: Counter, body: &str, betas: &[&str]) -> serde_json::Value {
    let ask = Ask {
        client: Question::Count(client),
        body: body.as_bytes(),
        model: None,
        stream: false,
        rename: None,
        betas,
        id: "ID",
        now: 0,
        drops: false,
        rewrites: false,
    };
    serde_json::from_slice(&ask.translate(Task::Count(provider)).unwrap().body).unwrap()
}

/// What InvokeModel would be sent.
fn invoked(client: Count, body: &str) -> String {
    let sent = sent(client, Counter::InvokeMessages, body, &["flag"]);
    let encoded = sent["input"]["invokeModel"]["body"].as_str().unwrap();
    String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
}

#[test]
fn invoke_model_is_asked_what_it_would_take() {
    let said = r#""messages":[{"role":"user","content":"a"}]"#;
    let around = r#""anthropic_version":"bedrock-2023-05-31","anthropic_beta":["flag"]"#;
    let plain = invoked(Count::Messages, &format!(r#"{{"model":"m",{said}}}"#));
    assert_eq!(plain, format!(r#"{{{said},"max_tokens":1,{around}}}"#));
    let thinking = r#""thinking":{"type":"enabled","budget_tokens":1024}"#;
    let thought = invoked(Count::Messages, &format!(r#"{{"model":"m",{said},{thinking}}}"#));
    assert_eq!(thought, format!(r#"{{{said},{thinking},"max_tokens":1025,{around}}}"#));
    let translated = invoked(Count::Tokenize, r#"{"model":"m","prompt":"a"}"#);
    assert!(translated.contains(said) && translated.contains(around), "{translated}");
}

#[test]
fn settings_of_an_answer_do_not_keep_a_count_from_anybody() {
    let body = r#"{"model":"m","input":"a","temperature":0.5,"max_output_tokens":20,"service_tier":"odd","store":true,"user":"u"}"#;
    for provider in Counter::ALL {
        let sent = sent(Count::Responses, provider, body, &[]).to_string();
        for setting in ["temperature", "odd", "store", "\"u\""] {
            assert!(provider == Counter::Responses || !sent.contains(setting), "{provider:?}: {sent}");
        }
    }
}

#[test]
fn an_answer_without_a_count_is_none() {
    for provider in Counter::ALL {
        assert!(provider.decode_answer(&Json::read(br#"{"tokens":"many"}"#).unwrap()).is_err());
    }
}
