#include "data.hpp"

static const json nothing;

/// Whether these bytes are UTF-8: what would otherwise be replaced stays as it is.
static bool is_text(const std::string& bytes) {
    const auto tree = tidegate::parse(tidegate::dump(json(bytes)));
    return tree && tidegate::text(*tree) == bytes;
}

json show(std::string_view bytes) {
    json shown = std::string(bytes);
    return is_text(shown.get_ref<const std::string&>()) ? shown : json{{"hex", hex(bytes)}};
}

std::string hex(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

static std::string unhex(std::string_view digits) {
    std::string bytes;
    for (std::size_t at = 0; at + 1 < digits.size(); at += 2) {
        unsigned char byte = 0;
        std::from_chars(digits.data() + at, digits.data() + at + 2, byte, 16);
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

std::string bytes(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (const json& repeated = member(value, "repeat"); repeated.is_string()) {
        std::string all;
        for (std::uint32_t times = small(member(value, "times")); times > 0; --times) all += str(repeated);
        return all;
    }
    return unhex(str(member(value, "hex")));
}

const json& member(const json& value, const char* name) {
    if (!value.is_object()) return nothing;
    const auto found = value.find(name);
    return found == value.end() ? nothing : *found;
}

std::string str(const json& value) { return tidegate::text(value).value_or(""); }

std::optional<std::uint64_t> natural(const json& value) {
    return value.is_number_unsigned() ? std::optional(value.get<std::uint64_t>()) : std::nullopt;
}

std::uint32_t small(const json& value) { return static_cast<std::uint32_t>(natural(value).value_or(0)); }

std::vector<Field> fields(const json& value) {
    std::vector<Field> all;
    if (!value.is_object()) return all;
    for (const auto& [name, values] : value.items()) {
        if (!values.is_array()) all.push_back({name, bytes(values)});
        for (const json& one : values.is_array() ? values : nothing) all.push_back({name, bytes(one)});
    }
    return all;
}

std::pair<std::string, const json&> verdict(const json& value) {
    if (value.is_object() && !value.empty()) return {value.begin().key(), *value.begin()};
    return {str(value), nothing};
}
