// What a configuration says: a policy for each kind of model.
#pragma once

#include <tidegate/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct Policy {
    std::string name;
    std::vector<std::string> models;
    std::optional<std::string> system;
    std::optional<std::int64_t> max_tokens;
    std::optional<std::int64_t> max_tokens_limit;
    std::string tokens_field;

    bool covers(std::string_view model) const;
};

tidegate::Result<std::vector<Policy>> read_policies(const tidegate::json& config);
