//! The page of the contract for readers: every interface, function and type with what the contract says of it.
//!
//! Everything stands in the order of the contract, and every type that has a name leads to its section.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use wit_parser::{
    Docs, Function, FunctionKind, Interface, InterfaceId, PackageId, Resolve, Type, TypeDefKind, TypeId,
    TypeOwner, WorldId, WorldItem,
};

use crate::Made;

const PAGE: &str = "docs/plugins/reference.md";
const NOTICE: &str =
    "<!-- Written by plugin-sdk/bindgen from plugin-sdk/wit/0.1. Do not edit: run scripts/bindings.sh. -->";
const WORLD: &str = "plugin";

const INTRODUCTION: &str = "\
Every shape of the contract, read off [plugin.wit](../../plugin-sdk/wit/0.1/plugin.wit), which is normative. When each hook runs, and
what it may rely on, stands in [contract.md](contract.md). SDKs have these shapes in the names of their language.";

/// The parts of the page that hold interfaces: heading, and a sentence above the first.
const PARTS: [(&str, &str); 3] = [
    ("Shared shapes", "What hooks and services have in common. Nothing here is called."),
    (
        "Hooks",
        "What a plugin exports and the gateway calls. A component exports the interfaces of the hooks that its manifest lists, and `lifecycle`.",
    ),
    ("Services", "What the gateway offers and a plugin imports."),
];

/// What manifests, subscriptions and cases call a function that the gateway calls: `(interface, function, hook)`.
const HOOKS: [(&str, &str, &str); 10] = [
    ("auth", "authenticate", "authenticate"),
    ("admission", "admit", "admit"),
    ("admission", "settle", "settle"),
    ("transform", "request", "transform_request"),
    ("transform", "upstream", "transform_upstream"),
    ("transform", "response", "transform_response"),
    ("transform", "events", "transform_event"),
    ("moderation", "input", "moderate_input"),
    ("moderation", "output", "moderate_output"),
    ("observe", "completed", "completed"),
];
/// Exported, and called for no request.
const NO_HOOK: (&str, &str) = ("lifecycle", "configure");

/// The page.
///
/// # Errors
/// Where the package has no such world, or something in it that the page has no form for.
pub(crate) fn page(resolve: Resolve, package: PackageId) -> Result<Vec<Made>, String> {
    let world = resolve.select_world(&[package], Some(WORLD)).map_err(|error| format!("{error:#}"))?;
    let text = Reference { resolve: &resolve }.page(package, world)?;
    Ok(vec![(PathBuf::from(PAGE), text.into_bytes())])
}

struct Reference<'a> {
    resolve: &'a Resolve,
}

