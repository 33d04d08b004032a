// Gives requests a system prompt and bounds for tokens by the model that they ask for.
#include <tidegate/json.hpp>
#include <tidegate/plugin.hpp>

#include "config.hpp"

namespace {

constexpr auto header = "x-model-policy";
// Whether a conversation begins with a system prompt is seen from here; nothing else of it is read.
constexpr auto first_role = "/messages/0/role";

// Where requests of an operation have their system prompt and their bound; empty where they have none. That of a chat
// is a message, and its bound stands in one of two places.
struct Shape {
    std::string_view operation;
    std::string_view system;
    std::string_view tokens;
};
constexpr Shape shapes[] = {
    {"messages", "/system", "/max_tokens"},
    {"count_tokens", "/system", ""},
    {"responses", "/instructions", "/max_output_tokens"},
    {"responses_input_tokens", "/instructions", ""},
    {"completion", "", "/max_tokens"},
};
constexpr std::string_view chat_tokens[] = {"/max_tokens", "/max_completion_tokens"};

bool is_empty(const std::optional<tidegate::json>& value) {
    return !value || value->is_null() || (value->is_string() && value->get_ref<const std::string&>().empty());
}

// Holds a bound that the client names below the limit; gives whether it names one. What is no number is the upstream's
// to refuse.
bool hold_below(tidegate::Transform& change, const Policy& policy, const tidegate::Body& body, std::string_view place) {
    const auto asked = tidegate::get(body, place);
    if (is_empty(asked)) return false;
    if (policy.max_tokens_limit && asked->is_number() &&
        asked->get<double>() > static_cast<double>(*policy.max_tokens_limit))
        change.set(std::string(place), *policy.max_tokens_limit);
    return true;
}

void apply_to_chat(tidegate::Transform& change, const Policy& policy, const tidegate::Body& body) {
    const auto role = tidegate::get(body, first_role);
    const bool has_system = role == "system" || role == "developer";
    // Without a first message this is no request that a model takes.
    if (policy.system && role && !has_system)
        change.insert("/messages/0", tidegate::json{{"role", "system"}, {"content", *policy.system}});
    bool is_bounded = false;
    for (const auto place : chat_tokens) is_bounded |= hold_below(change, policy, body, place);
    if (!is_bounded && policy.max_tokens) change.set(policy.tokens_field, *policy.max_tokens);
}

void apply(tidegate::Transform& change, const Policy& policy, const tidegate::Body& body, const Shape& shape) {
    if (policy.system && !shape.system.empty() && is_empty(tidegate::get(body, shape.system)))
        change.set(std::string(shape.system), *policy.system);
    if (policy.max_tokens && !shape.tokens.empty() && !hold_below(change, policy, body, shape.tokens))
        change.set(std::string(shape.tokens), *policy.max_tokens);
}

}  // namespace

struct ModelPolicy {
    std::vector<Policy> policies;

    tidegate::Result<void> configure(const tidegate::json& config) {
        auto read = read_policies(config);
        if (!read) return read.error();
        policies = *std::move(read);
        return {};
    }

    // The conversation stays where it is: these places are all that is copied.
    tidegate::Subscription subscribe(tidegate::Subscription wants) const {
        return wants
            .request_fields(
                {first_role, "/system", "/instructions", "/max_tokens", "/max_completion_tokens", "/max_output_tokens"})
            .dialects({"openai", "anthropic"});
    }

    tidegate::Transform transform_request(const tidegate::Context& ctx, const tidegate::Headers&,
                                          const tidegate::Body& body) const {
        const Policy* policy = policy_of(ctx.model.value_or(""));
        // No client names a policy by itself.
        if (policy == nullptr) return tidegate::changed().remove_header(header);
        auto change = tidegate::changed().set_header(header, policy->name);
        if (ctx.operation == "chat") apply_to_chat(change, *policy, body);
        for (const auto& shape : shapes)
            if (shape.operation == ctx.operation) apply(change, *policy, body, shape);
        return change;
    }

private:
    const Policy* policy_of(std::string_view model) const {
        for (const auto& policy : policies)
            if (policy.covers(model)) return &policy;
        return nullptr;
    }
};

TIDEGATE_PLUGIN(ModelPolicy);
