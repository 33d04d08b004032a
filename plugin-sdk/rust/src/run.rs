//! Between the exported interfaces and the author's trait.

use std::cell::OnceCell;
use std::thread::LocalKey;

use crate::bindings::host::tidegate::plugin::types::{Context, Header, Judged, Payload, Text, Usage};
use crate::bindings::{admission, auth, lifecycle, moderation, observe, transform};
use crate::{Body, Headers, Hook, Plugin, Result, Subscription};

/// The hooks that stand in the block, as the attribute read them.
pub trait Written {
    /// In the order of the contract.
    const HOOKS: &'static [Hook];
}

/// Where the configured plugin lives.
pub type Slot<P> = LocalKey<OnceCell<P>>;

/// A component: one plugin, configured once. A component has one thread.
pub trait Component {
    /// The author's type.
    type Plugin: Plugin + Written;

    /// Its place.
    fn slot() -> &'static Slot<Self::Plugin>;
}

type Answer<T> = std::result::Result<T, String>;

fn ask<C: Component, T>(hook: impl FnOnce(&C::Plugin) -> Result<T>) -> Answer<T> {
    C::slot().with(|slot| {
        let plugin = slot.get().ok_or("a hook was called before \"configure\"")?;
        hook(plugin).map_err(crate::Error::into_text)
    })
}

impl<C: Component> lifecycle::exports::tidegate::plugin::lifecycle::Guest for C {
    fn configure(config: String) -> Answer<lifecycle::exports::tidegate::plugin::lifecycle::Subscription> {
        // Without it the reason of a panic is lost: a trap carries none.
        std::panic::set_hook(Box::new(|panic| crate::log::error(&panic.to_string(), &[])));
        let config = serde_json::from_str(&config)
            .map_err(|error| format!("the configuration is no JSON: {error}"))?;
        let plugin = C::Plugin::configure(config).map_err(crate::Error::into_text)?;
        let wants = plugin.subscribe(Subscription::to(C::Plugin::HOOKS.iter().copied()));
        C::slot().with(|slot| slot.set(plugin)).map_err(|_| "an instance is configured only once")?;
        Ok(wants.into_contract())
    }
}

impl<C: Component> auth::exports::tidegate::plugin::auth::Guest for C {
    fn authenticate(
        ctx: Context,
        head: crate::Head,
    ) -> Answer<auth::exports::tidegate::plugin::auth::Verdict> {
        ask::<C, _>(|plugin| Ok(plugin.authenticate(&ctx, &head)?.0))
    }
}

impl<C: Component> admission::exports::tidegate::plugin::admission::Guest for C {
    fn admit(
        ctx: Context,
        estimate: Usage,
    ) -> Answer<admission::exports::tidegate::plugin::admission::Verdict> {
        ask::<C, _>(|plugin| Ok(plugin.admit(&ctx, &estimate)?.0))
    }

    fn settle(ctx: Context, ticket: String, actual: Usage) -> Answer<()> {
        ask::<C, _>(|plugin| plugin.settle(&ctx, &ticket, &actual))
    }
}

use transform::exports::tidegate::plugin::transform::{Event, EventVerdict, Verdict};

impl<C: Component> transform::exports::tidegate::plugin::transform::Guest for C {
    fn request(ctx: Context, headers: Vec<Header>, body: Payload) -> Answer<Verdict> {
        ask::<C, _>(|plugin| Ok(plugin.transform_request(&ctx, &Headers::new(headers), &Body::of(body))?.0))
    }

    fn upstream(ctx: Context, headers: Vec<Header>, body: Payload) -> Answer<Verdict> {
        ask::<C, _>(|plugin| Ok(plugin.transform_upstream(&ctx, &Headers::new(headers), &Body::of(body))?.0))
    }

    fn response(ctx: Context, status: u16, headers: Vec<Header>, body: Payload) -> Answer<Verdict> {
        ask::<C, _>(|plugin| {
            Ok(plugin.transform_response(&ctx, status, &Headers::new(headers), &Body::of(body))?.0)
        })
    }

    fn events(ctx: Context, events: Vec<Event>) -> Answer<Vec<EventVerdict>> {
        ask::<C, _>(|plugin| events.iter().map(|event| Ok(plugin.transform_event(&ctx, event)?.0)).collect())
    }
}

impl<C: Component> moderation::exports::tidegate::plugin::moderation::Guest for C {
    fn input(ctx: Context, texts: Vec<Text>) -> Answer<Judged> {
        ask::<C, _>(|plugin| Ok(plugin.moderate_input(&ctx, &texts)?.0))
    }

    fn output(ctx: Context, texts: Vec<Text>, last: bool) -> Answer<Judged> {
        ask::<C, _>(|plugin| Ok(plugin.moderate_output(&ctx, &texts, last)?.0))
    }
}

impl<C: Component> observe::exports::tidegate::plugin::observe::Guest for C {
    fn completed(ctx: Context, outcome: crate::Outcome) -> Answer<()> {
        ask::<C, _>(|plugin| plugin.completed(&ctx, &outcome))
    }
}
