// The services where there is no gateway, as in tests of a plugin: nothing is granted, notes are kept, and lines of the
// log go to standard error. These stand for the imports of a component, so values are written as the contract's binary
// form has them.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "../c/plugin.h"

namespace {

constexpr std::size_t word = sizeof(void*);

std::map<std::string, std::string>& notes() {
    static std::map<std::string, std::string> notes;
    return notes;
}

std::string text(const uint8_t* bytes, std::size_t length) {
    return std::string(reinterpret_cast<const char*>(bytes), length);
}

void put(uint8_t* place, const std::string& bytes) {
    auto* copy = bytes.empty() ? nullptr : static_cast<uint8_t*>(std::malloc(bytes.size()));
    if (copy != nullptr) std::memcpy(copy, bytes.data(), bytes.size());
    const std::size_t length = bytes.size();
    std::memcpy(place, &copy, word);
    std::memcpy(place + word, &length, word);
}

/// A result that is an error, with a payload at this offset.
uint8_t* failed(uint8_t* result, std::size_t offset) {
    result[0] = 1;
    return result + offset;
}

/// `error.denied` of `kv`.
void denied(uint8_t* result, std::size_t offset) { *failed(result, offset) = 0; }

/// `error.denied` of `secrets` and `models`, which has a text.
void denied(uint8_t* result, const std::string& what) {
    uint8_t* error = failed(result, word);
    *error = 0;
    put(error + word, what + " is not granted outside of a gateway");
}

}  // namespace

extern "C" {

// What carries the contract into a component; a test has none.
void __component_type_object_force_link_plugin() {}

void __wasm_import_tidegate_plugin_info_attribute(uint8_t*, std::size_t, uint8_t* to) { to[0] = 0; }

void __wasm_import_tidegate_plugin_state_get(uint8_t* key, std::size_t length, uint8_t* to) {
    const auto note = notes().find(text(key, length));
    to[0] = note != notes().end();
    if (to[0]) put(to + word, note->second);
}

void __wasm_import_tidegate_plugin_state_set(uint8_t* key, std::size_t length, uint8_t* value, std::size_t size,
                                             uint8_t* to) {
    notes()[text(key, length)] = text(value, size);
    to[0] = 0;
}

void __wasm_import_tidegate_plugin_log_write(int32_t level, uint8_t* message, std::size_t length, uint8_t* fields,
                                             std::size_t count) {
    static constexpr const char* names[] = {"debug", "info", "warn", "error"};
    std::fprintf(stderr, "%s %.*s", names[level & 3], static_cast<int>(length), reinterpret_cast<const char*>(message));
    const auto* pairs = reinterpret_cast<const plugin_tuple2_string_string_t*>(fields);
    for (std::size_t at = 0; at < count; ++at)
        std::fprintf(stderr, " %s=%s", text(pairs[at].f0.ptr, pairs[at].f0.len).c_str(),
                     text(pairs[at].f1.ptr, pairs[at].f1.len).c_str());
    std::fprintf(stderr, "\n");
}

void __wasm_import_tidegate_plugin_metrics_count(uint8_t*, std::size_t, double, uint8_t*, std::size_t) {}

void __wasm_import_tidegate_plugin_metrics_observe(uint8_t*, std::size_t, double, uint8_t*, std::size_t) {}

void __wasm_import_tidegate_plugin_secrets_get(uint8_t* name, std::size_t length, uint8_t* to) {
    denied(to, "secret \"" + text(name, length) + "\"");
}

void __wasm_import_tidegate_plugin_kv_get(uint8_t*, std::size_t, uint8_t* to) { denied(to, 8); }

void __wasm_import_tidegate_plugin_kv_set(uint8_t*, std::size_t, uint8_t*, std::size_t, int32_t, int64_t, int32_t,
                                          int64_t, uint8_t* to) {
    denied(to, 8);
}

void __wasm_import_tidegate_plugin_kv_delete(uint8_t*, std::size_t, uint8_t* to) { denied(to, word); }

void __wasm_import_tidegate_plugin_kv_increment(uint8_t*, std::size_t, int64_t, int32_t, int64_t, uint8_t* to) {
    denied(to, 8);
}

void __wasm_import_tidegate_plugin_http_send(uint8_t*, std::size_t count, uint8_t* to) {
    using Answer = tidegate_plugin_http_result_reply_error_t;
    auto* answers = count == 0 ? nullptr : static_cast<Answer*>(std::calloc(count, sizeof(Answer)));
    for (std::size_t at = 0; answers != nullptr && at < count; ++at) {
        answers[at].is_err = true;
        plugin_string_dup(&answers[at].val.err.val.denied, "not granted outside of a gateway");
    }
    std::memcpy(to, &answers, word);
    std::memcpy(to + word, &count, word);
}

void __wasm_import_tidegate_plugin_models_ask(uint8_t* route, std::size_t length, uint8_t*, std::size_t, uint8_t* to) {
    denied(to, "route \"" + text(route, length) + "\"");
}
}
