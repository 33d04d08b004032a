//! Verdicts made of JSON: `answer` of a hook's plan, in the form of `out` of a case.

use tidegate_plugin::{
    Admission, Auth, Event, Events, Finding, Moderation, Result, Subscription, Text, TextEdit, Transform,
    Value, Windows, admit, allow, block, changed, deny, drop, grant, keep, pass, redact, refuse, replace,
    reply, unchanged,
};

use crate::data::{bytes, fields, pairs, text, verdict};

pub(crate) fn subscription(wants: Subscription, asked: &Value) -> Subscription {
    let pointers =
        |value: &Value| -> Vec<String> { value.as_array().into_iter().flatten().map(text).collect() };
    let wants = match &asked["headers"] {
        Value::Array(_) => wants.headers(pointers(&asked["headers"])),
        Value::String(all) if all == "nothing" => wants.no_headers(),
        _ => wants,
    };
    let wants = match &asked["request_body"] {
        Value::Array(_) => wants.request_fields(pointers(&asked["request_body"])),
        whole if *whole == "whole" => wants.request_whole(),
        _ => wants.request_nothing(),
    };
    let wants = match &asked["response_body"] {
        Value::Array(_) => wants.response_fields(pointers(&asked["response_body"])),
        whole if *whole == "whole" => wants.response_whole(),
        _ => wants.response_nothing(),
    };
    let wants = if asked["body_digest"] == true { wants.body_digest() } else { wants };
    let wants = match windows(&asked["windows"]) {
        Some(windows) => wants.windows(windows),
        None => wants,
    };
    wants.dialects(pointers(&asked["dialects"]))
}

fn windows(value: &Value) -> Option<Windows> {
    let number =
        |key: &str| value[key].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
    Some(Windows {
        mode: value["mode"].as_str()?.to_owned(),
        min: number("min"),
        max: number("max"),
        overlap: number("overlap"),
        max_match: number("max_match"),
        max_hold_ms: number("max_hold_ms"),
    })
}