impl Reference<'_> {
    fn page(&self, package: PackageId, world: WorldId) -> Result<String, String> {
        let of = &self.resolve.packages[package];
        let [imports, exports] = self.sides(world)?;
        let (services, shared): (Vec<_>, Vec<_>) =
            imports.iter().copied().partition(|id| !self.resolve.interfaces[*id].functions.is_empty());
        let mut parts = Vec::new();
        for ((heading, sentence), interfaces) in PARTS.iter().zip([&shared, &exports, &services]) {
            let mut part = paragraphs(&[&format!("## {heading}"), sentence]);
            for id in interfaces {
                part.push_str(&self.interface(*id, interfaces == &exports)?);
            }
            parts.push(part);
        }
        parts.push(self.world(world, &services, &exports)?);
        let contents = [&shared, &exports, &services].map(|interfaces| self.links(interfaces));
        let contents = PARTS.iter().zip(contents).map(|((heading, _), links)| {
            let links = links?;
            Ok(format!("- {}: {links}", section(heading)))
        });
        let contents = contents.collect::<Result<Vec<_>, String>>()?.join("\n");
        let head = paragraphs(&[
            "# Reference of the contract",
            NOTICE,
            INTRODUCTION,
            &format!("Package `{}`.", of.name),
            &told(&of.docs),
            &format!("{contents}\n- {}", section("The world")),
        ]);
        let text = head + &parts.concat();
        same_twice(&text).map_or(Ok(text.trim_end().to_owned() + "\n"), |heading| {
            Err(format!("two sections of the reference have the address \"#{heading}\""))
        })
    }

    /// What the world imports and what it exports, in its order.
    fn sides(&self, world: WorldId) -> Result<[Vec<InterfaceId>; 2], String> {
        let world = &self.resolve.worlds[world];
        let interface = |item: &WorldItem| match item {
            WorldItem::Interface { id, .. } => Ok(*id),
            WorldItem::Function(_) | WorldItem::Type { .. } => {
                Err("the reference knows worlds of interfaces only".to_owned())
            }
        };
        let side = |items: &mut dyn Iterator<Item = &WorldItem>| {
            items.map(interface).collect::<Result<Vec<_>, String>>()
        };
        Ok([side(&mut world.imports.values())?, side(&mut world.exports.values())?])
    }

    fn interface(&self, id: InterfaceId, exported: bool) -> Result<String, String> {
        let of = &self.resolve.interfaces[id];
        let name = name(of)?;
        let mut text = paragraphs(&[&format!("### {name}"), &told(&of.docs)]);
        for function in of.functions.values() {
            text.push_str(&self.function(name, function, exported)?);
        }
        for (called, ty) in &of.types {
            if self.is_declared(*ty) {
                text.push_str(&self.declaration(name, called, *ty)?);
            }
        }
        Ok(text)
    }

    fn function(&self, interface: &str, function: &Function, exported: bool) -> Result<String, String> {
        let called = &function.name;
        if function.kind != FunctionKind::Freestanding {
            return Err(format!(
                "the reference has no form for \"{interface}.{called}\", which is no plain function"
            ));
        }
        let hook = if exported { hook(interface, called)? } else { None };
        let mut signature = Code::default();
        signature.put(&format!("{called}: func("));
        for (at, param) in function.params.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            signature.put(&format!("{comma}{}: ", param.name));
            self.ty(&param.ty, &mut signature)?;
        }
        signature.put(")");
        if let Some(result) = &function.result {
            signature.put(" -> ");
            self.ty(result, &mut signature)?;
        }
        let hook = hook.map_or(String::new(), |hook| format!("Hook `{hook}`."));
        Ok(paragraphs(&[
            &format!("#### {interface}.{called}"),
            &signature.markdown(),
            &hook,
            &told(&function.docs),
        ]))
    }

    /// Whether a type is declared where it stands, and not brought there by `use`.
    fn is_declared(&self, id: TypeId) -> bool {
        let of = &self.resolve.types[id];
        let TypeDefKind::Type(Type::Id(other)) = of.kind else { return true };
        self.resolve.types[other].owner == of.owner
    }

    fn declaration(&self, interface: &str, called: &str, id: TypeId) -> Result<String, String> {
        let of = &self.resolve.types[id];
        let rows = |kind: &str, rows: Result<Vec<Row>, String>| Ok::<_, String>((kind.to_owned(), rows?));
        let (kind, table) = match &of.kind {
            TypeDefKind::Record(record) => {
                let fields =
                    record.fields.iter().map(|field| self.row(&field.name, Some(&field.ty), &field.docs));
                let (kind, rows) = rows("record", fields.collect())?;
                (kind, table(["field", "type"], &rows))
            }
            TypeDefKind::Variant(variant) => {
                let cases =
                    variant.cases.iter().map(|case| self.row(&case.name, case.ty.as_ref(), &case.docs));
                let (kind, rows) = rows("variant", cases.collect())?;
                (kind, table(["case", "carries"], &rows))
            }
            TypeDefKind::Enum(of) => {
                let cases = of.cases.iter().map(|case| self.row(&case.name, None, &case.docs));
                let (kind, rows) = rows("enum", cases.collect())?;
                (kind, table(["case", ""], &rows))
            }
            TypeDefKind::Flags(flags) => {
                let flags = flags.flags.iter().map(|flag| self.row(&flag.name, None, &flag.docs));
                let (kind, rows) = rows("flags", flags.collect())?;
                (kind, table(["flag", ""], &rows))
            }
            TypeDefKind::Resource | TypeDefKind::Handle(_) => {
                return Err(format!(
                    "the reference has no form for \"{interface}.{called}\", a {}",
                    of.kind.as_str()
                ));
            }
            _ => {
                let mut code = Code::default();
                self.shape(id, &mut code)?;
                (format!("Another name for {}", code.markdown()), String::new())
            }
        };
        let kind = capital(&kind) + ".";
        Ok(paragraphs(&[&format!("#### {interface}.{called}"), &kind, &told(&of.docs), &table]))
    }

    fn row(&self, name: &str, ty: Option<&Type>, docs: &Docs) -> Result<Row, String> {
        let mut code = Code::default();
        if let Some(ty) = ty {
            self.ty(ty, &mut code)?;
        }
        let docs = told(docs).lines().map(str::trim).collect::<Vec<_>>().join(" ").replace('|', "\\|");
        Ok([format!("`{name}`"), code.markdown(), docs])
    }

    /// A type as the contract writes it. One that has a name leads to its section.
    fn ty(&self, ty: &Type, code: &mut Code) -> Result<(), String> {
        let plain = match ty {
            Type::Id(id) => return self.reference(*id, code),
            Type::Bool => "bool",
            Type::U8 => "u8",
            Type::U16 => "u16",
            Type::U32 => "u32",
            Type::U64 => "u64",
            Type::S8 => "s8",
            Type::S16 => "s16",
            Type::S32 => "s32",
            Type::S64 => "s64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::Char => "char",
            Type::String => "string",
            Type::ErrorContext => "error-context",
        };
        code.put(plain);
        Ok(())
    }

    fn reference(&self, id: TypeId, code: &mut Code) -> Result<(), String> {
        let mut id = id;
        while !self.is_declared(id) {
            let TypeDefKind::Type(Type::Id(other)) = self.resolve.types[id].kind else { break };
            id = other;
        }
        let of = &self.resolve.types[id];
        match (&of.name, of.owner) {
            (Some(called), TypeOwner::Interface(owner)) => {
                let interface = name(&self.resolve.interfaces[owner])?;
                code.link(called, &address(&format!("{interface}.{called}")));
                Ok(())
            }
            _ => self.shape(id, code),
        }
    }

    /// What a type is made of.
    fn shape(&self, id: TypeId, code: &mut Code) -> Result<(), String> {
        match &self.resolve.types[id].kind {
            TypeDefKind::Type(inner) => self.ty(inner, code),
            TypeDefKind::List(inner) => self.around("list", &[Some(inner)], code),
            TypeDefKind::Option(inner) => self.around("option", &[Some(inner)], code),
            TypeDefKind::Tuple(tuple) => {
                self.around("tuple", &tuple.types.iter().map(Some).collect::<Vec<_>>(), code)
            }
            TypeDefKind::Result(result) => match (&result.ok, &result.err) {
                (None, None) => self.around("result", &[], code),
                (Some(ok), None) => self.around("result", &[Some(ok)], code),
                (ok, Some(err)) => self.around("result", &[ok.as_ref(), Some(err)], code),
            },
            other => Err(format!("the reference has no form for a {} without a name", other.as_str())),
        }
    }

    fn around(&self, name: &str, parts: &[Option<&Type>], code: &mut Code) -> Result<(), String> {
        code.put(name);
        for (at, part) in parts.iter().enumerate() {
            code.put(if at == 0 { "<" } else { ", " });
            match part {
                Some(part) => self.ty(part, code)?,
                None => code.put("_"),
            }
        }
        code.put(if parts.is_empty() { "" } else { ">" });
        Ok(())
    }

    fn world(&self, id: WorldId, imports: &[InterfaceId], exports: &[InterfaceId]) -> Result<String, String> {
        let of = &self.resolve.worlds[id];
        Ok(paragraphs(&[
            "## The world",
            &format!("`{}`: what a component may import and export.", of.name),
            &told(&of.docs),
            &format!("- imports: {}\n- exports: {}", self.links(imports)?, self.links(exports)?),
        ]))
    }

    fn links(&self, interfaces: &[InterfaceId]) -> Result<String, String> {
        let links = interfaces.iter().map(|id| name(&self.resolve.interfaces[*id]).map(section));
        Ok(links.collect::<Result<Vec<_>, String>>()?.join(", "))
    }
}

