//! Reads what its configuration names and changes nothing: what is left is what a call costs. `lua-reader` is the same in Lua.

use tidegate_plugin::{Body, Context, Headers, Plugin, Result, Subscription, Transform, Value, unchanged};

const POINTERS: [&str; 2] = ["/model", "/temperature"];

/// What of the body is asked for, and what is looked at.
enum Reader {
    Nothing,
    Pointers,
    /// All of it, and the two values in it: the plugin parses it.
    Whole,
    /// All of it, and only its end: the part of `Whole` that is not the plugin's own work.
    Text,
}

impl Reader {
    fn has_read(&self, body: &Body) -> bool {
        match self {
            Self::Nothing => body.is_absent(),
            Self::Pointers | Self::Whole => POINTERS.iter().all(|pointer| body.get(pointer).is_some()),
            Self::Text => body.text().is_some_and(|text| text.ends_with('}')),
        }
    }
}

#[tidegate_plugin::plugin]
impl Plugin for Reader {
    fn configure(config: Value) -> Result<Self> {
        match config["reads"].as_str() {
            Some("nothing") => Ok(Self::Nothing),
            Some("pointers") => Ok(Self::Pointers),
            Some("whole") => Ok(Self::Whole),
            Some("text") => Ok(Self::Text),
            _ => Err("\"reads\" must be \"nothing\", \"pointers\", \"whole\" or \"text\"".into()),
        }
    }

    fn subscribe(&self, wants: Subscription) -> Subscription {
        match self {
            Self::Nothing => wants.request_nothing(),
            Self::Pointers => wants.request_fields(POINTERS),
            Self::Whole | Self::Text => wants.request_whole(),
        }
    }

    fn transform_request(&self, _ctx: &Context, _headers: &Headers, body: &Body) -> Result<Transform> {
        if self.has_read(body) { Ok(unchanged()) } else { Err("what was asked for is not there".into()) }
    }
}
