//! The same plugin as a shared library: a table of C functions in place of a component's exports.
//!
//! Everything of the author's is called within `catch_unwind`: no panic crosses the border.

mod read;
pub(crate) mod services;
mod tell;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use tidegate_abi as abi;
use tidegate_abi::{
    Body, Bytes, Call, Context, Event, Field, Head, Host, Instance, List, MAGIC, MAJOR, MINOR, Outcome,
    Plugin as Table, Returned, Text, UNWINDS, Usage,
};

use crate::run::Written;
use crate::{Hook, Plugin, Result, Subscription};

/// The host's table and the call under way on this thread.
#[derive(Clone, Copy)]
pub(crate) struct Current {
    host: &'static Host,
    call: *mut Call,
}

thread_local! {
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
    /// Where and why this thread panicked last.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What stands behind an instance's pointer.
struct Kept<P> {
    host: &'static Host,
    plugin: P,
}

/// The table of a plugin. It must be sent from thread to thread, as its instances are.
pub const fn table<P: Plugin + Written + Send>(unwinds: bool) -> Table {
    let has = P::HOOKS;
    Table {
        magic: MAGIC,
        major: MAJOR,
        minor: MINOR,
        size: size_of::<Table>(),
        flags: if unwinds { UNWINDS } else { 0 },
        contract: Bytes::text("0.1"),
        configure: configure::<P>,
        destroy: destroy::<P>,
        authenticate: if is_in(has, Hook::Authenticate) { Some(authenticate::<P>) } else { None },
        admit: if is_in(has, Hook::Admit) { Some(admit::<P>) } else { None },
        settle: if is_in(has, Hook::Settle) { Some(settle::<P>) } else { None },
        transform_request: if is_in(has, Hook::TransformRequest) {
            Some(transform_request::<P>)
        } else {
            None
        },
        transform_upstream: if is_in(has, Hook::TransformUpstream) {
            Some(transform_upstream::<P>)
        } else {
            None
        },
        transform_response: if is_in(has, Hook::TransformResponse) {
            Some(transform_response::<P>)
        } else {
            None
        },
        transform_event: if is_in(has, Hook::TransformEvent) { Some(transform_event::<P>) } else { None },
        moderate_input: if is_in(has, Hook::ModerateInput) { Some(moderate_input::<P>) } else { None },
        moderate_output: if is_in(has, Hook::ModerateOutput) { Some(moderate_output::<P>) } else { None },
        completed: if is_in(has, Hook::Completed) { Some(completed::<P>) } else { None },
    }
}

const fn is_in(hooks: &[Hook], hook: Hook) -> bool {
    let mut at = 0;
    while at < hooks.len() {
        if hooks[at] as u8 == hook as u8 {
            return true;
        }
        at += 1;
    }
    false
}

/// Puts the call before what runs in it, and the one before back when that ends, however it does.
struct Entered(Option<Current>);

impl Entered {
    fn of(current: Current) -> Self {
        Self(CURRENT.replace(Some(current)))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// Runs what the author wrote. An error and a panic are told to the host.
fn run(host: &'static Host, call: *mut Call, hook: impl FnOnce(&Current) -> Result<()>) -> i32 {
    let current = Current { host, call };
    let entered = Entered::of(current);
    let outcome = catch_unwind(AssertUnwindSafe(|| hook(&current)));
    drop(entered);
    let (text, returned) = match outcome {
        Ok(Ok(())) => return Returned::Done as i32,
        Ok(Err(error)) => (error.into_text(), Returned::Failed),
        Err(payload) => {
            let text = PANIC.take().unwrap_or_else(|| format!("a panic: {}", said(&*payload)));
            // Its drop may panic as well.
            std::mem::forget(payload);
            (text, Returned::Panicked)
        }
    };
    // SAFETY: the call is under way, and the text outlives the function.
    unsafe { (host.fail)(call, Bytes::text(&text)) };
    returned as i32
}

fn said(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".to_owned())
}

unsafe extern "C" fn configure<P: Plugin + Written + Send>(
    host: *const Host,
    call: *mut Call,
    config: Bytes,
    instance: *mut Instance,
) -> i32 {
    // SAFETY: the host's table lives as long as the process.
    let host = unsafe { &*host };
    // This library's own, whatever others do: what it prints otherwise has no place in the gateway's output.
    std::panic::set_hook(Box::new(|panic| {
        let place =
            panic.location().map_or(String::new(), |place| format!(" at {}:{}", place.file(), place.line()));
        PANIC.set(Some(format!("a panic{place}: {}", said(panic.payload()))));
    }));
    run(host, call, |current| {
        // SAFETY: the host lends it for the time of the call.
        let config = unsafe { read::text(config) };
        let config = serde_json::from_str(&config)
            .map_err(|error| format!("the configuration is no JSON: {error}"))?;
        let plugin = P::configure(config)?;
        let wants = plugin.subscribe(Subscription::to(P::HOOKS.iter().copied()));
        tell::subscription(current, &wants.into_contract());
        let kept = Box::into_raw(Box::new(Kept { host, plugin }));
        // SAFETY: the host gives a place for it.
        unsafe { instance.write(kept.cast()) };
        Ok(())
    })
}

unsafe extern "C" fn destroy<P>(instance: Instance) {
    if !instance.is_null() {
        // SAFETY: it was made by `configure`, and nothing uses it any more.
        let kept = unsafe { Box::from_raw(instance.cast::<Kept<P>>()) };
        // A drop that panics leaves what it had not freed yet.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(kept)));
    }
}

/// Runs a hook on the plugin behind an instance.
///
/// # Safety
/// The instance was made by `configure` of the same type, is used by nobody else now, and the context is lent for the call.
unsafe fn ask<P>(
    instance: Instance,
    call: *mut Call,
    context: *const Context,
    hook: impl FnOnce(&P, &crate::Context, &Current) -> Result<()>,
) -> i32 {
    // SAFETY: the caller's promise.
    let (kept, context) = unsafe { (&*instance.cast::<Kept<P>>(), &*context) };
    // SAFETY: the same.
    run(kept.host, call, |current| hook(&kept.plugin, &unsafe { read::context(context) }, current))
}

unsafe extern "C" fn authenticate<P: Plugin>(
    instance: Instance,
    call: *mut Call,
    context: *const Context,
    head: *const Head,
) -> i32 {
    // SAFETY: the host's promise, here and below.
    unsafe {
        ask::<P>(instance, call, context, |plugin, context, current| {
            tell::auth(current, &plugin.authenticate(context, &read::head(&*head))?.0);
            Ok(())
        })
    }
}

unsafe extern "C" fn admit<P: Plugin>(
    instance: Instance,
    call: *mut Call,
    context: *const Context,
    estimate: *const Usage,
) -> i32 {
    // SAFETY: see above.
    unsafe {
        ask::<P>(instance, call, context, |plugin, context, current| {
            tell::admission(current, &plugin.admit(context, &read::usage(&*estimate))?.0);
            Ok(())
        })
    }
}

unsafe extern "C" fn settle<P: Plugin>(
    instance: Instance,
    call: *mut Call,
    context: *const Context,
    ticket: Bytes,
    actual: *const Usage,
) -> i32 {
    // SAFETY: see above.
    unsafe {
        ask::<P>(instance, call, context, |plugin, context, _| {
            plugin.settle(context, &read::text(ticket), &read::usage(&*actual))
        })
    }
}

unsafe extern "C" fn transform_request<P: Plugin>(
    instance: Instance,
    call: *mut Call,
    context: *const Context,
    headers: List<Field>,
    body: *const Body,
) -> i32 {
    // SAFETY: see above.
    unsafe {
        ask::<P>(instance, call, context, |plugin, context, current| {
            let verdict = plugin.transform_request(context, &read::headers(headers), &read::body(&*body))?;
            tell::transform(current, &verdict.0);
            Ok(())
        })
    }
}

unsafe extern "C" fn transform_upstream<P: Plugin>(
    instance: Instance,
    call: *mut Call,
    context: *const Context,
    headers: List<Field>,
    body: *const Body,
) -> i32 {
    // SAFETY: see above.
    unsafe {
        ask::<P>(instance, call, context, |plugin, context, current| {
            let verdict = plugin.transform_upstream(context, &read::headers(headers), &read::body(&*body))?;
            tell::transform(current, &verdict.0);
            Ok(())
        })
    }
}

unsafe extern "C" fn transform_response<P: Plugin>(
    instance: Instance,
    call: *mut Call,
    context: *const Context,
    status: u16,
    headers: List<Field>,
    body: *const Body,
) -> i32 {
    // SAFETY: see above.
    unsafe {
        ask::<P>(instance, call, context, |plugin, context, current| {
            let (headers, body) = (read::headers(headers), read::body(&*body));
            tell::transform(current, &plugin.transform_response(context, status, &headers, &body)?.0);
            Ok(())
        })
    }
}

unsafe extern "C" fn transform_event<P: Plugin>(
    instance: Instance,
    call: *mut Call,
    context: *const Context,
    events: List<Event>,
) -> i32 {
    // SAFETY: see above.
    unsafe {
        ask::<P>(instance, call, context, |plugin, context, current| {
            for event in events.as_slice() {
                tell::event(current, &plugin.transform_event(context, &read::event(event))?.0);
            }
            Ok(())
        })
    }
}

unsafe extern "C" fn moderate_input<P: Plugin>(
    instance: Instance,
    call: *mut Call,
    context: *const Context,
    texts: List<Text>,
) -> i32 {
    // SAFETY: see above.
    unsafe {
        ask::<P>(instance, call, context, |plugin, context, current| {
            tell::judged(current, &plugin.moderate_input(context, &read::texts(texts))?.0);
            Ok(())
        })
    }
}

unsafe extern "C" fn moderate_output<P: Plugin>(
    instance: Instance,
    call: *mut Call,
    context: *const Context,
    texts: List<Text>,
    last: u8,
) -> i32 {
    // SAFETY: see above.
    unsafe {
        ask::<P>(instance, call, context, |plugin, context, current| {
            tell::judged(current, &plugin.moderate_output(context, &read::texts(texts), last != 0)?.0);
            Ok(())
        })
    }
}

unsafe extern "C" fn completed<P: Plugin>(
    instance: Instance,
    call: *mut Call,
    context: *const Context,
    outcome: *const Outcome,
) -> i32 {
    // SAFETY: see above.
    unsafe {
        ask::<P>(instance, call, context, |plugin, context, _| {
            plugin.completed(context, &read::outcome(&*outcome))
        })
    }
}

/// What the attribute adds where the target is a shared library.
#[doc(hidden)]
#[macro_export]
macro_rules! __native {
    ($plugin:ty) => {
        const _: () = {
            static TABLE: $crate::__rt::native::abi::Plugin =
                $crate::__rt::native::table::<$plugin>(cfg!(panic = "unwind"));
            #[unsafe(no_mangle)]
            extern "C" fn tidegate_plugin_abi() -> *const $crate::__rt::native::abi::Plugin {
                &raw const TABLE
            }
            $crate::__rt::native::abi::root_module!(tidegate_plugin_abi);
        };
    };
}
