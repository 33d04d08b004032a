// Keeps the temperature of requests below a limit.
#include <tidegate/json.hpp>
#include <tidegate/plugin.hpp>

struct Temperature {
    tidegate::json most;

    tidegate::Result<void> configure(const tidegate::json& config) {
        const auto* found = tidegate::find(config, "/max_temperature");
        if (found == nullptr || !found->is_number()) return tidegate::fail("\"max_temperature\" is missing; give a number");
        most = *found;
        return {};
    }

    // Of the body only this place is handed over: what is not asked for costs nothing.
    tidegate::Subscription subscribe(tidegate::Subscription wants) const {
        return wants.request_fields({"/temperature"}).dialects({"openai", "anthropic"});
    }

    tidegate::Transform transform_request(const tidegate::Context&, const tidegate::Headers&, const tidegate::Body& body) const {
        auto change = tidegate::changed().add_header("x-filtered-by", "{{name}}");
        const auto asked = tidegate::get(body, "/temperature");
        if (asked && asked->is_number() && asked->get<double>() > most.get<double>()) change.set("/temperature", most);
        return change;
    }
};

TIDEGATE_PLUGIN(Temperature);
