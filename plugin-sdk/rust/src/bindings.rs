//! What wit-bindgen makes of the contract: one world for the services, and one for each interface that a plugin may
//! export, so that a component exports no more than its author wrote.

#![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]

/// Services and shared types.
pub mod host {
    wit_bindgen::generate!({
        path: "../wit/0.1",
        inline: "package tidegate:toolkit-host;
            world host {
                import tidegate:plugin/types@0.1.0; import tidegate:plugin/info@0.1.0; import tidegate:plugin/state@0.1.0;
                import tidegate:plugin/log@0.1.0; import tidegate:plugin/metrics@0.1.0; import tidegate:plugin/secrets@0.1.0;
                import tidegate:plugin/kv@0.1.0; import tidegate:plugin/http@0.1.0; import tidegate:plugin/models@0.1.0;
            }",
        world: "tidegate:toolkit-host/host",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

/// A world that exports one interface, with the shared types taken from `host`.
macro_rules! exported {
    ($module:ident, $macro:literal, $inline:literal, $world:literal) => {
        pub mod $module {
            wit_bindgen::generate!({
                path: "../wit/0.1",
                inline: $inline,
                world: $world,
                with: { "tidegate:plugin/types@0.1.0": crate::bindings::host::tidegate::plugin::types },
                pub_export_macro: true,
                export_macro_name: $macro,
                additional_derives: [PartialEq],
            });
        }
    };
}

exported!(
    lifecycle,
    "export_lifecycle",
    "package tidegate:toolkit-lifecycle; world lifecycle { export tidegate:plugin/lifecycle@0.1.0; }",
    "tidegate:toolkit-lifecycle/lifecycle"
);
exported!(
    auth,
    "export_auth",
    "package tidegate:toolkit-auth; world auth { export tidegate:plugin/auth@0.1.0; }",
    "tidegate:toolkit-auth/auth"
);
exported!(
    admission,
    "export_admission",
    "package tidegate:toolkit-admission; world admission { export tidegate:plugin/admission@0.1.0; }",
    "tidegate:toolkit-admission/admission"
);
exported!(
    transform,
    "export_transform",
    "package tidegate:toolkit-transform; world transform { export tidegate:plugin/transform@0.1.0; }",
    "tidegate:toolkit-transform/transform"
);
exported!(
    moderation,
    "export_moderation",
    "package tidegate:toolkit-moderation; world moderation { export tidegate:plugin/moderation@0.1.0; }",
    "tidegate:toolkit-moderation/moderation"
);
exported!(
    observe,
    "export_observe",
    "package tidegate:toolkit-observe; world observe { export tidegate:plugin/observe@0.1.0; }",
    "tidegate:toolkit-observe/observe"
);
