// Values that outlive a request.
#pragma once

#include "services.hpp"

/// Values that outlive a request; each plugin has keys of its own. Needs the capability `kv`.
namespace tidegate::kv {

/// Why the store gives nothing.
struct Error {
    enum class Kind { denied, too_large, unavailable };
    Kind kind;
    /// Of `unavailable`: the reason.
    std::string detail;

    /// One sentence.
    std::string text() const {
        switch (kind) {
            case Kind::denied: return "the store is not granted";
            case Kind::too_large: return "the value is too large for the store";
            default: return "the store gives no answer: " + detail;
        }
    }
};

/// A value's bytes, and how often its key was changed.
struct Entry {
    std::string value;
    std::uint64_t version;
};

namespace detail {

inline Error take(tidegate_plugin_kv_error_t& given) {
    switch (given.tag) {
        case TIDEGATE_PLUGIN_KV_ERROR_DENIED: return {Error::Kind::denied, {}};
        case TIDEGATE_PLUGIN_KV_ERROR_TOO_LARGE: return {Error::Kind::too_large, {}};
        default: return {Error::Kind::unavailable, tidegate::detail::take(given.val.unavailable)};
    }
}

}  // namespace detail

/// The value and its version, where there is one.
inline Result<std::optional<Entry>, Error> get(std::string_view key) {
    auto wanted = tidegate::detail::lend(key);
    tidegate_plugin_kv_option_entry_t found;
    tidegate_plugin_kv_error_t error;
    if (!tidegate_plugin_kv_get(&wanted, &found, &error)) return detail::take(error);
    if (!found.is_some) return std::optional<Entry>();
    return std::optional(Entry{tidegate::detail::take(found.val.value), found.val.version});
}

/// How long a value stands, and what must stand there before.
struct SetOptions {
    /// Milliseconds; none: for ever.
    std::optional<std::uint64_t> ttl_ms = std::nullopt;
    /// None: whatever stands there; 0: only if nothing does.
    std::optional<std::uint64_t> if_version = std::nullopt;
};

/// Stores a value's bytes: `kv::set("seen", "1", {.ttl_ms = 60'000})`. The new version, or none where another one
/// stands there.
inline Result<std::optional<std::uint64_t>, Error> set(std::string_view key, std::string_view value,
                                                       SetOptions options = {}) {
    auto place = tidegate::detail::lend(key);
    auto bytes = tidegate::detail::lend<plugin_list_u8_t>(value);
    plugin_option_u64_t version;
    tidegate_plugin_kv_error_t error;
    if (!tidegate_plugin_kv_set(&place, &bytes, tidegate::detail::lend(options.ttl_ms),
                                tidegate::detail::lend(options.if_version), &version, &error))
        return detail::take(error);
    return version.is_some ? std::optional(version.val) : std::nullopt;
}

/// Takes a value away; whether there was one.
inline Result<bool, Error> remove(std::string_view key) {
    auto place = tidegate::detail::lend(key);
    bool there = false;
    tidegate_plugin_kv_error_t error;
    if (!tidegate_plugin_kv_delete(&place, &there, &error)) return detail::take(error);
    return there;
}

/// Adds to a decimal number, from 0 where there is none; `ttl_ms` counts from the first. The sum.
inline Result<std::int64_t, Error> increment(std::string_view key, std::int64_t by = 1,
                                             std::optional<std::uint64_t> ttl_ms = std::nullopt) {
    auto place = tidegate::detail::lend(key);
    std::int64_t sum = 0;
    tidegate_plugin_kv_error_t error;
    if (!tidegate_plugin_kv_increment(&place, by, tidegate::detail::lend(ttl_ms), &sum, &error))
        return detail::take(error);
    return sum;
}

}  // namespace tidegate::kv
