// Bytes as JSON: text where they are text, {"hex": ...} where they are not.
#pragma once

#include <tidegate/json.hpp>

using tidegate::Field;
using tidegate::json;

json show(std::string_view bytes);
std::string hex(std::string_view bytes);

/// The bytes of "text", {"hex": "00ff"} or {"repeat": "text", "times": 3}; nothing of anything else.
std::string bytes(const json& value);

/// The member of an object, or null.
const json& member(const json& value, const char* name);

/// A text, or an empty one.
std::string str(const json& value);

/// A number that is not negative, or 0.
std::uint32_t small(const json& value);

/// A number that is not negative, where one stands there.
std::optional<std::uint64_t> natural(const json& value);

/// The fields of {"name": value, "name": [value, value]}.
std::vector<Field> fields(const json& value);

/// "name" and {"name": value} as name and value.
std::pair<std::string, const json&> verdict(const json& value);
