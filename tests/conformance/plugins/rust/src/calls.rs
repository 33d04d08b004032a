//! Calls of the gateway's services, and what came of them.

use tidegate_plugin::{Result, Value, http, info, json, kv, log, metrics, models, secrets, state};

use crate::data::{bytes, headers, pairs, show, text, verdict};

/// Makes the calls in order.
pub(crate) fn all(calls: &Value) -> Result<Vec<Value>> {
    calls.as_array().into_iter().flatten().map(call).collect()
}

fn call(call: &Value) -> Result<Value> {
    let (name, value) = verdict(call);
    Ok(match name {
        "attribute" => info::attribute(&text(value)).into(),
        "note" => state::get(&text(value)).map_or(Value::Null, |note| show(&note)),
        "set_note" => match state::set(&text(&value[0]), &bytes(&value[1])) {
            Ok(()) => Value::Null,
            Err(_) => json!({"error": "full"}),
        },
        "secret" => secrets::get(&text(value)).map_or_else(|_| json!({"error": "denied"}), Value::from),
        "model" => models::ask(&text(&value[0]), &value[1]).unwrap_or_else(|error| model_error(&error)),
        "get" | "set" | "delete" | "increment" => {
            stored(name, value).unwrap_or_else(|error| store_error(&error))
        }
        "http" => json!(sent(value)),
        "count" => {
            let by = value["by"].as_f64().unwrap_or(1.0);
            metrics::count(&text(&value["name"]), by, &pairs(&value["labels"]));
            Value::Null
        }
        "observe" => {
            let observed = value["value"].as_f64().unwrap_or_default();
            metrics::observe(&text(&value["name"]), observed, &pairs(&value["labels"]));
            Value::Null
        }
        "log" => {
            let fields = pairs(&value["fields"]);
            let write = match value["level"].as_str() {
                Some("debug") => log::debug,
                Some("warn") => log::warn,
                Some("error") => log::error,
                _ => log::info,
            };
            write(&text(&value["message"]), &fields);
            Value::Null
        }
        other => return Err(format!("the conformance plugin has no call \"{other}\"").into()),
    })
}

fn stored(name: &str, value: &Value) -> std::result::Result<Value, kv::Error> {
    let key = text(if value.is_string() { value } else { &value["key"] });
    let number = |name: &str| value[name].as_u64();
    Ok(match name {
        "get" => match kv::get(&key)? {
            Some(entry) => json!({"value": show(&entry.value), "version": entry.version}),
            None => Value::Null,
        },
        "set" => kv::set(&key, &bytes(&value["value"]), number("ttl_ms"), number("if_version"))?.into(),
        "delete" => kv::delete(&key)?.into(),
        _ => kv::increment(&key, value["by"].as_i64().unwrap_or(1), number("ttl_ms"))?.into(),
    })
}

fn store_error(error: &kv::Error) -> Value {
    json!({"error": match error {
        kv::Error::Denied => "denied".to_owned(),
        kv::Error::TooLarge => "too_large".to_owned(),
        kv::Error::Unavailable(text) => format!("unavailable: {text}"),
    }})
}

fn model_error(error: &models::Error) -> Value {
    json!({"error": match error {
        models::Error::Denied(_) => "denied".to_owned(),
        models::Error::Timeout => "timeout".to_owned(),
        models::Error::TooLarge => "too_large".to_owned(),
        models::Error::Failed(text) => format!("failed: {text}"),
    }})
}

fn sent(requests: &Value) -> Vec<Value> {
    let request = |value: &Value| http::Request {
        method: value["method"].as_str().unwrap_or("GET").to_owned(),
        url: text(&value["url"]),
        headers: headers(&value["headers"]),
        body: bytes(&value["body"]),
        timeout_ms: value["timeout_ms"].as_u64().and_then(|timeout| u32::try_from(timeout).ok()),
    };
    let requests: Vec<_> = requests.as_array().into_iter().flatten().map(request).collect();
    let answers = if let [request] = &requests[..] {
        vec![http::send(request.clone())]
    } else {
        http::send_all(&requests)
    };
    answers.into_iter().map(answer).collect()
}

fn answer(answer: std::result::Result<http::Reply, http::Error>) -> Value {
    match answer {
        Ok(reply) => {
            let fields: Vec<_> =
                reply.headers.iter().map(|header| json!([header.name, show(&header.value)])).collect();
            json!({"status": reply.status, "headers": fields, "body": show(&reply.body)})
        }
        Err(http::Error::Denied(_)) => json!({"error": "denied"}),
        Err(http::Error::Timeout) => json!({"error": "timeout"}),
        Err(http::Error::TooLarge) => json!({"error": "too_large"}),
        Err(http::Error::Failed(text)) => json!({"error": format!("failed: {text}")}),
    }
}
