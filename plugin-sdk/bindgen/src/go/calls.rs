//! Imports and exports.

use std::fmt::Write as _;

use wit_parser::{Function, InterfaceId, Type, TypeDefKind};

use super::memory::place;
use super::{Generator, names};

/// Beyond this many values of the core, arguments travel in memory.
const MAX_FLAT: usize = 16;

/// An argument of an import on its way to the core: statements first, then `(type, expression)` of each value.
type Flat = (String, Vec<(&'static str, String)>);

impl Generator<'_> {
    pub(super) fn call(&self, interface: InterfaceId, function: &Function) -> Result<String, String> {
        let module = self.resolve.id_of(interface).ok_or("an interface without a name")?;
        if self.package.exports {
            self.export(&module, interface, function)
        } else {
            self.import(&module, function)
        }
    }

    /// Everything is copied before the author's code runs: that may call services, which use the same memory.
    fn export(&self, module: &str, interface: InterfaceId, function: &Function) -> Result<String, String> {
        let name = self.resolve.interfaces[interface].name.as_deref().unwrap_or_default();
        let hook = names::unexported(name) + &names::exported(&function.name);
        let result = function.result.as_ref().ok_or("an export without a result")?;
        let mut text = format!("//go:wasmexport {module}#{}\n", function.name);
        let (params, lifted, arguments) = self.told(function)?;
        let _ = write!(
            text,
            "func export{}({params}) uint32 {{\n\tabi.Enter()\n{lifted}\tabi.Leave()\n",
            names::exported(&format!("{name}-{}", function.name))
        );
        let Type::Id(id) = *result else { return Err("the result of an export is no result".into()) };
        let TypeDefKind::Result(parts) = &self.resolve.types[id].kind else {
            return Err("the result of an export is no result".into());
        };
        let offset = self.sizes.payload_offset(wit_parser::Int::U8, [parts.ok.as_ref(), parts.err.as_ref()]);
        let at = place("ret", offset.size_wasm32());
        let shape = self.shape(result);
        match &parts.ok {
            Some(ok) => {
                let lowered = self.lower(ok, &at, "answer")?;
                let _ = write!(
                    text,
                    "\tanswer, err := {hook}({arguments})\n\tret := abi.Answer({shape})\n\tif err != nil {{\n\t\treturn abi.Fail(ret, {at}, err)\n\t}}\n\tabi.PutU8(ret, 0)\n\t{lowered}\n\treturn ret\n"
                );
            }
            None => {
                let _ = write!(
                    text,
                    "\terr := {hook}({arguments})\n\tret := abi.Answer({shape})\n\tif err != nil {{\n\t\treturn abi.Fail(ret, {at}, err)\n\t}}\n\tabi.PutU8(ret, 0)\n\treturn ret\n"
                );
            }
        }
        Ok(text + "}\n\n")
    }

    /// The parameters of an export's core function, statements that lift them, and the names they then have.
    fn told(&self, function: &Function) -> Result<(String, String, String), String> {
        let flat: usize = function.params.iter().map(|param| self.width(&param.ty)).sum();
        let names: Vec<String> = function.params.iter().map(|param| names::unexported(&param.name)).collect();
        let mut lifted = String::new();
        if let ([param], [Type::String]) =
            (function.params.as_slice(), [function.params[0].ty].map(|ty| self.plain(ty)).as_slice())
        {
            let name = names::unexported(&param.name);
            let _ = writeln!(lifted, "\t{name} := abi.StringAt(p, n)");
            return Ok(("p, n uint32".into(), lifted, name));
        }
        if flat <= MAX_FLAT {
            return Err(format!(
                "the bindings for Go lift no flat arguments yet; \"{}\" has them",
                function.name
            ));
        }
        let types: Vec<&Type> = function.params.iter().map(|param| &param.ty).collect();
        let offsets = self.sizes.field_offsets(types);
        for (name, (at, ty)) in names.iter().zip(offsets) {
            let _ = writeln!(lifted, "\t{name} := {}", self.lift(ty, &place("p", at.size_wasm32()))?);
        }
        Ok(("p uint32".into(), lifted, names.join(", ")))
    }

    fn plain(&self, ty: Type) -> Type {
        let Type::Id(id) = ty else { return ty };
        match self.resolve.types[names::origin(self.resolve, id)].kind {
            TypeDefKind::Type(inner) => inner,
            _ => ty,
        }
    }

    /// How many values of the core a type is, as far as it matters here.
    fn width(&self, ty: &Type) -> usize {
        match self.plain(*ty) {
            Type::String => 2,
            Type::Id(id) => match &self.resolve.types[names::origin(self.resolve, id)].kind {
                TypeDefKind::List(_) => 2,
                TypeDefKind::Option(inner) => 1 + self.width(inner),
                TypeDefKind::Record(record) => record.fields.iter().map(|field| self.width(&field.ty)).sum(),
                TypeDefKind::Tuple(tuple) => tuple.types.iter().map(|ty| self.width(ty)).sum(),
                TypeDefKind::Variant(variant) => {
                    1 + variant
                        .cases
                        .iter()
                        .filter_map(|case| case.ty.as_ref())
                        .map(|ty| self.width(ty))
                        .max()
                        .unwrap_or(0)
                }
                _ => 1,
            },
            _ => 1,
        }
    }

    fn import(&self, module: &str, function: &Function) -> Result<String, String> {
        let name = format!("call{}", names::exported(&function.name));
        let core = format!("import{}", names::exported(&function.name));
        let (mut params, mut before, mut values) = (Vec::new(), String::new(), Vec::new());
        for param in &function.params {
            let own = names::unexported(&param.name);
            let (statements, flat) = self.pass(&own, &param.ty)?;
            params.push(format!("{own} {}", self.go(&param.ty)?));
            before.push_str(&statements);
            values.extend(flat);
        }
        if values.len() > MAX_FLAT {
            return Err(format!("the bindings for Go pass no arguments in memory yet; \"{name}\" has them"));
        }
        if let Some(result) = &function.result {
            let _ = writeln!(before, "\tret := abi.Alloc({})", self.shape(result));
            values.push(("uint32", "ret".into()));
        }
        let types = values
            .iter()
            .enumerate()
            .map(|(at, (ty, _))| format!("a{at} {ty}"))
            .collect::<Vec<_>>()
            .join(", ");
        let arguments = values.into_iter().map(|(_, value)| value).collect::<Vec<_>>().join(", ");
        let mut text = format!("//go:wasmimport {module} {}\nfunc {core}({types})\n\n", function.name);
        let result = function.result.as_ref().map(|result| self.go(result)).transpose()?;
        let returns = result.map_or(String::new(), |result| format!(" {result}"));
        let _ = write!(
            text,
            "func {name}({}){returns} {{\n\tabi.Enter()\n{before}\t{core}({arguments})\n",
            params.join(", ")
        );
        match &function.result {
            Some(result) => {
                let _ = write!(
                    text,
                    "\tanswer := {}\n\tabi.Leave()\n\treturn answer\n",
                    self.lift(result, "ret")?
                );
            }
            None => text.push_str("\tabi.Leave()\n"),
        }
        Ok(text + "}\n\n")
    }

    fn pass(&self, name: &str, ty: &Type) -> Result<Flat, String> {
        let pair = |with: String| {
            (
                format!("\t{name}At, {name}Len := {with}\n"),
                vec![("uint32", format!("{name}At")), ("uint32", format!("{name}Len"))],
            )
        };
        Ok(match self.plain(*ty) {
            Type::Bool | Type::U8 | Type::U16 | Type::U32 => {
                (String::new(), vec![("uint32", format!("uint32({name})"))])
            }
            Type::U64 => (String::new(), vec![("uint64", name.into())]),
            Type::S64 => (String::new(), vec![("int64", name.into())]),
            Type::F64 => (String::new(), vec![("float64", name.into())]),
            Type::String => pair(format!("abi.PassString({name})")),
            Type::Id(id) => {
                let id = names::origin(self.resolve, id);
                match &self.resolve.types[id].kind {
                    TypeDefKind::Enum(_) => (String::new(), vec![("uint32", format!("uint32({name})"))]),
                    TypeDefKind::List(Type::U8) => pair(format!("abi.PassBytes({name})")),
                    TypeDefKind::List(inner) => {
                        pair(format!("abi.PassList({name}, {}, {})", self.shape(inner), self.lowerer(inner)?))
                    }
                    TypeDefKind::Option(Type::U64) => (
                        format!("\t{name}Is, {name}Value := abi.PassOptionU64({name})\n"),
                        vec![("uint32", format!("{name}Is")), ("uint64", format!("{name}Value"))],
                    ),
                    other => return Err(format!("the bindings for Go pass no {} yet", other.as_str())),
                }
            }
            other => return Err(format!("the bindings for Go pass no {other:?} yet")),
        })
    }
}
