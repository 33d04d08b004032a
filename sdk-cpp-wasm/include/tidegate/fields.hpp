// Fields that a plugin writes, and edits of those that are there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tidegate {

/// A field of an answer or of a request of the plugin's own. The value's bytes.
struct Field {
    std::string name;
    std::string value;
};

/// A change of the fields that are there; made by the methods of `Auth` and `Transform`.
struct HeaderEdit {
    enum class Kind { set, add, remove };
    Kind kind;
    Field field;
};

/// A no, which the gateway writes in the shape of the client's dialect.
struct Refusal {
    std::uint16_t status;
    std::string code;
    std::string message;
    std::vector<Field> headers;
};

}  // namespace tidegate
