//! The code behind the block: the list of hooks, and the exports.

use proc_macro::TokenStream;

use crate::scan::Block;

/// Hook, variant of `Hook`, macro that exports its interface.
const HOOKS: [(&str, &str, &str); 10] = [
    ("authenticate", "Authenticate", "export_auth"),
    ("admit", "Admit", "export_admission"),
    ("settle", "Settle", "export_admission"),
    ("transform_request", "TransformRequest", "export_transform"),
    ("transform_upstream", "TransformUpstream", "export_transform"),
    ("transform_response", "TransformResponse", "export_transform"),
    ("transform_event", "TransformEvent", "export_transform"),
    ("moderate_input", "ModerateInput", "export_moderation"),
    ("moderate_output", "ModerateOutput", "export_moderation"),
    ("completed", "Completed", "export_observe"),
];

/// One constant block, so that no name reaches the author's module.
pub(crate) fn code(block: &Block) -> TokenStream {
    let written = HOOKS.iter().filter(|(hook, ..)| block.functions.iter().any(|function| function == hook));
    let (mut hooks, mut exports) = (String::new(), vec!["export_lifecycle"]);
    for (_, variant, export) in written {
        hooks.push_str(&format!("::tidegate_plugin::Hook::{variant},"));
        if !exports.contains(export) {
            exports.push(export);
        }
    }
    let exports: String = exports.iter().map(|export| export_line(export)).collect();
    let plugin = &block.plugin;
    let code = format!(
        "const _: () = {{
            impl ::tidegate_plugin::__rt::Written for {plugin} {{
                const HOOKS: &'static [::tidegate_plugin::Hook] = &[{hooks}];
            }}
            #[cfg(target_arch = \"wasm32\")]
            const _: () = {{
                struct Component;
                ::std::thread_local! {{
                    static PLUGIN: ::std::cell::OnceCell<{plugin}> = const {{ ::std::cell::OnceCell::new() }};
                }}
                impl ::tidegate_plugin::__rt::Component for Component {{
                    type Plugin = {plugin};
                    fn slot() -> &'static ::tidegate_plugin::__rt::Slot<{plugin}> {{ &PLUGIN }}
                }}
                {exports}
            }};
            ::tidegate_plugin::__native!{{ {plugin} }}
        }};"
    );
    code.parse().unwrap_or_default()
}

fn export_line(export: &str) -> String {
    let module = export.trim_start_matches("export_");
    format!(
        "::tidegate_plugin::__rt::{module}::{export}!(Component with_types_in ::tidegate_plugin::__rt::{module});"
    )
}
