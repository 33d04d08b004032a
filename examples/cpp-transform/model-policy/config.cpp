#include "config.hpp"

#include <utility>

namespace {

tidegate::Result<Policy> read_policy(const tidegate::json& entry) {
    auto name = tidegate::text(entry, "/name");
    auto models = tidegate::texts(entry, "/models");
    if (!name || !models) return tidegate::fail("a policy without \"name\" or \"models\"; give it both");
    Policy policy{
        .name = *std::move(name),
        .models = *std::move(models),
        .system = tidegate::text(entry, "/system"),
        .max_tokens = tidegate::integer(entry, "/max_tokens"),
        .max_tokens_limit = tidegate::integer(entry, "/max_tokens_limit"),
        .tokens_field = "/" + tidegate::text(entry, "/tokens_field").value_or("max_tokens"),
    };
    if (policy.max_tokens && policy.max_tokens_limit && *policy.max_tokens > *policy.max_tokens_limit)
        return tidegate::fail(
            "policy \"" + policy.name +
            "\" has a \"max_tokens\" above its \"max_tokens_limit\"; lower the one or raise the other");
    // What clients may name at most is also what those get who name nothing.
    if (!policy.max_tokens) policy.max_tokens = policy.max_tokens_limit;
    return policy;
}

}  // namespace

bool Policy::covers(std::string_view model) const {
    for (const std::string_view pattern : models) {
        const bool open = pattern.ends_with('*');
        if (open ? model.starts_with(pattern.substr(0, pattern.size() - 1)) : model == pattern) return true;
    }
    return false;
}

tidegate::Result<std::vector<Policy>> read_policies(const tidegate::json& config) {
    const tidegate::json* entries = tidegate::find(config, "/policies");
    if (entries == nullptr || !entries->is_array()) return tidegate::fail("\"policies\" is missing; list at least one");
    std::vector<Policy> policies;
    for (const auto& entry : *entries) {
        auto policy = read_policy(entry);
        if (!policy) return policy.error();
        policies.push_back(*std::move(policy));
    }
    return policies;
}
