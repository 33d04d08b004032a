//! The interfaces that a component exports, each resolved by itself: one that is absent is one that nobody subscribes to.

use tidegate_contract::Hook;
use tidegate_pipeline::HookError;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::bindings::exports::tidegate::plugin::{
    admission, auth, lifecycle, moderation, observe, transform,
};
use crate::imports::PACKAGE;
use crate::instance::Data;

/// Where the functions of a component are; the same for all its instances.
pub(crate) struct Places {
    lifecycle: lifecycle::GuestIndices,
    auth: Option<auth::GuestIndices>,
    admission: Option<admission::GuestIndices>,
    transform: Option<transform::GuestIndices>,
    moderation: Option<moderation::GuestIndices>,
    observe: Option<observe::GuestIndices>,
}

/// The functions of one instance.
pub(crate) struct Guests {
    pub(crate) lifecycle: lifecycle::Guest,
    pub(crate) auth: Option<auth::Guest>,
    pub(crate) admission: Option<admission::Guest>,
    pub(crate) transform: Option<transform::Guest>,
    pub(crate) moderation: Option<moderation::Guest>,
    pub(crate) observe: Option<observe::Guest>,
}

/// Looks an interface up where the component has it.
macro_rules! optional {
    ($linked:expr, $interface:ident) => {
        has($linked, stringify!($interface)).then(|| $interface::GuestIndices::new($linked)).transpose()
    };
}

impl Places {
    /// # Errors
    /// Where `lifecycle` is missing, or an interface is not whole.
    pub(crate) fn find(linked: &InstancePre<Data>) -> Result<Self, String> {
        if !has(linked, "lifecycle") {
            return Err(format!("it does not export \"{PACKAGE}lifecycle@0.1.0\"; build it with the SDK"));
        }
        let find = || -> wasmtime::Result<Self> {
            Ok(Self {
                lifecycle: lifecycle::GuestIndices::new(linked)?,
                auth: optional!(linked, auth)?,
                admission: optional!(linked, admission)?,
                transform: optional!(linked, transform)?,
                moderation: optional!(linked, moderation)?,
                observe: optional!(linked, observe)?,
            })
        };
        find().map_err(|error| format!("{error:#}; build it with a matching SDK"))
    }

    /// The functions of an instance, whose types are checked here.
    pub(crate) fn load(&self, store: &mut Store<Data>, instance: &Instance) -> wasmtime::Result<Guests> {
        let Self { lifecycle, auth, admission, transform, moderation, observe } = self;
        Ok(Guests {
            lifecycle: lifecycle.load(&mut *store, instance)?,
            auth: auth.as_ref().map(|places| places.load(&mut *store, instance)).transpose()?,
            admission: admission.as_ref().map(|places| places.load(&mut *store, instance)).transpose()?,
            transform: transform.as_ref().map(|places| places.load(&mut *store, instance)).transpose()?,
            moderation: moderation.as_ref().map(|places| places.load(&mut *store, instance)).transpose()?,
            observe: observe.as_ref().map(|places| places.load(&mut *store, instance)).transpose()?,
        })
    }

    /// The interface of a hook, where it is missing.
    pub(crate) fn lacks(&self, hook: Hook) -> Option<&'static str> {
        let (present, name) = match hook {
            Hook::Authenticate => (self.auth.is_some(), "auth"),
            Hook::Admit | Hook::Settle => (self.admission.is_some(), "admission"),
            Hook::TransformRequest
            | Hook::TransformUpstream
            | Hook::TransformResponse
            | Hook::TransformEvent => (self.transform.is_some(), "transform"),
            Hook::ModerateInput | Hook::ModerateOutput => (self.moderation.is_some(), "moderation"),
            Hook::Completed => (self.observe.is_some(), "observe"),
        };
        (!present).then_some(name)
    }
}

fn has(linked: &InstancePre<Data>, interface: &str) -> bool {
    linked.component().get_export_index(None, format!("{PACKAGE}{interface}@0.1.0")).is_some()
}

/// The functions of an interface that the subscription was checked against.
pub(crate) fn present<G>(guest: &Option<G>) -> Result<&G, HookError> {
    guest
        .as_ref()
        .ok_or_else(|| HookError::Invalid("the component does not export this hook's interface".into()))
}
