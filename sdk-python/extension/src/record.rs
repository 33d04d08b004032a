//! Values of the package that are made of an object of a frame without a dict in between.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};

use crate::gave_up::GaveUp;
use crate::new;
use crate::read::Parser;

/// More than any of them has.
const MOST_FIELDS: usize = 10;

/// How a class is filled: as its `_of` does, which is the reference.
pub(crate) struct Record {
    /// Makes one without anything in it.
    new: Py<PyAny>,
    fields: Vec<Field>,
    /// Slots that no key of the frame tells of.
    fixed: Vec<(Py<PyString>, Py<PyAny>)>,
}

struct Field {
    key: &'static str,
    slot: Py<PyString>,
    kind: Kind,
}

/// What becomes of the value at a key, or of none.
pub(crate) enum Kind {
    /// It stays as it is, and None where there is none.
    AsIs,
    /// This takes the place of one that counts as false.
    Or(Py<PyAny>),
    /// Whether it counts as true.
    Flag,
    /// A dict of a list of pairs.
    Pairs,
    /// Another record, or None.
    Of(Record),
}

impl Record {
    /// A record of that class, without fields.
    pub(crate) fn new(class: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = class.py();
        let new = py.get_type::<PyAny>().getattr("__new__")?;
        let new = py.import("functools")?.call_method1("partial", (new, class))?.unbind();
        Ok(Self { new, fields: Vec::new(), fixed: Vec::new() })
    }

    /// The value at `key` goes to the slot of that name.
    pub(crate) fn field(self, py: Python<'_>, key: &'static str, kind: Kind) -> Self {
        self.field_as(py, key, key, kind)
    }

    /// The value at `key` goes to `slot`.
    pub(crate) fn field_as(mut self, py: Python<'_>, key: &'static str, slot: &str, kind: Kind) -> Self {
        self.fields.push(Field { key, slot: PyString::intern(py, slot).unbind(), kind });
        self
    }

    /// The slot always begins with that value.
    pub(crate) fn fixed(mut self, slot: &str, value: &Bound<'_, PyAny>) -> Self {
        self.fixed.push((PyString::intern(value.py(), slot).unbind(), value.clone().unbind()));
        self
    }

    /// A new one whose slots are given.
    pub(crate) fn of<'py>(
        &self,
        py: Python<'py>,
        slots: &[(&Py<PyString>, &Bound<'py, PyAny>)],
    ) -> Result<Bound<'py, PyAny>, GaveUp> {
        let made = self.new.bind(py).call0()?;
        for (slot, value) in &self.fixed {
            made.setattr(slot.bind(py), value.bind(py))?;
        }
        for (slot, value) in slots {
            made.setattr(slot.bind(py), *value)?;
        }
        Ok(made)
    }

    /// The next value of the text, which has to be an object.
    pub(crate) fn read<'py>(&self, parser: &mut Parser<'_, 'py>) -> Result<Bound<'py, PyAny>, GaveUp> {
        let mut values: [Option<Bound<'py, PyAny>>; MOST_FIELDS] = [const { None }; MOST_FIELDS];
        let mut next = 0;
        parser.members(|parser, key| {
            let Some(place) = self.place(&key, next) else {
                std::str::from_utf8(&key).map_err(|_| GaveUp)?;
                parser.value()?;
                return Ok(());
            };
            next = place + 1;
            values[place] = Some(self.fields[place].kind.read(parser)?);
            Ok(())
        })?;
        let py = parser.py();
        let made = self.of(py, &[])?;
        for (field, value) in self.fields.iter().zip(values) {
            made.setattr(field.slot.bind(py), field.kind.finished(py, value)?)?;
        }
        Ok(made)
    }

    /// Which field a key is. They mostly come in one order, so that the next one is looked at first.
    fn place(&self, key: &[u8], next: usize) -> Option<usize> {
        let is_it = |field: &Field| field.key.as_bytes() == key;
        if self.fields.get(next).is_some_and(is_it) {
            return Some(next);
        }
        self.fields.iter().position(is_it)
    }
}

impl Kind {
    fn read<'py>(&self, parser: &mut Parser<'_, 'py>) -> Result<Bound<'py, PyAny>, GaveUp> {
        match self {
            Self::Of(record) if parser.peek()? == b'{' => record.read(parser),
            Self::Of(_) => {
                let value = parser.value()?;
                if value.is_none() { Ok(value) } else { Err(GaveUp) }
            }
            _ => parser.value(),
        }
    }

    fn finished<'py>(
        &self,
        py: Python<'py>,
        value: Option<Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>, GaveUp> {
        let truth = value.as_ref().map_or(Ok(false), |value| value.is_truthy())?;
        Ok(match (self, value) {
            (Self::Flag, _) => PyBool::new(py, truth).to_owned().into_any(),
            (Self::Or(_) | Self::AsIs | Self::Of(_), Some(value)) if truth => value,
            (Self::Or(other), _) => other.bind(py).clone(),
            (Self::Pairs, Some(value)) if truth => py.get_type::<PyDict>().call1((value,))?,
            (Self::Pairs, _) => new::dict(py)?.into_any(),
            (_, value) => value.unwrap_or_else(|| py.None().into_bound(py)),
        })
    }
}
