//! The trait that an author implements.

use serde_json::Value;

use crate::{
    Admission, Auth, Body, Context, Event, Events, Head, Headers, Moderation, Outcome, Result, Subscription,
    Text, Transform, Usage, admission, auth, moderation, transform,
};

/// A plugin: its configuration, and the hooks that it has.
///
/// The block that implements it carries `#[tidegate_plugin::plugin]`, which subscribes to the hooks that are written
/// there; those left out keep a default that is never called. There may be several instances, each configured alike and
/// serving one call at a time: what has to outlive a call is kept with [`crate::state`] or [`crate::kv`].
///
/// Units: offsets and sizes are bytes of UTF-8, times are milliseconds.
pub trait Plugin: Sized + 'static {
    /// Reads the configuration; called once, first, on every instance. It holds to the package's schema already.
    ///
    /// # Errors
    /// One sentence for the operator: the plugin is not loaded, and what was loaded before stays.
    fn configure(config: Value) -> Result<Self>;

    /// Narrows what is asked for: `wants` has the hooks that were written and, for transforms, whole bodies. A body costs
    /// what is asked of it, so a transform names the places that it reads.
    fn subscribe(&self, wants: Subscription) -> Subscription {
        wants
    }

    /// Who is calling. Before anything of the body is trusted.
    ///
    /// # Errors
    /// Where the plugin fails; the filter's `on_error` decides.
    fn authenticate(&self, _ctx: &Context, _head: &Head) -> Result<Auth> {
        Ok(auth::pass())
    }

    /// May it be spent. `estimate` is made from the size of the request.
    ///
    /// # Errors
    /// Where the plugin fails; the filter's `on_error` decides.
    fn admit(&self, _ctx: &Context, _estimate: &Usage) -> Result<Admission> {
        Ok(admission::admit())
    }

    /// What was spent under a ticket of [`Plugin::admit`]; exactly once, also after a cancel.
    ///
    /// # Errors
    /// Where the plugin fails; the error is counted and logged.
    fn settle(&self, _ctx: &Context, _ticket: &str, _actual: &Usage) -> Result<()> {
        Ok(())
    }

    /// The request, in the client's dialect.
    ///
    /// # Errors
    /// Where the plugin fails; the filter's `on_error` decides.
    fn transform_request(&self, _ctx: &Context, _headers: &Headers, _body: &Body) -> Result<Transform> {
        Ok(transform::unchanged())
    }

    /// The request of one attempt, in the provider's dialect.
    ///
    /// # Errors
    /// Where the plugin fails; the filter's `on_error` decides.
    fn transform_upstream(&self, _ctx: &Context, _headers: &Headers, _body: &Body) -> Result<Transform> {
        Ok(transform::unchanged())
    }

    /// The answer; of a stream its head, with an absent body.
    ///
    /// # Errors
    /// Where the plugin fails; the filter's `on_error` decides.
    fn transform_response(
        &self,
        _ctx: &Context,
        _status: u16,
        _headers: &Headers,
        _body: &Body,
    ) -> Result<Transform> {
        Ok(transform::unchanged())
    }

    /// One event of a streamed answer.
    ///
    /// # Errors
    /// Where the plugin fails; the filter's `on_error` decides.
    fn transform_event(&self, _ctx: &Context, _event: &Event) -> Result<Events> {
        Ok(transform::keep())
    }

    /// The texts of the request, once.
    ///
    /// # Errors
    /// Where the plugin fails; the filter's `on_error` decides.
    fn moderate_input(&self, _ctx: &Context, _texts: &[Text]) -> Result<Moderation> {
        Ok(moderation::allow())
    }

    /// The texts of the answer, or windows of a stream; `last` in the last call.
    ///
    /// # Errors
    /// Where the plugin fails; the filter's `on_error` decides.
    fn moderate_output(&self, _ctx: &Context, _texts: &[Text], _last: bool) -> Result<Moderation> {
        Ok(moderation::allow())
    }

    /// The finished exchange, off its path. Not for money: that is [`Plugin::settle`].
    ///
    /// # Errors
    /// Where the plugin fails; the error is counted and logged.
    fn completed(&self, _ctx: &Context, _outcome: &Outcome) -> Result<()> {
        Ok(())
    }
}
