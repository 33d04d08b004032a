//! The attribute `#[tidegate_plugin::plugin]`. Without a parser of its own: it looks for names, the compiler does the rest.

mod export;
mod scan;

use proc_macro::TokenStream;

/// Makes a plugin of `impl Plugin for …`: subscribes to the hooks that are written in the block, and exports their
/// interfaces, and no others, where the target is WASM.
///
/// Once a crate. Functions of the block that are no hooks, such as `configure`, are left alone.
#[proc_macro_attribute]
pub fn plugin(arguments: TokenStream, item: TokenStream) -> TokenStream {
    if !arguments.is_empty() {
        return error(
            "#[tidegate_plugin::plugin] takes no arguments: the hooks are those written in the block",
        );
    }
    match scan::block(item.clone()) {
        Ok(block) => item.into_iter().chain(export::code(&block)).collect(),
        Err(text) => item.into_iter().chain(error(text)).collect(),
    }
}

fn error(text: &str) -> TokenStream {
    format!("::core::compile_error!({text:?});").parse().unwrap_or_default()
}
