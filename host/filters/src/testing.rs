//! What the tests of several filters share.

use std::sync::{Arc, LazyLock};

use futures_util::FutureExt;
use http::HeaderMap;
use serde_json::Value;
use tidegate_contract::{Context, Need, TransformVerdict};
use tidegate_pipeline::{
    Answer, Attributes, Call, Document, Documents, FilterFactory, Payload, Plugin, Scope, SettingsProblem,
    apply_headers,
};

/// No files.
pub(crate) struct NoFiles;

impl Documents for NoFiles {
    fn read(&self, path: &str, _: &Value) -> Result<Value, Vec<String>> {
        Err(vec![format!("no file {path}")])
    }
}

/// The filter of these settings.
pub(crate) fn filter(factory: &dyn FilterFactory, settings: &Value) -> Arc<dyn Plugin> {
    factory.build(settings, &NoFiles).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// What is wrong in these settings.
pub(crate) fn problems(factory: &dyn FilterFactory, settings: &Value) -> Vec<SettingsProblem> {
    factory.build(settings, &NoFiles).err().unwrap_or_default()
}

static SCOPE: LazyLock<Arc<Scope>> = LazyLock::new(|| Scope::new("r", Arc::new(Attributes::default())));

/// A call for a request of this operation.
pub(crate) fn call(operation: &'static str) -> Call<'static> {
    Call { context: Context { operation, ..Context::new("r") }, scope: &SCOPE }
}

/// The answer of a hook that answers at once.
pub(crate) fn now<T>(answer: Answer<'_, T>) -> T {
    answer.now_or_never().unwrap().unwrap()
}

/// A message of a test: its headers and, where it is JSON, its body.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    /// Whether the body is still the one that came.
    pub(crate) untouched: bool,
}

impl Sent {
    pub(crate) fn json(body: Value) -> Self {
        Self { headers: HeaderMap::new(), body, untouched: true }
    }

    /// Passes it through a transform, as a chain does.
    pub(crate) fn through(
        mut self,
        need: &Need,
        hook: impl FnOnce(&HeaderMap, Payload<'_>) -> TransformVerdict,
    ) -> Self {
        let mut document = Document::new(self.body.to_string().into());
        let verdict = match need {
            Need::Nothing => hook(&self.headers, Payload::Absent),
            Need::Fields(pointers) => {
                hook(&self.headers, Payload::Fields(&document.fields(pointers).unwrap()))
            }
            Need::Whole => hook(&self.headers, Payload::Whole(&document)),
        };
        if let TransformVerdict::Changed(change) = verdict {
            if let Some(body) = &change.body {
                document.apply(body).unwrap();
            }
            apply_headers(&change.headers, &mut self.headers).unwrap();
        }
        let untouched = !document.is_changed();
        Self { headers: self.headers, body: Value::clone(document.tree().unwrap()), untouched }
    }
}
