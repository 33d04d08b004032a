// Trees of JSON for plugins: nlohmann::json, made safe for what comes from outside. Never ends the instance on bad
// input: what is not there, or is something else, is none.
#pragma once

#define JSON_NOEXCEPTION 1
#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin.hpp"

namespace tidegate {

/// A tree of JSON. Its own `at`, `get` and `dump` end the instance where they do not fit; the functions below do not.
using json = nlohmann::json;

namespace detail {

/// How deep objects and lists may stand in each other, as in the gateway itself: what goes through a tree calls itself.
inline constexpr int deepest = 128;

inline bool is_shallow(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char letter = text[at];
        if (quoted && letter == '\\')
            ++at;
        else if (letter == '"')
            quoted = !quoted;
        else if (!quoted && (letter == '{' || letter == '['))
            ++depth;
        else if (!quoted && (letter == '}' || letter == ']'))
            --depth;
        if (depth > deepest) return false;
    }
    return true;
}

/// `~1` is a slash and `~0` a tilde (RFC 6901).
inline std::string unescaped(std::string_view token) {
    std::string key;
    for (std::size_t at = 0; at < token.size(); ++at) {
        const bool escape = token[at] == '~' && at + 1 < token.size();
        key += !escape ? token[at] : token[++at] == '1' ? '/' : '~';
    }
    return key;
}

/// The element that a token of a pointer names; none where it is no index, or there is none.
inline const json* element(const json& list, std::string_view token) {
    std::size_t index = 0;
    const auto end = token.data() + token.size();
    const auto read = std::from_chars(token.data(), end, index);
    const bool is_index = read.ec == std::errc() && read.ptr == end && (token == "0" || token.front() != '0');
    return is_index && index < list.size() ? &list[index] : nullptr;
}

}  // namespace detail

/// The tree of a JSON text; none where it is no JSON, or deeper than 128.
inline std::optional<json> parse(std::string_view text) {
    if (!detail::is_shallow(text)) return std::nullopt;
    json tree = json::parse(text, nullptr, false);
    if (tree.is_discarded()) return std::nullopt;
    return tree;
}

/// The JSON text of a tree. Bytes that are no UTF-8 become replacement characters.
inline std::string dump(const json& tree) { return tree.dump(-1, ' ', false, json::error_handler_t::replace); }

/// What stands at a pointer (RFC 6901), or null.
inline const json* find(const json& tree, std::string_view pointer) {
    const json* place = &tree;
    while (place != nullptr && !pointer.empty()) {
        if (pointer.front() != '/') return nullptr;
        pointer.remove_prefix(1);
        const std::string_view token = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(token.size());
        if (place->is_array()) {
            place = detail::element(*place, token);
        } else {
            const auto member = place->is_object() ? place->find(detail::unescaped(token)) : place->end();
            place = place->is_object() && member != place->end() ? &*member : nullptr;
        }
    }
    return place;
}

/// The text at a pointer, where one stands there.
inline std::optional<std::string> text(const json& tree, std::string_view pointer = "") {
    const json* place = find(tree, pointer);
    return place && place->is_string() ? std::optional(place->get<std::string>()) : std::nullopt;
}

/// The number at a pointer, where one stands there.
inline std::optional<double> number(const json& tree, std::string_view pointer = "") {
    const json* place = find(tree, pointer);
    return place && place->is_number() ? std::optional(place->get<double>()) : std::nullopt;
}

/// The integer at a pointer, where one stands there that fits.
inline std::optional<std::int64_t> integer(const json& tree, std::string_view pointer = "") {
    const json* place = find(tree, pointer);
    if (!place || !place->is_number_integer()) return std::nullopt;
    if (place->is_number_unsigned() && place->get<std::uint64_t>() > INT64_MAX) return std::nullopt;
    return place->get<std::int64_t>();
}

/// True or false at a pointer, where either stands there.
inline std::optional<bool> boolean(const json& tree, std::string_view pointer = "") {
    const json* place = find(tree, pointer);
    return place && place->is_boolean() ? std::optional(place->get<bool>()) : std::nullopt;
}

/// The texts of a list at a pointer; none where there is no list, or something else than texts in it.
inline std::optional<std::vector<std::string>> texts(const json& tree, std::string_view pointer = "") {
    const json* place = find(tree, pointer);
    if (!place || !place->is_array()) return std::nullopt;
    std::vector<std::string> all;
    for (const json& one : *place) {
        if (!one.is_string()) return std::nullopt;
        all.push_back(one.get<std::string>());
    }
    return all;
}

/// What stands at a pointer of a body: of all of it, or of the places that were asked for. To look at several places of
/// a whole body, `parse` its text once.
inline std::optional<json> get(const Body& body, std::string_view pointer) {
    if (const auto place = body.json(pointer)) return parse(*place);
    const auto tree = body.text() ? parse(*body.text()) : std::nullopt;
    const json* place = tree ? find(*tree, pointer) : nullptr;
    return place ? std::optional(*place) : std::nullopt;
}

template <>
struct ToJson<json> {
    static std::string text(const json& tree) { return dump(tree); }
};

template <>
struct FromConfig<json> {
    static Result<json> read(std::string_view text) {
        auto tree = parse(text);
        if (!tree) return fail("the configuration is no JSON");
        return *std::move(tree);
    }
};

}  // namespace tidegate
