//! The conformance plugin: it does what its configuration says, and tells what it was given.
//!
//! `tests/conformance/README.md` describes the configuration; `../lua/plugin.lua` is the same plugin in Lua.

mod answer;
mod calls;
mod data;
mod seen;

use tidegate_plugin::{
    Admission, Auth, Body, Context, Event, Events, Head, Headers, Hook, Moderation, Outcome, Plugin, Result,
    Subscription, Text, Transform, Usage, Value, json, kv,
};

struct Conformance {
    config: Value,
}

/// What the configuration wants of one call, and what the call was given.
struct Turn<'c> {
    plan: &'c Value,
    seen: Value,
}

impl Turn<'_> {
    fn is_echo(&self) -> bool {
        self.plan["answer"] == "echo"
    }

    fn seen(&self) -> String {
        self.seen.to_string()
    }

    /// For hooks that answer nothing.
    fn store_echo(&self) -> Result<()> {
        if self.is_echo() {
            kv::set("echo", self.seen().as_bytes(), None, None)?;
        }
        Ok(())
    }
}

impl Conformance {
    fn turn(&self, hook: Hook, ctx: &Context, told: Value) -> Result<Turn<'_>> {
        let plan = &self.config["hooks"][hook.as_str()];
        let calls = calls::all(&plan["calls"])?;
        if let Some(text) = plan["fail"].as_str() {
            return Err(text.into());
        }
        if plan["spin"] == true {
            loop {
                std::hint::spin_loop();
            }
        }
        Ok(Turn { plan, seen: json!({"ctx": seen::context(ctx), "in": told, "calls": calls}) })
    }

    fn pointers(&self, key: &str) -> &Value {
        &self.config["subscribe"][key]
    }

    fn transform(&self, hook: Hook, ctx: &Context, told: Value) -> Result<Transform> {
        let turn = self.turn(hook, ctx, told)?;
        answer::transform(turn.plan, || turn.seen())
    }

    fn moderate(&self, hook: Hook, ctx: &Context, texts: &[Text], told: Value) -> Result<Moderation> {
        let turn = self.turn(hook, ctx, told)?;
        answer::moderation(turn.plan, texts, || turn.seen())
    }
}

#[tidegate_plugin::plugin]
impl Plugin for Conformance {
    fn configure(config: Value) -> Result<Self> {
        match config["refuse"].as_str() {
            Some(text) => Err(text.into()),
            None => Ok(Self { config }),
        }
    }

    fn subscribe(&self, wants: Subscription) -> Subscription {
        let Some(hooks) = self.config["hooks"].as_object() else { return wants };
        let unwanted: Vec<Hook> =
            wants.hooks().iter().copied().filter(|hook| !hooks.contains_key(hook.as_str())).collect();
        let wants = unwanted.into_iter().fold(wants, Subscription::without);
        answer::subscription(wants, &self.config["subscribe"])
    }

    fn authenticate(&self, ctx: &Context, head: &Head) -> Result<Auth> {
        let turn = self.turn(Hook::Authenticate, ctx, seen::head(head))?;
        answer::auth(turn.plan, || turn.seen())
    }

    fn admit(&self, ctx: &Context, estimate: &Usage) -> Result<Admission> {
        let turn = self.turn(Hook::Admit, ctx, json!({"estimate": seen::usage(estimate)}))?;
        answer::admission(turn.plan, || turn.seen())
    }

    fn settle(&self, ctx: &Context, ticket: &str, actual: &Usage) -> Result<()> {
        let told = json!({"ticket": ticket, "actual": seen::usage(actual)});
        self.turn(Hook::Settle, ctx, told)?.store_echo()
    }

    fn transform_request(&self, ctx: &Context, headers: &Headers, body: &Body) -> Result<Transform> {
        let told = seen::message(headers, body, self.pointers("request_body"));
        self.transform(Hook::TransformRequest, ctx, told)
    }

    fn transform_upstream(&self, ctx: &Context, headers: &Headers, body: &Body) -> Result<Transform> {
        let told = seen::message(headers, body, self.pointers("request_body"));
        self.transform(Hook::TransformUpstream, ctx, told)
    }

    fn transform_response(
        &self,
        ctx: &Context,
        status: u16,
        headers: &Headers,
        body: &Body,
    ) -> Result<Transform> {
        let mut told = seen::message(headers, body, self.pointers("response_body"));
        told["status"] = status.into();
        self.transform(Hook::TransformResponse, ctx, told)
    }

    fn transform_event(&self, ctx: &Context, event: &Event) -> Result<Events> {
        let turn = self.turn(Hook::TransformEvent, ctx, seen::event(event)?)?;
        answer::event(turn.plan, event, || turn.seen())
    }

    fn moderate_input(&self, ctx: &Context, texts: &[Text]) -> Result<Moderation> {
        self.moderate(Hook::ModerateInput, ctx, texts, json!({"texts": seen::texts(texts)}))
    }

    fn moderate_output(&self, ctx: &Context, texts: &[Text], last: bool) -> Result<Moderation> {
        let told = json!({"texts": seen::texts(texts), "last": last});
        self.moderate(Hook::ModerateOutput, ctx, texts, told)
    }

    fn completed(&self, ctx: &Context, outcome: &Outcome) -> Result<()> {
        self.turn(Hook::Completed, ctx, seen::outcome(outcome))?.store_echo()
    }
}
