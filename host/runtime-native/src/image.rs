//! Whether a file is a whole library for this machine. The loader maps what it is given and finds out later: one that was cut
//! off, as by a copy that is not done yet, would end the process.

use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use object::{LittleEndian, read};

/// The machine that this gateway was built for, by its number in the head of a library.
const MACHINE: u16 = if cfg!(target_arch = "aarch64") { elf::EM_AARCH64 } else { elf::EM_X86_64 };

/// # Errors
/// What is wrong with it, and what to do.
pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
    let header = FileHeader64::<LittleEndian>::parse(bytes)
        .ok()
        .filter(|header| header.is_little_endian())
        .ok_or("it is no shared library of 64 bits (ELF); check \"entry\"")?;
    let order = LittleEndian;
    if header.e_type(order) != elf::ET_DYN {
        return Err("it is no shared library; link it as one".into());
    }
    let machine = header.e_machine(order);
    if machine != MACHINE {
        return Err(format!(
            "it is made for {}, and this machine is {}; build it here, or for it",
            named(machine),
            named(MACHINE)
        ));
    }
    let end = end(header, bytes).map_err(|_| cut(bytes.len()))?;
    if end > bytes.len() as u64 { Err(cut(bytes.len())) } else { Ok(()) }
}

/// Where its last part ends: segments, or the table of sections, which most linkers write last.
fn end(header: &FileHeader64<LittleEndian>, bytes: &[u8]) -> read::Result<u64> {
    let order = LittleEndian;
    let segments = header.program_headers(order, bytes)?.iter();
    let segments = segments.filter(|segment| segment.p_type(order) == elf::PT_LOAD);
    let ends = segments.map(|segment| segment.p_offset(order).saturating_add(segment.p_filesz(order)));
    let sections = u64::from(header.e_shnum(order)) * u64::from(header.e_shentsize(order));
    Ok(ends.max().unwrap_or(0).max(header.e_shoff(order).saturating_add(sections)))
}

fn cut(length: usize) -> String {
    format!("it is cut off after {length} bytes; copy it whole, under another name, and then rename it")
}

fn named(machine: u16) -> String {
    match machine {
        elf::EM_X86_64 => "x86_64".into(),
        elf::EM_AARCH64 => "aarch64".into(),
        elf::EM_ARM => "arm".into(),
        elf::EM_386 => "x86".into(),
        elf::EM_RISCV => "riscv".into(),
        other => format!("machine {other}"),
    }
}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
