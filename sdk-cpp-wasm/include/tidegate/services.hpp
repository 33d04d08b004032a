// What the gateway offers to a plugin. A service that is not called here is not imported by the component.
#pragma once

#include <initializer_list>
#include <iterator>

#include "../../c/plugin.h"
#include "detail/take.hpp"
#include "fields.hpp"
#include "result.hpp"

namespace tidegate {

namespace detail {

/// Texts and bytes that the bindings only look at.
template <class T = plugin_string_t>
T lend(std::string_view bytes) {
    T lent{};
    lent.ptr = reinterpret_cast<uint8_t*>(const_cast<char*>(bytes.data()));
    lent.len = bytes.size();
    return lent;
}

inline std::uint64_t* lend(std::optional<std::uint64_t>& number) { return number ? &*number : nullptr; }

inline std::vector<plugin_tuple2_string_string_t> lend_pairs(const Pair* pairs, std::size_t count) {
    std::vector<plugin_tuple2_string_string_t> lent;
    lent.reserve(count);
    for (const Pair* pair = pairs; pair != pairs + count; ++pair)
        lent.push_back({lend(pair->first), lend(pair->second)});
    return lent;
}

}  // namespace detail

/// Names and values as an argument: `{{"model", name}}`, a vector or a span.
class Pairs {
public:
    Pairs() = default;
    Pairs(std::initializer_list<Pair> pairs) : lent_(detail::lend_pairs(pairs.begin(), pairs.size())) {}
    template <class Range>
        requires requires(const Range& range) {
            { std::data(range) } -> std::convertible_to<const Pair*>;
        }
    Pairs(const Range& range) : lent_(detail::lend_pairs(std::data(range), std::size(range))) {}

    /// As the bindings take it.
    plugin_list_tuple2_string_string_t lend() const {
        return {const_cast<plugin_tuple2_string_string_t*>(lent_.data()), lent_.size()};
    }

private:
    std::vector<plugin_tuple2_string_string_t> lent_;
};

/// Attributes of the request by name.
namespace info {

/// `service`, `listener`, `method`, `path`, `client.address`; an unknown one is none.
inline std::optional<std::string> attribute(std::string_view name) {
    auto wanted = detail::lend(name);
    plugin_string_t found;
    if (!tidegate_plugin_info_attribute(&wanted, &found)) return std::nullopt;
    return detail::take(found);
}

}  // namespace info

/// Notes of this filter on this request, 16 KiB with their keys; the same from every hook and instance.
namespace state {

/// Why a note was not kept.
struct Error {
    enum class Kind { full, failed };
    Kind kind;
    /// Of `failed`: the reason.
    std::string detail;

