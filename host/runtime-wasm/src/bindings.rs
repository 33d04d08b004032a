//! What wasmtime makes of the contract: values that go in are borrowed, values that come out are owned.
//!
//! No function of the world as a whole is used, since it asks for every interface; those that a component exports are
//! looked up one by one.

wasmtime::component::bindgen!({
    path: "../../plugin-sdk/wit/0.1",
    world: "plugin",
    ownership: Borrowing { duplicate_if_necessary: true },
    imports: {
        "tidegate:plugin/kv": async,
        "tidegate:plugin/http": async,
        "tidegate:plugin/models": async,
    },
    exports: { default: async },
    require_store_data_send: true,
});
