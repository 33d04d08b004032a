// Knows callers by the API key that they send.
#include <tidegate/json.hpp>
#include <tidegate/plugin.hpp>

#include <map>

struct ApiKeys {
    // The principal of each key.
    std::map<std::string, std::string, std::less<>> keys;

    tidegate::Result<void> configure(const tidegate::json& config) {
        const auto* listed = tidegate::find(config, "/keys");
        if (listed == nullptr || !listed->is_object()) return tidegate::fail("\"keys\" is missing; name the principal of each key");
        for (const auto& [key, principal] : listed->items())
            if (principal.is_string()) keys.emplace(key, principal.get<std::string>());
        return {};
    }

    tidegate::Auth authenticate(const tidegate::Context&, const tidegate::Head& head) const {
        const auto key = head.headers.get("x-api-key");
        if (!key) return tidegate::pass();
        const auto found = keys.find(*key);
        if (found == keys.end()) return tidegate::deny(401, "invalid_api_key", "the API key is not known");
        return tidegate::grant(found->second);
    }
};

TIDEGATE_PLUGIN(ApiKeys);
