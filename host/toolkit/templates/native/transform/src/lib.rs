//! Keeps the temperature of requests below a limit.

use tidegate_plugin::{Body, Context, Headers, Plugin, Result, Subscription, Transform, Value, changed};

struct Temperature {
    most: Value,
}

#[tidegate_plugin::plugin]
impl Plugin for Temperature {
    fn configure(config: Value) -> Result<Self> {
        Ok(Self { most: config["max_temperature"].clone() })
    }

    /// Of the body only this place is handed over: what is not asked for costs nothing.
    fn subscribe(&self, wants: Subscription) -> Subscription {
        wants.request_fields(["/temperature"]).dialects(["openai", "anthropic"])
    }

    fn transform_request(&self, _ctx: &Context, _headers: &Headers, body: &Body) -> Result<Transform> {
        let change = changed().add_header("x-filtered-by", "{{name}}");
        let asked = body.get("/temperature").and_then(|asked| asked.as_f64());
        let is_too_high = asked.zip(self.most.as_f64()).is_some_and(|(asked, most)| asked > most);
        Ok(if is_too_high { change.set("/temperature", self.most.clone()) } else { change })
    }
}
