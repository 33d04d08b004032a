//! The code of one version of a plugin, and plugins made of it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidegate_contract::{Hook, Subscription};
use tidegate_pipeline::{Code, HookError, Instances, LoadError, Plugin, Setup};
use wasmtime::component::InstancePre;

use crate::compile::Compiled;
use crate::exports::Places;
use crate::instance::{Data, Instance, Mould};
use crate::plugin::WasmPlugin;

/// A compiled component whose imports are linked and whose exports are found.
pub(crate) struct WasmCode {
    compiled: Arc<Compiled>,
    linked: InstancePre<Data>,
    places: Arc<Places>,
}

impl WasmCode {
    /// # Errors
    /// Where the component lacks what every plugin has.
    pub(crate) fn new(
        entry: &str,
        compiled: Arc<Compiled>,
        linked: InstancePre<Data>,
    ) -> Result<Self, LoadError> {
        let places =
            Places::find(&linked).map_err(|cause| LoadError::Code { entry: entry.to_owned(), cause })?;
        Ok(Self { compiled, linked, places: Arc::new(places) })
    }
}

impl Code for WasmCode {
    fn configure(&self, setup: Setup) -> BoxFuture<'_, Result<Arc<dyn Plugin>, LoadError>> {
        let mould = Mould {
            _compiled: Arc::clone(&self.compiled),
            linked: self.linked.clone(),
            places: Arc::clone(&self.places),
            setup,
        };
        Box::pin(async move {
            let made = mould.make().await.map_err(|error| LoadError::Configure(error.to_string()))?;
            let (first, subscription) = made;
            let subscription = Arc::new(subscription?);
            check(&subscription, &mould)?;
            let (most, once) = (mould.setup.max_instances, mould.setup.per_request);
            let (mould, expected) = (Arc::new(mould), Arc::clone(&subscription));
            let make = Box::new(move || another(Arc::clone(&mould), Arc::clone(&expected)));
            let instances = Instances::new(most, once, Some(first), make);
            Ok(Arc::new(WasmPlugin::new(subscription, instances)) as Arc<dyn Plugin>)
        })
    }
}

/// Another instance, which must want what the first one wanted.
fn another(
    mould: Arc<Mould>,
    expected: Arc<Subscription>,
) -> BoxFuture<'static, Result<Instance, HookError>> {
    Box::pin(async move {
        let (instance, subscription) = mould.make().await?;
        if subscription.is_ok_and(|subscription| subscription == *expected) {
            return Ok(instance);
        }
        Err(HookError::Invalid(
            "another instance with the same configuration gave another subscription".into(),
        ))
    })
}

fn check(subscription: &Subscription, mould: &Mould) -> Result<(), LoadError> {
    let problem = |hook: Hook| {
        if !mould.setup.hooks.has(hook) {
            let text = format!(
                "it subscribes to \"{hook}\", which its manifest does not list; add it to \"hooks\" in plugin.toml"
            );
            return Some(text);
        }
        let interface = mould.places.lacks(hook)?;
        Some(format!(
            "it subscribes to \"{hook}\" and does not export \"{interface}\"; build it with that interface"
        ))
    };
    match subscription.hooks.iter().find_map(problem) {
        Some(text) => Err(LoadError::Subscription(text)),
        None => Ok(()),
    }
}
