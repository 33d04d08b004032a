//! Copying values out of linear memory and into it (the canonical ABI's layout).

use std::fmt::Write as _;

use wit_parser::{Int, PackageId, Type, TypeDefKind, TypeId};

use super::{Generator, names};

impl Generator<'_> {
    /// The functions that lift and lower the named types of this package.
    pub(super) fn memory(&self, package: PackageId) -> Result<String, String> {
        let mut text = String::new();
        for id in self.named(package).into_iter().chain(self.tuples()) {
            if self.carried.lifted.contains(&id) {
                text.push_str(&self.lift_function(id)?);
            }
            // An import is passed the number of an enumeration's case.
            let is_passed =
                !self.package.exports && matches!(self.resolve.types[id].kind, TypeDefKind::Enum(_));
            if self.carried.lowered.contains(&id) && !is_passed {
                text.push_str(&self.lower_function(id)?);
            }
        }
        Ok(text)
    }

    fn lift_function(&self, id: TypeId) -> Result<String, String> {
        let name = self.name(id)?;
        let mut text = format!("func lift{}(p uint32) {name} {{\n", suffix(&name));
        match &self.resolve.types[id].kind {
            TypeDefKind::Enum(_) => {
                let _ = writeln!(text, "\treturn {name}(abi.U8(p))");
            }
            TypeDefKind::Variant(variant) => {
                let at = self.payload(variant.tag(), variant.cases.iter().map(|case| case.ty.as_ref()));
                let _ = writeln!(text, "\tv := {name}{{tag: {name}Tag(abi.U8(p))}}\n\tswitch v.tag {{");
                for case in &variant.cases {
                    let Some(ty) = &case.ty else { continue };
                    let lifted = self.lift(ty, &place("p", at))?;
                    let (constant, field) = (names::exported(&case.name), names::unexported(&case.name));
                    let _ = writeln!(text, "\tcase {name}{constant}:\n\t\tv.{field} = {lifted}");
                }
                text.push_str("\t}\n\treturn v\n");
            }
            _ => {
                let _ = writeln!(text, "\treturn {name}{{");
                let fields = self.fields(id, &name)?;
                let width = fields.iter().map(|(field, ..)| field.len()).max().unwrap_or_default() + 1;
                for (field, ty, at) in fields {
                    let lifted = self.lift(&ty, &place("p", at))?;
                    let _ = writeln!(text, "\t\t{:width$} {lifted},", field + ":");
                }
                text.push_str("\t}\n");
            }
        }
        Ok(text + "}\n\n")
    }

    fn lower_function(&self, id: TypeId) -> Result<String, String> {
        let name = self.name(id)?;
        let mut text = format!("func lower{}(p uint32, v {name}) {{\n", suffix(&name));
        match &self.resolve.types[id].kind {
            TypeDefKind::Enum(_) => text.push_str("\tabi.PutU8(p, uint8(v))\n"),
            TypeDefKind::Variant(variant) => {
                let at = self.payload(variant.tag(), variant.cases.iter().map(|case| case.ty.as_ref()));
                text.push_str("\tabi.PutU8(p, uint8(v.tag))\n\tswitch v.tag {\n");
                for case in &variant.cases {
                    let Some(ty) = &case.ty else { continue };
                    let (constant, field) = (names::exported(&case.name), names::unexported(&case.name));
                    let lowered = self.lower(ty, &place("p", at), &format!("v.{field}"))?;
                    let _ = writeln!(text, "\tcase {name}{constant}:\n\t\t{lowered}");
                }
                text.push_str("\t}\n");
            }
            _ => {
                for (field, ty, at) in self.fields(id, &name)? {
                    let lowered = self.lower(&ty, &place("p", at), &format!("v.{field}"))?;
                    let _ = writeln!(text, "\t{lowered}");
                }
            }
        }
        Ok(text + "}\n\n")
    }

    /// The fields of a record or a tuple: name, type, offset.
    fn fields(&self, id: TypeId, name: &str) -> Result<Vec<(String, Type, usize)>, String> {
        let plain = name.rsplit('.').next().unwrap_or(name);
        let named: Vec<(String, Type)> = match &self.resolve.types[id].kind {
            TypeDefKind::Record(record) => {
                let field = |field: &wit_parser::Field| (names::field(plain, &field.name), field.ty);
                record.fields.iter().map(field).collect()
            }
            TypeDefKind::Tuple(tuple) => {
                let (_, fields) = names::tuple(&tuple.types)?;
                fields.iter().map(|field| (*field).to_owned()).zip(tuple.types.iter().copied()).collect()
            }
            other => return Err(format!("a {} has no fields", other.as_str())),
        };
        let offsets = self.sizes.field_offsets(named.iter().map(|(_, ty)| ty));
        let offsets: Vec<usize> = offsets.into_iter().map(|(at, _)| at.size_wasm32()).collect();
        Ok(named.into_iter().zip(offsets).map(|((name, ty), at)| (name, ty, at)).collect())
    }

    fn payload<'t>(&self, tag: Int, cases: impl IntoIterator<Item = Option<&'t Type>>) -> usize {
        self.sizes.payload_offset(tag, cases).size_wasm32()
    }

    /// An expression for the value at a place.
    pub(super) fn lift(&self, ty: &Type, at: &str) -> Result<String, String> {
        if let Some(primitive) = primitive(ty) {
            return Ok(format!("abi.{primitive}({})", alone(at)));
        }
        let Type::Id(id) = *ty else { return Err(format!("the bindings for Go know no {ty:?} yet")) };
        let id = names::origin(self.resolve, id);
        Ok(match &self.resolve.types[id].kind {
            TypeDefKind::Type(inner) => self.lift(inner, at)?,
            TypeDefKind::List(Type::U8) => format!("abi.Bytes({})", alone(at)),
            TypeDefKind::List(inner) => {
                format!("abi.List({at}, {}, {})", self.sizes.size(inner).size_wasm32(), self.lifter(inner)?)
            }
            TypeDefKind::Option(inner) if self.is_bytes(inner) => format!("abi.OptionalBytes({})", alone(at)),
            TypeDefKind::Option(inner) => {
                format!(
                    "abi.Option({at}, {}, {})",
                    self.payload(Int::U8, [None, Some(inner)]),
                    self.lifter(inner)?
                )
            }
            TypeDefKind::Result(result) => {
                let offset = self.payload(Int::U8, [result.ok.as_ref(), result.err.as_ref()]);
                let part =
                    |ty: &Option<Type>| ty.as_ref().map_or(Ok("abi.Nothing".into()), |ty| self.lifter(ty));
                format!("abi.LiftResult({at}, {offset}, {}, {})", part(&result.ok)?, part(&result.err)?)
            }
            _ => format!("lift{}({})", suffix(&self.name(id)?), alone(at)),
        })
    }

    /// A function from a place to its value.
    fn lifter(&self, ty: &Type) -> Result<String, String> {
        let call = self.lift(ty, "p")?;
        Ok(match call.strip_suffix("(p)") {
            Some(function) => function.to_owned(),
            None => format!("func(p uint32) {} {{ return {call} }}", self.go(ty)?),
        })
    }

    /// A statement that puts a value at a place.
    pub(super) fn lower(&self, ty: &Type, at: &str, value: &str) -> Result<String, String> {
        if let Some(primitive) = primitive(ty) {
            return Ok(format!("abi.Put{primitive}({at}, {value})"));
        }
        let Type::Id(id) = *ty else { return Err(format!("the bindings for Go know no {ty:?} yet")) };
        let id = names::origin(self.resolve, id);
        Ok(match &self.resolve.types[id].kind {
            TypeDefKind::Type(inner) => self.lower(inner, at, value)?,
            TypeDefKind::List(Type::U8) => format!("abi.PutBytes({at}, {value})"),
            TypeDefKind::List(inner) => {
                format!("abi.PutList({at}, {value}, {}, {})", self.shape(inner), self.lowerer(inner)?)
            }
            TypeDefKind::Option(inner) if self.is_bytes(inner) => {
                format!("abi.PutOptionalBytes({at}, {value})")
            }
            TypeDefKind::Option(inner) => {
                let offset = self.payload(Int::U8, [None, Some(inner)]);
                format!("abi.PutOption({at}, {offset}, {value}, {})", self.lowerer(inner)?)
            }
            TypeDefKind::Result(_) => {
                return Err("the bindings for Go lower no result within a value yet".into());
            }
            _ => format!("lower{}({at}, {value})", suffix(&self.name(id)?)),
        })
    }

    /// A function that puts a value at a place.
    pub(super) fn lowerer(&self, ty: &Type) -> Result<String, String> {
        let call = self.lower(ty, "p", "v")?;
        Ok(match call.strip_suffix("(p, v)") {
            Some(function) => function.to_owned(),
            None => format!("func(p uint32, v {}) {{ {call} }}", self.go(ty)?),
        })
    }

    /// Size and alignment, as arguments.
    pub(super) fn shape(&self, ty: &Type) -> String {
        format!("{}, {}", self.sizes.size(ty).size_wasm32(), self.sizes.align(ty).align_wasm32())
    }
}

pub(super) fn place(base: &str, offset: usize) -> String {
    if offset == 0 { base.to_owned() } else { format!("{base}+{offset}") }
}

/// gofmt sets spaces around the sum that is a call's only argument.
fn alone(at: &str) -> String {
    at.replace('+', " + ")
}

fn primitive(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Bool => "Bool",
        Type::U8 => "U8",
        Type::U16 => "U16",
        Type::U32 => "U32",
        Type::U64 => "U64",
        Type::S64 => "S64",
        Type::F32 => "F32",
        Type::F64 => "F64",
        Type::String => "String",
        _ => return None,
    })
}

/// `tidegate.Header` as `Header`, `jsonSet` as `JsonSet`.
fn suffix(name: &str) -> String {
    let name = name.rsplit('.').next().unwrap_or(name);
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
