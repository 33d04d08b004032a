//! Declarations of types.

use std::fmt::Write as _;

use wit_parser::{PackageId, Record, Type, TypeDefKind, TypeId, Variant};

use super::{Generator, names};

impl Generator<'_> {
    /// `contract.go`: the types that belong to this package.
    pub(super) fn declared(&self, package: PackageId) -> Result<String, String> {
        let mut text = String::new();
        for id in self.named(package) {
            if !self.is_elsewhere(id) {
                text.push_str(&self.declaration(id)?);
            }
        }
        for id in self.tuples() {
            let TypeDefKind::Tuple(tuple) = &self.resolve.types[id].kind else { continue };
            let (name, fields) = names::tuple(&tuple.types)?;
            if self.package.exports {
                let typed = [
                    (fields[0].into(), self.go(&tuple.types[0])?),
                    (fields[1].into(), self.go(&tuple.types[1])?),
                ];
                let _ = write!(
                    text,
                    "// {name} is {}.\ntype {name} struct {{\n{}}}\n\n",
                    tuple_doc(name),
                    columns(&typed)
                );
            }
        }
        Ok(text)
    }

    /// Types for authors are declared once, in the root package.
    pub(super) fn is_elsewhere(&self, id: TypeId) -> bool {
        let name = self.resolve.types[id].name.as_deref().unwrap_or_default();
        !self.package.exports && names::is_authors(name)
    }

    fn declaration(&self, id: TypeId) -> Result<String, String> {
        let name = self.name(id)?;
        let of = &self.resolve.types[id];
        let body = match &of.kind {
            TypeDefKind::Record(record) => self.record(&name, record)?,
            TypeDefKind::Variant(variant) => self.variant(&name, variant)?,
            TypeDefKind::Enum(cases) => tags(&name, cases.cases.iter().map(|case| case.name.as_str()), &name),
            other => return Err(format!("\"{name}\" is a {}, which Go declares nowhere", other.as_str())),
        };
        Ok(doc(&name, of.docs.contents.as_deref(), &self.field_names(id)) + &body)
    }

    fn record(&self, name: &str, record: &Record) -> Result<String, String> {
        let field = |field: &wit_parser::Field| Ok((names::field(name, &field.name), self.go(&field.ty)?));
        let fields = record.fields.iter().map(field).collect::<Result<Vec<_>, String>>()?;
        Ok(format!("type {name} struct {{\n{}}}\n\n", columns(&fields)))
    }

    /// A tag, and a place for what each case carries.
    fn variant(&self, name: &str, variant: &Variant) -> Result<String, String> {
        let mut fields = vec![("tag".to_owned(), format!("{name}Tag"))];
        for case in &variant.cases {
            if let Some(ty) = &case.ty {
                fields.push((names::unexported(&case.name), self.go(ty)?));
            }
        }
        let cases = variant.cases.iter().map(|case| case.name.as_str());
        let tag = format!("{name}Tag");
        Ok(format!("type {name} struct {{\n{}}}\n\n", columns(&fields)) + &tags(name, cases, &tag))
    }

    /// The name of a declared type or of a tuple, as this package writes it.
    pub(super) fn name(&self, id: TypeId) -> Result<String, String> {
        let of = &self.resolve.types[id];
        if let TypeDefKind::Tuple(tuple) = &of.kind {
            let (name, _) = names::tuple(&tuple.types)?;
            return Ok(if self.package.exports { name.into() } else { format!("tidegate.{name}") });
        }
        let name = of.name.as_deref().ok_or("a type without a name")?;
        let interface = self.interface_of(id).and_then(|id| self.resolve.interfaces[id].name.as_deref());
        let declared = names::declared(self.package.name, interface.unwrap_or_default(), name);
        Ok(if self.is_elsewhere(id) { format!("tidegate.{declared}") } else { declared })
    }

    /// A type as Go writes it. What may be missing is a pointer, but for bytes, which may be nil.
    pub(super) fn go(&self, ty: &Type) -> Result<String, String> {
        Ok(match ty {
            Type::Bool => "bool".into(),
            Type::U8 => "uint8".into(),
            Type::U16 => "uint16".into(),
            Type::U32 => "uint32".into(),
            Type::U64 => "uint64".into(),
            Type::S64 => "int64".into(),
            Type::F32 => "float32".into(),
            Type::F64 => "float64".into(),
            Type::String => "string".into(),
            Type::Id(id) => return self.go_of(names::origin(self.resolve, *id)),
            other => return Err(format!("the bindings for Go know no {other:?} yet")),
        })
    }

    fn go_of(&self, id: TypeId) -> Result<String, String> {
        Ok(match &self.resolve.types[id].kind {
            TypeDefKind::Type(inner) => self.go(inner)?,
            TypeDefKind::List(Type::U8) => "[]byte".into(),
            TypeDefKind::List(inner) if self.go(inner)?.ends_with("Header") => self.go(inner)? + "s",
            TypeDefKind::List(inner) => format!("[]{}", self.go(inner)?),
            TypeDefKind::Option(inner) if self.is_bytes(inner) => "[]byte".into(),
            TypeDefKind::Option(inner) => format!("*{}", self.go(inner)?),
            TypeDefKind::Result(result) => {
                let part = |ty: &Option<Type>| ty.as_ref().map_or(Ok("struct{}".into()), |ty| self.go(ty));
                format!("abi.Result[{}, {}]", part(&result.ok)?, part(&result.err)?)
            }
            _ => self.name(id)?,
        })
    }

    pub(super) fn is_bytes(&self, ty: &Type) -> bool {
        let Type::Id(id) = *ty else { return false };
        matches!(self.resolve.types[names::origin(self.resolve, id)].kind, TypeDefKind::List(Type::U8))
    }

    fn field_names(&self, id: TypeId) -> Vec<String> {
        match &self.resolve.types[id].kind {
            TypeDefKind::Record(record) => record.fields.iter().map(|field| field.name.clone()).collect(),
            _ => Vec::new(),
        }
    }
}

fn tuple_doc(name: &str) -> &'static str {
    if name == "Pair" {
        "a name and its value: an attribute, a label, a field of a log line"
    } else {
        "how many bytes of a text to keep back"
    }
}

/// The constants of a variant's tag or an enumeration.
fn tags<'a>(name: &str, cases: impl Iterator<Item = &'a str>, tag: &str) -> String {
    let mut text = format!("type {tag} uint8\n\nconst (\n");
    for (at, case) in cases.enumerate() {
        let value = if at == 0 { format!(" {tag} = iota") } else { String::new() };
        let _ = writeln!(text, "\t{name}{}{value}", names::exported(case));
    }
    text + ")\n\n"
}

/// The contract's own words, with the names of fields as Go has them.
fn doc(name: &str, contract: Option<&str>, fields: &[String]) -> String {
    let Some(contract) = contract else {
        return names::doc(name).map_or(String::new(), |doc| format!("// {name} is {doc}.\n"));
    };
    let mut words = contract.trim().to_owned();
    for field in fields {
        words = words.replace(&format!("`{field}`"), &names::field(name, field));
    }
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_lowercase).collect();
    let words = format!("{name}: {first}{}", letters.as_str());
    words.lines().map(|line| format!("// {}\n", line.trim())).collect()
}

/// Fields of a struct in gofmt's columns.
fn columns(fields: &[(String, String)]) -> String {
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    fields.iter().map(|(name, ty)| format!("\t{name:width$} {ty}\n")).collect()
}