/// Code whose names are links: `list<`[`header`](#typesheader)`>`.
#[derive(Default)]
struct Code {
    done: String,
    open: String,
}

impl Code {
    fn put(&mut self, text: &str) {
        self.open.push_str(text);
    }

    fn link(&mut self, text: &str, address: &str) {
        self.close();
        let _ = write!(self.done, "[`{text}`](#{address})");
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            let _ = write!(self.done, "`{}`", self.open);
            self.open.clear();
        }
    }

    fn markdown(mut self) -> String {
        self.close();
        self.done
    }
}

/// Name, type, meaning.
type Row = [String; 3];

/// A column in which nothing stands is left out.
fn table([name, ty]: [&str; 2], rows: &[Row]) -> String {
    let heads = [name, ty, "meaning"];
    let kept: Vec<usize> =
        (0..heads.len()).filter(|at| rows.iter().any(|row| !row[*at].is_empty())).collect();
    let line = |cells: &dyn Fn(usize) -> String| {
        let cells = kept
            .iter()
            .map(|at| cells(*at))
            .map(|cell| if cell.is_empty() { " |".into() } else { format!(" {cell} |") });
        format!("|{}", cells.collect::<String>())
    };
    let mut lines = vec![line(&|at| heads[at].to_owned()), line(&|_| "---".to_owned())];
    lines.extend(rows.iter().map(|row| line(&|at| row[at].clone())));
    lines.join("\n")
}

/// What the gateway calls this function elsewhere, or none for what is no hook.
fn hook(interface: &str, function: &str) -> Result<Option<&'static str>, String> {
    if (interface, function) == NO_HOOK {
        return Ok(None);
    }
    let known = HOOKS.iter().find(|(of, name, _)| (*of, *name) == (interface, function));
    known.map(|(.., hook)| Some(*hook)).ok_or_else(|| {
        format!("the reference knows no hook \"{interface}.{function}\"; give its name in reference.rs")
    })
}

fn name(of: &Interface) -> Result<&str, String> {
    of.name.as_deref().ok_or_else(|| "an interface without a name".to_owned())
}

/// The contract's own words, line by line.
fn told(docs: &Docs) -> String {
    let lines = docs.contents.as_deref().unwrap_or_default().trim().lines();
    lines.map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn paragraphs(texts: &[&str]) -> String {
    texts.iter().filter(|text| !text.is_empty()).map(|text| format!("{text}\n\n")).collect()
}

fn section(heading: &str) -> String {
    format!("[{heading}](#{})", address(heading))
}

/// The address that GitHub gives to a heading.
fn address(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn same_twice(page: &str) -> Option<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let mut seen = BTreeSet::new();
    headings
        .map(|line| address(line.trim_start_matches('#').trim()))
        .find(|address| !seen.insert(address.clone()))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + letters.as_str()
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
