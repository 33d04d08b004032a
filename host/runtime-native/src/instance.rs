//! A configured instance of a plugin: the one place that calls into a library.

#![allow(unsafe_code, reason = "calls of C functions; each block has its reason")]

use std::ffi::c_void;

use tidegate_abi::{self as abi, Bytes, Call, List, Plugin, Returned};
use tidegate_contract::{Context, Hook, Hooks, Need, Subscription};
use tidegate_pipeline::{HookError, LoadError, reason, subscribed};

use crate::asked::{Asked, Message};
use crate::frame::Frame;
use crate::lend;
use crate::reach::Reach;
use crate::table::HOST;
use crate::told::{Told, Verdict, Wants};

/// An instance. It serves one call at a time, wherever it is.
pub(crate) struct Instance {
    table: &'static Plugin,
    pointer: *mut c_void,
    /// Bytes of a verdict.
    output: usize,
}

// SAFETY: the table's contract: an instance may be called on any thread, by one at a time.
unsafe impl Send for Instance {}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: it was made by `configure`, no call of it is under way, and nothing calls it again.
        unsafe { (self.table.destroy)(self.pointer) }
    }
}

/// What an instance is made with.
pub(crate) struct Order<'a> {
    pub(crate) config: &'a str,
    /// The upper bound of its hooks.
    pub(crate) listed: Hooks,
    pub(crate) output: usize,
}

/// The hooks that a library has.
pub(crate) fn hooks_of(table: &Plugin) -> Hooks {
    let has = |hook: &Hook| match hook {
        Hook::Authenticate => table.authenticate.is_some(),
        Hook::Admit => table.admit.is_some(),
        Hook::Settle => table.settle.is_some(),
        Hook::TransformRequest => table.transform_request.is_some(),
        Hook::TransformUpstream => table.transform_upstream.is_some(),
        Hook::TransformResponse => table.transform_response.is_some(),
        Hook::TransformEvent => table.transform_event.is_some(),
        Hook::ModerateInput => table.moderate_input.is_some(),
        Hook::ModerateOutput => table.moderate_output.is_some(),
        Hook::Completed => table.completed.is_some(),
    };
    Hook::ALL.into_iter().filter(has).collect()
}

impl Instance {
    /// Makes an instance of a configuration.
    ///
    /// # Errors
    /// Where the plugin refuses it, or subscribes to what it does not have or its manifest does not list.
    pub(crate) fn make(
        table: &'static Plugin,
        order: &Order<'_>,
        reach: &dyn Reach,
    ) -> Result<(Self, Subscription), LoadError> {
        let mut frame = Frame::new(reach, order.output);
        let mut pointer = std::ptr::null_mut();
        // SAFETY: the table is the library's own, the host's lives for ever, and all else outlives the call.
        let returned =
            unsafe { (table.configure)(&HOST, frame.pointer(), Bytes::text(order.config), &mut pointer) };
        // Ends with whatever goes wrong from here on.
        let made =
            (returned == Returned::Done as i32).then_some(Self { table, pointer, output: order.output });
        let told = frame.end().map_err(|error| LoadError::Configure(error.to_string()))?;
        let failure = || reason(told.failure.as_deref().unwrap_or_default());
        let instance = made.ok_or_else(|| match returned {
            number if number == Returned::Panicked as i32 => {
                LoadError::Configure(format!("it stopped: {}", failure()))
            }
            _ => LoadError::Configure(failure()),
        })?;
        let subscription = subscription(told.wants, hooks_of(table), order.listed)?;
        Ok((instance, subscription))
    }

    /// Asks a hook. After [`HookError::Panicked`] the instance is of no use any more.
    ///
    /// # Errors
    /// Where the hook fails, or tells what cannot be used.
    pub(crate) fn ask(
        &mut self,
        asked: Asked<'_>,
        context: &Context<'_>,
        reach: &dyn Reach,
    ) -> Result<Verdict, HookError> {
        let mut frame = Frame::new(reach, self.output);
        let call = frame.pointer();
        let returned = lend::context(context, |context| self.call(asked, context, call));
        let told = frame.end()?;
        match returned {
            None => Err(HookError::Failed(format!("it has no \"{}\"", asked.hook()))),
            Some(number) if number == Returned::Done as i32 => told.verdict(asked.hook(), asked.count()),
            Some(number) if number == Returned::Panicked as i32 => Err(panicked(&told)),
            Some(_) => Err(HookError::Failed(reason(told.failure.as_deref().unwrap_or_default()))),
        }
    }

