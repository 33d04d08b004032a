// Makes the model of each tenant of a name that clients use.
#include <tidegate/json.hpp>
#include <tidegate/plugin.hpp>

#include <map>

struct TenantModels {
    using Models = std::map<std::string, std::string, std::less<>>;
    std::map<std::string, Models, std::less<>> names;

    tidegate::Result<void> configure(const tidegate::json& config) {
        const auto* listed = tidegate::find(config, "/names");
        if (listed == nullptr || !listed->is_object()) return tidegate::fail("\"names\" is missing; list at least one");
        for (const auto& [name, models] : listed->items()) {
            for (const auto& [tenant, model] : models.items()) {
                const auto text = tidegate::text(model);
                if (!text) return tidegate::fail("\"" + name + "\" has no model for \"" + tenant + "\"; write a text");
                names[name].emplace(tenant, *text);
            }
        }
        return check();
    }

    // A chain of names would have to be followed to its end, and could have none.
    tidegate::Result<void> check() const {
        for (const auto& [name, models] : names)
            for (const auto& [tenant, model] : models)
                if (names.contains(model))
                    return tidegate::fail("\"" + name + "\" stands for \"" + model +
                                          "\", which is a name, too; write a model");
        return {};
    }

    tidegate::Subscription subscribe(tidegate::Subscription wants) const {
        return wants.request_fields({"/model"}).dialects({"openai", "anthropic"});
    }

    tidegate::Transform transform_request(const tidegate::Context& ctx, const tidegate::Headers&,
                                          const tidegate::Body& body) const {
        const auto asked = tidegate::get(body, "/model");
        const auto models =
            asked && asked->is_string() ? names.find(asked->get_ref<const std::string&>()) : names.end();
        if (models == names.end()) return tidegate::unchanged();
        const auto tenant = ctx.principal ? ctx.principal->tenant : std::nullopt;
        auto model = models->second.find(tenant.value_or("default"));
        if (model == models->second.end()) model = models->second.find("default");
        if (model == models->second.end()) return tidegate::unchanged();
        return tidegate::changed().set("/model", model->second);
    }
};

TIDEGATE_PLUGIN(TenantModels);
