//! The metas of calls, with the package's own values in them.

use std::borrow::Cow;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::gave_up::GaveUp;
use crate::keys;
use crate::new;
use crate::read::Parser;
use crate::record::{Kind, Record};

/// What hooks are given. Each is passed through by the `_of` of its class; what is left out here is made there.
pub(crate) struct Values {
    /// The context of each hook, by its name.
    contexts: Vec<(String, Record)>,
    text: Record,
    event: Record,
    headers: Record,
    body: Record,
    slots: Slots,
}

struct Slots {
    headers: Py<PyString>,
    kind: Py<PyString>,
    fields: Py<PyString>,
    media_type: Py<PyString>,
}

impl Values {
    /// For these hooks, each with the class of its context.
    pub(crate) fn new(hooks: &Bound<'_, PyDict>) -> PyResult<Self> {
        let py = hooks.py();
        let class = |module: &str, name: &str| py.import(module)?.getattr(name);
        let mut contexts = Vec::new();
        for (name, of) in hooks.iter() {
            contexts.push((name.extract()?, context(&of, &class("tidegate.values", "Principal")?)?));
        }
        let zero = 0_u8.into_pyobject(py)?.into_any();
        let (none, empty) = (py.None().into_bound(py), PyString::new(py, "").into_any());
        let or = |value: &Bound<'_, PyAny>| Kind::Or(value.clone().unbind());
        let slot = |name: &str| PyString::intern(py, name).unbind();
        Ok(Self {
            contexts,
            text: Record::new(&class("tidegate.text", "Text")?)?
                .field(py, "id", or(&zero))
                .field(py, "role", or(&empty))
                .field(py, "kind", or(&empty))
                .field(py, "content", or(&empty))
                .field(py, "start", or(&zero))
                .field(py, "released", or(&zero))
                .field(py, "complete", Kind::Flag)
                .field(py, "new_turn", Kind::Flag)
                .fixed("_at", &zero)
                .fixed("_bytes", &zero),
            event: Record::new(&class("tidegate.event", "Event")?)?
                .field(py, "name", Kind::AsIs)
                .field_as(py, "data", "_text", or(&empty))
                .fixed("_data", &class("tidegate.event", "_NOT_READ")?),
            headers: Record::new(&class("tidegate.headers", "Headers")?)?,
            body: Record::new(&class("tidegate.body", "Body")?)?
                .fixed("_bytes", &PyBytes::new(py, b"").into_any())
                .fixed("_tree", &class("tidegate.body", "_NOT_THERE")?)
                .fixed("media_type", &none),
            slots: Slots {
                headers: slot("_fields"),
                kind: slot("kind"),
                fields: slot("fields"),
                media_type: slot("media_type"),
            },
        })
    }

    /// The meta of a call.
    pub(crate) fn meta<'py>(&self, parser: &mut Parser<'_, 'py>) -> Result<Bound<'py, PyDict>, GaveUp> {
        let meta = new::dict(parser.py())?;
        let (mut context, mut is_named) = (None, false);
        parser.members(|parser, key| {
            let name = keys::key(parser.py(), &key)?;
            let value = match key.as_ref() {
                // A second one would change what the context before it had to be.
                b"hook" if is_named => return Err(GaveUp),
                b"hook" if parser.peek()? == b'"' => {
                    let value = parser.value()?;
                    (context, is_named) = (self.context(value.extract()?), true);
                    value
                }
                b"ctx" => self.ctx(parser, context)?,
                b"headers" => self.headers(parser)?,
                b"body" => self.body(parser)?,
                b"texts" => listed(parser, &self.text)?,
                b"events" => listed(parser, &self.event)?,
                _ => parser.value()?,
            };
            Ok(meta.set_item(name, value)?)
        })?;
        parser.end()?;
        Ok(meta)
    }

    fn context(&self, hook: Cow<'_, str>) -> Option<&Record> {
        self.contexts.iter().find(|(name, _)| *name == hook).map(|(_, record)| record)
    }

    fn ctx<'py>(
        &self,
        parser: &mut Parser<'_, 'py>,
        context: Option<&Record>,
    ) -> Result<Bound<'py, PyAny>, GaveUp> {
        match context {
            Some(record) if parser.peek()? == b'{' => record.read(parser),
            _ => parser.value(),
        }
    }

    fn headers<'py>(&self, parser: &mut Parser<'_, 'py>) -> Result<Bound<'py, PyAny>, GaveUp> {
        let fields = parser.array(Parser::value)?.into_any();
        self.headers.of(parser.py(), &[(&self.slots.headers, &fields)])
    }

    /// The content comes with the frame, and is added where the hook is called.
    fn body<'py>(&self, parser: &mut Parser<'_, 'py>) -> Result<Bound<'py, PyAny>, GaveUp> {
        let py = parser.py();
        let told = parser.value()?;
        let (mut kind, mut media_type) = (intern!(py, "absent").clone().into_any(), py.None().into_bound(py));
        let mut fields = new::dict(py)?.into_any();
        if told.cast_exact::<PyString>().is_ok_and(|told| told == "whole") {
            kind = intern!(py, "whole").clone().into_any();
        } else if let Ok(told) = told.cast_exact::<PyDict>() {
            if let Some(found) = told.get_item("fields")?.filter(|found| !found.is_none()) {
                (kind, fields) = (intern!(py, "fields").clone().into_any(), found);
            } else {
                let opaque =
                    told.get_item("opaque")?.filter(Bound::is_exact_instance_of::<PyString>).ok_or(GaveUp)?;
                (kind, media_type) = (intern!(py, "opaque").clone().into_any(), opaque);
            }
        }
        let slots = &self.slots;
        self.body.of(py, &[(&slots.kind, &kind), (&slots.fields, &fields), (&slots.media_type, &media_type)])
    }
}

fn context(class: &Bound<'_, PyAny>, principal: &Bound<'_, PyAny>) -> PyResult<Record> {
    let py = class.py();
    let zero = || Ok::<_, PyErr>(Kind::Or(0_u8.into_pyobject(py)?.into_any().unbind()));
    let empty = || Kind::Or(PyString::new(py, "").into_any().unbind());
    let principal = Record::new(principal)?.field(py, "id", empty()).field(py, "tenant", Kind::AsIs).field(
        py,
        "attributes",
        Kind::Pairs,
    );
    Ok(Record::new(class)?
        .field(py, "request_id", empty())
        .field(py, "route", empty())
        .field(py, "dialect", empty())
        .field(py, "operation", empty())
        .field(py, "model", Kind::AsIs)
        .field(py, "principal", Kind::Of(principal))
        .field(py, "streaming", Kind::Flag)
        .field(py, "attempt", zero()?)
        .field_as(py, "deadline_ms", "_until", zero()?))
}

fn listed<'py>(parser: &mut Parser<'_, 'py>, record: &Record) -> Result<Bound<'py, PyAny>, GaveUp> {
    Ok(parser.array(|parser| record.read(parser))?.into_any())
}
