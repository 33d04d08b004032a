use tidegate_contract::{Hook, Hooks};
use tidegate_pipeline::Capabilities;
use wasm_encoder::{
    CodeSection, CustomSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wit_parser::decoding::{DecodedWasm, decode};

use super::{EncodeError, encode};

/// A core module that exports functions of these names and imports one of each of these services.
fn module(exports: &[(&str, &[ValType], &[ValType])], imports: &[(&str, &str, &[ValType])]) -> Vec<u8> {
    let (mut types, mut imported, mut functions, mut exported, mut code) = (
        TypeSection::new(),
        ImportSection::new(),
        FunctionSection::new(),
        ExportSection::new(),
        CodeSection::new(),
    );
    for (index, (interface, name, parameters)) in imports.iter().enumerate() {
        types.ty().function(parameters.iter().copied(), []);
        imported.import(interface, name, EntityType::Function(u32::try_from(index).unwrap()));
    }
    for (index, (name, parameters, results)) in exports.iter().enumerate() {
        let index = u32::try_from(imports.len() + index).unwrap();
        types.ty().function(parameters.iter().copied(), results.iter().copied());
        functions.function(index);
        exported.export(name, ExportKind::Func, index);
        let mut body = Function::new([]);
        body.instructions().unreachable().end();
        code.function(&body);
    }
    let mut memory = MemorySection::new();
    memory.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    exported.export("memory", ExportKind::Memory, 0);
    let mut module = Module::new();
    module.section(&types).section(&imported).section(&functions).section(&memory);
    module.section(&exported).section(&code);
    module.section(&CustomSection { name: "component-type:other".into(), data: b"no world at all".into() });
    module.finish()
}

const CONFIGURE: (&str, &[ValType], &[ValType]) =
    ("tidegate:plugin/lifecycle@0.1.0#configure", &[ValType::I32, ValType::I32], &[ValType::I32]);
const REALLOC: (&str, &[ValType], &[ValType]) =
    ("cabi_realloc", &[ValType::I32, ValType::I32, ValType::I32, ValType::I32], &[ValType::I32]);

#[test]
fn a_hook_of_the_manifest_that_the_code_lacks_is_named() {
    let hooks = Hooks::NONE.with(Hook::Authenticate);
    let error = encode(&module(&[CONFIGURE, REALLOC], &[]), hooks, &Capabilities::default()).unwrap_err();
    assert!(matches!(error, EncodeError::NoHook { hook: Hook::Authenticate, interface: "auth" }), "{error}");
    assert!(error.to_string().contains("\"authenticate\" stands in \"hooks\" of plugin.toml"), "{error}");
}

#[test]
fn a_service_that_the_manifest_does_not_ask_for_is_named() {
    let imports: [(&str, &str, &[ValType]); 1] =
        [("tidegate:plugin/kv@0.1.0", "delete", &[ValType::I32, ValType::I32, ValType::I32])];
    let module = module(&[CONFIGURE, REALLOC], &imports);
    let error = encode(&module, Hooks::NONE, &Capabilities::default()).unwrap_err();
    assert!(matches!(&error, EncodeError::NotAsked(service) if service == "kv"), "{error}");
    let asked = Capabilities { kv: true, ..Capabilities::default() };
    assert_eq!(names(&encode(&module, Hooks::NONE, &asked).unwrap()), ["kv", "types", "lifecycle"]);
}

#[test]
fn the_world_that_the_bindings_left_counts_for_nothing() {
    let made = encode(&module(&[CONFIGURE, REALLOC], &[]), Hooks::NONE, &Capabilities::default()).unwrap();
    assert_eq!(names(&made), ["types", "lifecycle"]);
}

#[test]
fn what_is_no_module_is_said_to_be_none() {
    let error = encode(b"#!/bin/sh", Hooks::NONE, &Capabilities::default()).unwrap_err();
    assert!(error.to_string().starts_with("the compiler left no WebAssembly module"), "{error}");
}

/// The interfaces of a component: what it imports, then what it exports.
fn names(component: &[u8]) -> Vec<String> {
    let DecodedWasm::Component(resolve, world) = decode(component).unwrap() else { panic!("no component") };
    let world = &resolve.worlds[world];
    let items = world.imports.keys().chain(world.exports.keys());
    let name = |key: &wit_parser::WorldKey| resolve.name_world_key(key);
    let short =
        |name: String| name.trim_start_matches("tidegate:plugin/").trim_end_matches("@0.1.0").to_owned();
    items.map(name).map(short).collect()
}
