//! `include/tidegate_plugin.h` says the same as the Rust side: every struct, field, type, function and constant.
//!
//! Programs in C and C++ are written from what Rust knows, compiled with the header, and asked for what the compiler knows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that unwraps fails where it stands")]

#[path = "header/border.rs"]
mod border;
#[path = "header/compiler.rs"]
mod compiler;
#[path = "header/in_c.rs"]
mod in_c;

use std::fmt::Write as _;

use border::{Enumeration, constants, enumerations, structs};
use compiler::Language;
use in_c::Layout;
use tidegate_abi::SYMBOL;

/// What a program prints that agrees.
fn expected() -> String {
    let mut text = String::new();
    for Layout { name, size, align, fields } in structs() {
        writeln!(text, "{name}: {size} bytes, aligned to {align}").unwrap();
        for field in fields {
            writeln!(text, "{name}.{}: {} bytes at {}", field.name, field.size, field.at).unwrap();
        }
    }
    for (name, value) in constants() {
        writeln!(text, "{name}: {value}").unwrap();
    }
    text
}

/// The program that prints it, and does not compile where a type or a set of names differs.
fn program(language: Language) -> String {
    let mut checks = String::new();
    let mut prints = String::new();
    for layout in structs() {
        let name = layout.name;
        writeln!(prints, "    whole({name});").unwrap();
        for field in &layout.fields {
            writeln!(checks, "same({name}, {}, {});", field.name, field.kind).unwrap();
            writeln!(prints, "    part({name}, {});", field.name).unwrap();
        }
        if language == Language::Cpp {
            // Takes exactly as many names as the struct has fields.
            let names: Vec<_> = layout.fields.iter().map(|field| format!("{}_", field.name)).collect();
            let names = names.join(", ");
            writeln!(prints, "    {{ [[maybe_unused]] auto [{names}] = {name}(); }}").unwrap();
        }
    }
    for Enumeration { name, members } in enumerations() {
        // Without a default, the compiler tells of members that are not named.
        writeln!(
            checks,
            "int among_{name}(enum {name} it);\nint among_{name}(enum {name} it) {{\n    switch (it) {{"
        )
        .unwrap();
        for (member, _) in members {
            writeln!(checks, "    case {member}:").unwrap();
        }
        writeln!(checks, "        return 1;\n    }}\n    return 0;\n}}").unwrap();
    }
    for (name, _) in constants() {
        writeln!(prints, "    constant({name});").unwrap();
    }
    let frame = include_str!("header/frame.c");
    frame.replace("SYMBOL", SYMBOL).replace("/* CHECKS */", &checks).replace("/* PRINTS */", &prints)
}

fn agrees(language: Language) {
    let name = format!("layout.{}", language.extension());
    let Some(printed) = compiler::run(language, &name, &program(language)) else { return };
    let wanted = expected();
    let pairs = wanted.lines().zip(printed.lines()).filter(|(wanted, printed)| wanted != printed);
    let differences: Vec<_> =
        pairs.map(|(rust, header)| format!("Rust has {rust}, the header {header}")).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(wanted.lines().count(), printed.lines().count());
}

#[test]
fn the_header_in_c_is_what_rust_says() {
    agrees(Language::C);
}

#[test]
fn the_header_in_cpp_is_what_rust_says() {
    agrees(Language::Cpp);
}

#[test]
fn its_helpers_do_what_they_say() {
    for language in [Language::C, Language::Cpp] {
        let name = format!("helpers.{}", language.extension());
        let printed = compiler::run(language, &name, include_str!("header/helpers.c"));
        assert!(matches!(printed.as_deref(), None | Some("")), "{printed:?}");
    }
}

#[test]
fn its_contract_is_one_that_is_published() {
    let header = include_str!("../include/tidegate_plugin.h");
    let defined = header.lines().find_map(|line| line.strip_prefix("#define TIDEGATE_CONTRACT "));
    let version = defined.unwrap().trim_matches('"');
    assert!(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit").join(version).is_dir());
}