fn status(value: &Value) -> u16 {
    value["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default()
}

fn unknown(name: &str) -> tidegate_plugin::Error {
    format!("the conformance plugin has no answer \"{name}\" for this hook").into()
}

pub(crate) fn auth(plan: &Value, seen: impl Fn() -> String) -> Result<Auth> {
    let (name, value) = verdict(&plan["answer"]);
    Ok(match name {
        "" | "pass" => pass(),
        "echo" => grant("echo").attribute("echo", seen()),
        "allow" => {
            let principal = &value["principal"];
            let granted = grant(text(&principal["id"]));
            let granted = match principal["tenant"].as_str() {
                Some(tenant) => granted.tenant(tenant),
                None => granted,
            };
            let granted = pairs(&principal["attributes"])
                .into_iter()
                .fold(granted, |granted, (name, value)| granted.attribute(name, value));
            list(&value["headers"]).fold(granted, |granted, edit| match header_edit(edit) {
                ("set", name, value) => granted.set_header(name, value),
                ("add", name, value) => granted.add_header(name, value),
                (_, name, _) => granted.remove_header(name),
            })
        }
        "deny" => {
            let denied = deny(status(value), text(&value["code"]), text(&value["message"]));
            fields(&value["headers"])
                .into_iter()
                .fold(denied, |denied, (name, value)| denied.header(name, value))
        }
        other => return Err(unknown(other)),
    })
}

pub(crate) fn admission(plan: &Value, seen: impl Fn() -> String) -> Result<Admission> {
    let (name, value) = verdict(&plan["answer"]);
    Ok(match name {
        "" => admit(),
        "echo" => admit().ticket(seen()),
        "admitted" => match value.as_str() {
            Some(ticket) => admit().ticket(ticket),
            None => admit(),
        },
        "refused" => {
            let refused = refuse(status(value), text(&value["code"]), text(&value["message"]));
            fields(&value["headers"])
                .into_iter()
                .fold(refused, |refused, (name, value)| refused.header(name, value))
        }
        other => return Err(unknown(other)),
    })
}

pub(crate) fn transform(plan: &Value, seen: impl Fn() -> String) -> Result<Transform> {
    let (name, value) = verdict(&plan["answer"]);
    Ok(match name {
        "" | "unchanged" => unchanged(),
        "echo" => reply(200, seen()),
        "changed" => change(value),
        "reply" => {
            let replied = reply(status(value), bytes(&value["body"]));
            fields(&value["headers"])
                .into_iter()
                .fold(replied, |replied, (name, value)| replied.header(name, value))
        }
        other => return Err(unknown(other)),
    })
}

fn change(value: &Value) -> Transform {
    let change = list(&value["headers"]).fold(changed(), |change, edit| match header_edit(edit) {
        ("set", name, value) => change.set_header(name, value),
        ("add", name, value) => change.add_header(name, value),
        (_, name, _) => change.remove_header(name),
    });
    let change = list(&value["edits"]).fold(change, |change, edit| match verdict(edit) {
        ("set", edit) => change.set(text(&edit["pointer"]), edit["value"].clone()),
        ("insert", edit) => change.insert(text(&edit["pointer"]), edit["value"].clone()),
        (_, pointer) => change.remove(text(pointer)),
    });
    let change = match &value["replace"] {
        Value::Null => change,
        body => change.replace_body(body.to_string()),
    };
    let change = match value["cluster"].as_str() {
        Some(cluster) => change.cluster(cluster),
        None => change,
    };
    if value["reroute"] == true { change.reroute() } else { change }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// `{"set": {"name", "value"}}`, `{"add": {"name", "value"}}`, `{"remove": "name"}`.
fn header_edit(edit: &Value) -> (&str, String, Vec<u8>) {
    match verdict(edit) {
        ("remove", name) => ("remove", text(name), Vec::new()),
        (kind, edit) => (kind, text(&edit["name"]), bytes(&edit["value"])),
    }
}

/// `by_name` picks another answer for events of that name.
pub(crate) fn event(plan: &Value, event: &Event, seen: impl Fn() -> String) -> Result<Events> {
    let name = event.name.as_deref().unwrap_or_default();
    let own = &plan["by_name"][name];
    let (kind, value) = verdict(if own.is_null() { &plan["answer"] } else { own });
    Ok(match kind {
        "" | "keep" => keep(),
        "drop" => drop(),
        "echo" => replace([Event { name: event.name.clone(), data: seen() }]),
        "replace" => {
            let events = list(value).map(|event| Event {
                name: event["name"].as_str().map(str::to_owned),
                data: event["data"].to_string(),
            });
            replace(events.collect::<Vec<_>>())
        }
        other => return Err(unknown(other)),
    })
}

pub(crate) fn moderation(plan: &Value, texts: &[Text], seen: impl Fn() -> String) -> Result<Moderation> {
    let plan_answer = &plan["answer"];
    if *plan_answer == "echo" {
        return Ok(allow().findings([Finding::new("echo").detail(seen())]));
    }
    let edits = list(&plan_answer["edit"]).map(text_edit);
    let judged = if let Some(word) = plan["redact"].as_str() {
        redact(texts.iter().flat_map(|text| masked(text, word, plan["with"].as_str().unwrap_or_default())))
    } else if let Some(reason) = plan_answer["block"].as_str() {
        block(reason)
    } else if plan_answer["edit"].is_array() {
        redact(edits)
    } else {
        allow()
    };
    let judged = judged.findings(list(&plan_answer["findings"]).map(finding));
    let holds = plan_answer["hold"].as_object().into_iter().flatten();
    Ok(holds.fold(judged, |judged, (id, bytes)| judged.hold(id.parse().unwrap_or_default(), small(bytes))))
}

/// One edit for each place where the word stands.
fn masked<'a>(text: &'a Text, word: &'a str, with: &'a str) -> impl Iterator<Item = TextEdit> + 'a {
    text.content.match_indices(word).map(move |(at, found)| text.edit(at..at + found.len(), with))
}

fn text_edit(value: &Value) -> TextEdit {
    TextEdit {
        id: small(&value["id"]),
        start: small(&value["start"]),
        end: small(&value["end"]),
        replacement: text(&value["replacement"]),
    }
}

fn small(value: &Value) -> u32 {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

fn finding(value: &Value) -> Finding {
    Finding {
        category: text(&value["category"]),
        score: value["score"].as_f64().map(|score| score as f32),
        text: value["text"].as_u64().and_then(|id| u32::try_from(id).ok()),
        detail: text(&value["detail"]),
    }
}