    /// `None` where there is no such function.
    fn call(&mut self, asked: Asked<'_>, context: &abi::Context, call: *mut Call) -> Option<i32> {
        let (table, instance) = (self.table, self.pointer);
        // SAFETY, of every block below: the function is the library's, the instance its own and used by nobody else now, and
        // what is lent outlives the call.
        match asked {
            Asked::Authenticate(head) => {
                let function = table.authenticate?;
                Some(lend::head(&head, |head| unsafe { function(instance, call, context, head) }))
            }
            Asked::Admit(usage) => {
                let (function, usage) = (table.admit?, lend::usage(usage));
                Some(unsafe { function(instance, call, context, &raw const usage) })
            }
            Asked::Settle(ticket, usage) => {
                let (function, usage) = (table.settle?, lend::usage(usage));
                Some(unsafe { function(instance, call, context, Bytes::text(ticket), &raw const usage) })
            }
            Asked::Transform(message) => self.transform(&message, context, call),
            Asked::Events(events) => {
                let (function, events) = (table.transform_event?, lend::events(events));
                Some(unsafe { function(instance, call, context, List::of(&events)) })
            }
            Asked::Moderate(texts, None) => {
                let (function, texts) = (table.moderate_input?, lend::texts(texts));
                Some(unsafe { function(instance, call, context, List::of(&texts)) })
            }
            Asked::Moderate(texts, Some(last)) => {
                let (function, texts) = (table.moderate_output?, lend::texts(texts));
                Some(unsafe { function(instance, call, context, List::of(&texts), last.into()) })
            }
            Asked::Completed(outcome) => {
                let function = table.completed?;
                Some(lend::outcome(outcome, |outcome| unsafe { function(instance, call, context, outcome) }))
            }
        }
    }

    fn transform(&mut self, message: &Message<'_>, context: &abi::Context, call: *mut Call) -> Option<i32> {
        let (table, instance) = (self.table, self.pointer);
        let Message { hook, status, headers, body } = *message;
        let headers = lend::headers(headers);
        let headers = List::of(&headers);
        // SAFETY: as in `call`.
        match (hook, status) {
            (_, Some(status)) => {
                let function = table.transform_response?;
                Some(lend::body(body, |body| unsafe {
                    function(instance, call, context, status, headers, body)
                }))
            }
            (hook, None) => {
                let upstream = hook == Hook::TransformUpstream;
                let function = if upstream { table.transform_upstream } else { table.transform_request }?;
                Some(lend::body(body, |body| unsafe { function(instance, call, context, headers, body) }))
            }
        }
    }
}

fn panicked(told: &Told) -> HookError {
    match &told.failure {
        Some(text) => HookError::Trapped(reason(text)),
        None => HookError::Panicked,
    }
}

/// What was asked for; without a word about it all that the library has and the manifest lists, with whole bodies.
fn subscription(wants: Wants, has: Hooks, listed: Hooks) -> Result<Subscription, LoadError> {
    let Wants { hooks, needs: [request, response, headers], digest, windows, dialects } = wants;
    let hooks = match hooks {
        None => has.iter().filter(|hook| listed.has(*hook)).collect(),
        Some(named) => named.iter().map(|name| hook(name, has, listed)).collect::<Result<Hooks, _>>()?,
    };
    let given = |need: Option<Need>, hooks_of_it: &[Hook]| {
        let default =
            if hooks_of_it.iter().any(|hook| hooks.has(*hook)) { Need::Whole } else { Need::Nothing };
        need.unwrap_or(default)
    };
    Ok(Subscription {
        hooks,
        headers: headers.unwrap_or(Need::Whole),
        request_body: given(request, &[Hook::TransformRequest, Hook::TransformUpstream]),
        response_body: given(response, &[Hook::TransformResponse]),
        body_digest: digest,
        windows,
        dialects,
    })
}

fn hook(name: &str, has: Hooks, listed: Hooks) -> Result<Hook, LoadError> {
    let hook = subscribed(name, listed)?;
    if has.has(hook) {
        return Ok(hook);
    }
    Err(LoadError::Subscription(format!("it subscribes to \"{hook}\", and its table has no such function")))
}
