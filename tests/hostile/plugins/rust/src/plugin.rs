//! The hooks.

use tidegate_plugin::{
    Admission, Body, Context, Event, Events, Finding, Headers, Hook, Moderation, Outcome, Plugin, Result,
    Subscription, Text, TextEdit, Transform, Usage, Value, admit, allow, changed, flag, keep, kv, redact,
    reply,
};

use crate::attack;

/// What it does, and whether to everybody.
pub struct Hostile {
    attack: String,
    always: bool,
    subscribe: String,
}

#[tidegate_plugin::plugin]
impl Plugin for Hostile {
    fn configure(config: Value) -> Result<Self> {
        if let Some(name) = config["configure"].as_str() {
            attack::run(name)?;
        }
        let text = |key: &str| config[key].as_str().unwrap_or_default().to_owned();
        Ok(Self { attack: text("do"), always: config["always"] == true, subscribe: text("subscribe") })
    }

    fn subscribe(&self, wants: Subscription) -> Subscription {
        match self.subscribe.as_str() {
            // Of an interface that is not exported.
            "absent" => Subscription::to([Hook::Authenticate]),
            // Another answer each time.
            "changing" => {
                let count = kv::increment("configured", 1, None).unwrap_or_default();
                wants.request_fields([format!("/{count}")])
            }
            "whole" => wants.request_whole(),
            "fields" => wants.request_fields(["/model", "/messages"]),
            _ => wants.request_nothing(),
        }
    }

    fn admit(&self, ctx: &Context, _estimate: &Usage) -> Result<Admission> {
        self.act(ctx)?;
        Ok(admit().ticket("1"))
    }

    fn settle(&self, ctx: &Context, _ticket: &str, _actual: &Usage) -> Result<()> {
        self.act(ctx)
    }

    fn transform_request(&self, ctx: &Context, headers: &Headers, body: &Body) -> Result<Transform> {
        let verdict = match self.wanted(ctx) {
            "huge_output" => reply(200, vec![b'x'; 4 * 1024 * 1024]),
            "many_headers" => {
                (0..40_000).fold(changed(), |verdict, n| verdict.set_header(format!("x-{n}"), "1"))
            }
            "bad_headers" => changed().set_header("x y\n", "a\r\nb: c").remove_header("\0"),
            "bad_pointer" => changed().set("no pointer", 1),
            "bad_status" => reply(7, "x"),
            // No attack: who serves.
            "pid" => reply(200, format!("{{\"pid\": {}}}", pid())).header("content-type", "application/json"),
            "many_edits" => (0..20_000).fold(changed(), |verdict, n| verdict.set(format!("/{n}"), n)),
            _ => {
                self.act(ctx)?;
                reply(
                    200,
                    format!("{} headers, {} bytes", headers.iter().count(), body.text().map_or(0, str::len)),
                )
            }
        };
        Ok(verdict)
    }

    fn transform_event(&self, ctx: &Context, _event: &Event) -> Result<Events> {
        self.act(ctx)?;
        Ok(keep())
    }

    fn moderate_input(&self, ctx: &Context, texts: &[Text]) -> Result<Moderation> {
        self.judge(ctx, texts)
    }

    fn moderate_output(&self, ctx: &Context, texts: &[Text], _last: bool) -> Result<Moderation> {
        self.judge(ctx, texts)
    }

    fn completed(&self, ctx: &Context, _outcome: &Outcome) -> Result<()> {
        self.act(ctx)
    }
}

#[cfg(target_arch = "wasm32")]
fn pid() -> u32 {
    0
}

#[cfg(not(target_arch = "wasm32"))]
use std::process::id as pid;

impl Hostile {
    fn wanted(&self, ctx: &Context) -> &str {
        if self.always || ctx.request_id.contains("attack") { &self.attack } else { "" }
    }

    fn act(&self, ctx: &Context) -> Result<()> {
        match self.wanted(ctx) {
            "" => Ok(()),
            name => attack::run(name),
        }
    }

    fn judge(&self, ctx: &Context, texts: &[Text]) -> Result<Moderation> {
        Ok(match self.wanted(ctx) {
            "huge_output" => flag([Finding::new("x").detail("x".repeat(4 * 1024 * 1024))]),
            "many_findings" => flag((0..40_000).map(|_| Finding::new("x"))),
            "bad_edit" => redact(texts.iter().map(|text| text.edit(1..usize::MAX, "x"))),
            "bad_text" => redact([TextEdit { id: u32::MAX, start: 9, end: 3, replacement: String::new() }]),
            "hold_all" => texts.iter().fold(allow(), |verdict, text| verdict.hold(text.id, u32::MAX)),
            _ => {
                self.act(ctx)?;
                allow()
            }
        })
    }
}
