// Values as JSON text, for verdicts that put something into a body.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace tidegate {

/// JSON text that stands as it is: `changed().set("/stop", Json{"[\"\\n\"]"})`.
struct Json {
    std::string text;
};

/// A text as JSON, in quotes.
inline std::string quoted(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string json = "\"";
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            json += '\\';
            json += letter;
        } else if (byte < 0x20) {
            json += "\\u00";
            json += digits[byte >> 4];
            json += digits[byte & 15];
        } else {
            json += letter;
        }
    }
    return json += '"';
}

/// How a type becomes JSON text. `<tidegate/json.hpp>` has it for trees; write it for types of your own.
template <class T>
struct ToJson;

template <>
struct ToJson<Json> {
    static std::string text(const Json& json) { return json.text; }
};

template <class T>
    requires std::convertible_to<const T&, std::string_view>
struct ToJson<T> {
    static std::string text(std::string_view text) { return quoted(text); }
};

template <>
struct ToJson<std::nullptr_t> {
    static std::string text(std::nullptr_t) { return "null"; }
};

template <>
struct ToJson<bool> {
    static std::string text(bool value) { return value ? "true" : "false"; }
};

template <std::integral T>
struct ToJson<T> {
    static std::string text(T value) { return std::to_string(value); }
};

/// JSON has no infinity and no NaN: they are null.
template <std::floating_point T>
struct ToJson<T> {
    static std::string text(T value) {
        if (!std::isfinite(value)) return "null";
        char digits[64];
        return std::string(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }
};

/// The JSON text of a value.
template <class T>
std::string json_text(const T& value) {
    return ToJson<std::decay_t<T>>::text(value);
}

}  // namespace tidegate