    /// One sentence.
    std::string text() const {
        return kind == Kind::full ? "the notes of a request may hold 16 KiB" : "the note was not kept: " + detail;
    }
};

/// A note of an earlier hook, as bytes.
inline std::optional<std::string> get(std::string_view key) {
    auto wanted = detail::lend(key);
    plugin_list_u8_t found;
    if (!tidegate_plugin_state_get(&wanted, &found)) return std::nullopt;
    return detail::take(found);
}

/// Keeps a note for later hooks of the same request; an error where all notes together would be too large.
inline Result<void, Error> set(std::string_view key, std::string_view value) {
    auto place = detail::lend(key);
    auto bytes = detail::lend<plugin_list_u8_t>(value);
    tidegate_plugin_state_error_t error;
    if (tidegate_plugin_state_set(&place, &bytes, &error)) return {};
    if (error.tag == TIDEGATE_PLUGIN_STATE_ERROR_FULL) return Error{Error::Kind::full, {}};
    return Error{Error::Kind::failed, detail::take(error.val.failed)};
}

}  // namespace state

/// Lines in the gateway's log, under the plugin's name; counted beyond a limit a call, not written.
namespace log {

namespace detail {

inline void write(tidegate_plugin_log_level_t level, std::string_view message, const Pairs& fields) {
    auto line = tidegate::detail::lend(message);
    auto lent = fields.lend();
    tidegate_plugin_log_write(level, &line, &lent);
}

}  // namespace detail

/// For the plugin's author.
inline void debug(std::string_view message, const Pairs& fields = {}) {
    detail::write(TIDEGATE_PLUGIN_LOG_LEVEL_DEBUG, message, fields);
}
/// Worth knowing.
inline void info(std::string_view message, const Pairs& fields = {}) {
    detail::write(TIDEGATE_PLUGIN_LOG_LEVEL_INFO, message, fields);
}
/// Something is not as it should be.
inline void warn(std::string_view message, const Pairs& fields = {}) {
    detail::write(TIDEGATE_PLUGIN_LOG_LEVEL_WARN, message, fields);
}
/// Something failed.
inline void error(std::string_view message, const Pairs& fields = {}) {
    detail::write(TIDEGATE_PLUGIN_LOG_LEVEL_ERROR, message, fields);
}

}  // namespace log

/// Series of the plugin's own, as `tidegate_plugin_custom_*`. Needs the capability `metrics`.
namespace metrics {

/// Adds to a counter.
inline void count(std::string_view name, double by = 1, const Pairs& labels = {}) {
    auto series = detail::lend(name);
    auto lent = labels.lend();
    tidegate_plugin_metrics_count(&series, by, &lent);
}

/// Observes a value in a histogram.
inline void observe(std::string_view name, double value, const Pairs& labels = {}) {
    auto series = detail::lend(name);
    auto lent = labels.lend();
    tidegate_plugin_metrics_observe(&series, value, &lent);
}

}  // namespace metrics

/// Secrets by name. Needs the capability `secrets` with that name.
namespace secrets {

/// Why there is no secret.
struct Error {
    enum class Kind { denied, unavailable };
    Kind kind;
    /// The reason.
    std::string detail;

    /// One sentence.
    const std::string& text() const { return detail; }
};

/// The secret; an error where it is not granted, or has no value.
inline Result<std::string, Error> get(std::string_view name) {
    auto wanted = detail::lend(name);
    plugin_string_t found;
    tidegate_plugin_secrets_error_t error;
    if (tidegate_plugin_secrets_get(&wanted, &found, &error)) return detail::take(found);
    if (error.tag == TIDEGATE_PLUGIN_SECRETS_ERROR_DENIED)
        return Error{Error::Kind::denied, detail::take(error.val.denied)};
    return Error{Error::Kind::unavailable, detail::take(error.val.unavailable)};
}

}  // namespace secrets

/// Asks a model through a route of the gateway. Needs the capability `models`.
namespace models {

/// Why there is no answer.
struct Error {
    enum class Kind { denied, timeout, too_large, failed };
    Kind kind;
    /// Of `denied` and `failed`: the reason.
    std::string detail;

    /// One sentence.
    std::string text() const {
        switch (kind) {
            case Kind::denied: return "the model is not granted: " + detail;
            case Kind::timeout: return "the model gave no answer in time";
            case Kind::too_large: return "the answer is too large";
            default: return "the model gave no answer: " + detail;
        }
    }
};

/// The JSON text of the answer to a chat request, given as JSON text; an error where it is not granted, or the model
/// gives no answer.
inline Result<std::string, Error> ask(std::string_view route, std::string_view body) {
    auto through = detail::lend(route);
    auto request = detail::lend(body);
    plugin_string_t answer;
    tidegate_plugin_models_error_t error;
    if (tidegate_plugin_models_ask(&through, &request, &answer, &error)) return detail::take(answer);
    switch (error.tag) {
        case TIDEGATE_PLUGIN_MODELS_ERROR_DENIED: return Error{Error::Kind::denied, detail::take(error.val.denied)};
        case TIDEGATE_PLUGIN_MODELS_ERROR_TIMEOUT: return Error{Error::Kind::timeout, {}};
        case TIDEGATE_PLUGIN_MODELS_ERROR_TOO_LARGE: return Error{Error::Kind::too_large, {}};
        default: return Error{Error::Kind::failed, detail::take(error.val.failed)};
    }
}

}  // namespace models

}  // namespace tidegate
