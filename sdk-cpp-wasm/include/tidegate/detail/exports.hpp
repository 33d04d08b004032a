// The exported functions of the contract, for one class. All of them are there, also those of hooks that are not
// written: the subscription says which are called.
#pragma once

#include "component.hpp"

namespace tidegate::detail {

/// The answer of a hook that is not written. The gateway does not ask it.
inline bool unwritten(plugin_string_t* error) {
    give_bytes("this plugin has no such hook", *error);
    return false;
}

using OwnedContext = Owned<Ctx, tidegate_plugin_types_context_free>;

/// wit-bindgen 0.63 passes over the optional bytes of a record; what they hold would stay for ever.
inline void free_head(exports_tidegate_plugin_auth_head_t* head) {
    plugin_option_list_u8_free(&head->body_sha256);
    plugin_option_list_u8_free(&head->client.certificate_sha256);
    exports_tidegate_plugin_auth_head_free(head);
}

template <class P>
struct Exports {
    using Plugin = Component<P>;
    using HeaderList = exports_tidegate_plugin_transform_list_header_t;
    using Payload = tidegate_plugin_types_payload_t;
    using OwnedHeaders = Owned<HeaderList, exports_tidegate_plugin_transform_list_header_free>;
    using OwnedPayload = Owned<Payload, tidegate_plugin_types_payload_free>;
    using OwnedTexts =
        Owned<exports_tidegate_plugin_moderation_list_text_t, exports_tidegate_plugin_moderation_list_text_free>;

    static bool authenticate(Ctx* ctx, exports_tidegate_plugin_auth_head_t* head,
                             exports_tidegate_plugin_auth_verdict_t* to, plugin_string_t* error) {
        const OwnedContext context(*ctx);
        const Owned<exports_tidegate_plugin_auth_head_t, free_head> owned(*head);
        if constexpr (HasAuthenticate<P>) {
            static_assert(TakesHead<P>, "authenticate takes (const Context&, const Head&)");
            return Plugin::call(ctx, to, error,
                                [&](P& plugin, const Context& ctx) { return plugin.authenticate(ctx, view(*head)); });
        }
        return unwritten(error);
    }

    static bool admit(Ctx* ctx, tidegate_plugin_types_usage_t* estimate,
                      exports_tidegate_plugin_admission_verdict_t* to, plugin_string_t* error) {
        const OwnedContext context(*ctx);
        if constexpr (HasAdmit<P>) {
            static_assert(TakesUsage<P>, "admit takes (const Context&, const Usage&)");
            return Plugin::call(ctx, to, error,
                                [&](P& plugin, const Context& ctx) { return plugin.admit(ctx, view(*estimate)); });
        }
        return unwritten(error);
    }

    static bool settle(Ctx* ctx, plugin_string_t* ticket, tidegate_plugin_types_usage_t* actual,
                       plugin_string_t* error) {
        const OwnedContext context(*ctx);
        const Owned<plugin_string_t, plugin_string_free> owned(*ticket);
        if constexpr (HasSettle<P>) {
            static_assert(TakesTicket<P>, "settle takes (const Context&, std::string_view, const Usage&)");
            return Plugin::call(ctx, static_cast<void*>(nullptr), error, [&](P& plugin, const Context& ctx) {
                return plugin.settle(ctx, view(*ticket), view(*actual));
            });
        }
        return unwritten(error);
    }

    static bool request(Ctx* ctx, HeaderList* headers, Payload* body, exports_tidegate_plugin_transform_verdict_t* to,
                        plugin_string_t* error) {
        const OwnedContext context(*ctx);
        const OwnedHeaders fields(*headers);
        const OwnedPayload payload(*body);
        if constexpr (HasRequest<P>) {
            static_assert(TakesRequest<P>, "transform_request takes (const Context&, const Headers&, const Body&)");
            return Plugin::call(ctx, to, error, [&](P& plugin, const Context& ctx) {
                return plugin.transform_request(ctx, view_headers(*headers), view(*body));
            });
        }
        return unwritten(error);
    }

    static bool upstream(Ctx* ctx, HeaderList* headers, Payload* body, exports_tidegate_plugin_transform_verdict_t* to,
                         plugin_string_t* error) {
        const OwnedContext context(*ctx);
        const OwnedHeaders fields(*headers);
        const OwnedPayload payload(*body);
        if constexpr (HasUpstream<P>) {
            static_assert(TakesUpstream<P>, "transform_upstream takes (const Context&, const Headers&, const Body&)");
            return Plugin::call(ctx, to, error, [&](P& plugin, const Context& ctx) {
                return plugin.transform_upstream(ctx, view_headers(*headers), view(*body));
            });
        }
        return unwritten(error);
    }

    static bool response(Ctx* ctx, std::uint16_t status, HeaderList* headers, Payload* body,
                         exports_tidegate_plugin_transform_verdict_t* to, plugin_string_t* error) {
        const OwnedContext context(*ctx);
        const OwnedHeaders fields(*headers);
        const OwnedPayload payload(*body);
        if constexpr (HasResponse<P>) {
            static_assert(TakesResponse<P>,
                          "transform_response takes (const Context&, std::uint16_t, const Headers&, const Body&)");
            return Plugin::call(ctx, to, error, [&](P& plugin, const Context& ctx) {
                return plugin.transform_response(ctx, status, view_headers(*headers), view(*body));
            });
        }
        return unwritten(error);
    }

    static bool events(Ctx* ctx, exports_tidegate_plugin_transform_list_event_t* events,
                       exports_tidegate_plugin_transform_list_event_verdict_t* to, plugin_string_t* error) {
        const OwnedContext context(*ctx);
        const Owned<exports_tidegate_plugin_transform_list_event_t, exports_tidegate_plugin_transform_list_event_free>
            owned(*events);
        if constexpr (HasEvent<P>) {
            static_assert(TakesEvent<P>, "transform_event takes (const Context&, const Event&)");
            return Plugin::events(ctx, *events, to, error, [](P& plugin, const Context& ctx, const Event& event) {
                return plugin.transform_event(ctx, event);
            });
        }
        return unwritten(error);
    }

    static bool input(Ctx* ctx, exports_tidegate_plugin_moderation_list_text_t* texts,
                      tidegate_plugin_types_judged_t* to, plugin_string_t* error) {
        const OwnedContext context(*ctx);
        const OwnedTexts owned(*texts);
        if constexpr (HasInput<P>) {
            static_assert(TakesInput<P>, "moderate_input takes (const Context&, std::span<const Text>)");
            return Plugin::call(ctx, to, error, [&](P& plugin, const Context& ctx) {
                const auto seen = view_texts(*texts);
                return plugin.moderate_input(ctx, Texts(seen));
            });
        }
        return unwritten(error);
    }

    static bool output(Ctx* ctx, exports_tidegate_plugin_moderation_list_text_t* texts, bool last,
                       tidegate_plugin_types_judged_t* to, plugin_string_t* error) {
        const OwnedContext context(*ctx);
        const OwnedTexts owned(*texts);
        if constexpr (HasOutput<P>) {
            static_assert(TakesOutput<P>, "moderate_output takes (const Context&, std::span<const Text>, bool)");
            return Plugin::call(ctx, to, error, [&](P& plugin, const Context& ctx) {
                const auto seen = view_texts(*texts);
                return plugin.moderate_output(ctx, Texts(seen), last);
            });
        }
        return unwritten(error);
    }

    static bool completed(Ctx* ctx, exports_tidegate_plugin_observe_outcome_t* outcome, plugin_string_t* error) {
        const OwnedContext context(*ctx);
        const Owned<exports_tidegate_plugin_observe_outcome_t, exports_tidegate_plugin_observe_outcome_free> owned(
            *outcome);
        if constexpr (HasCompleted<P>) {
            static_assert(TakesOutcome<P>, "completed takes (const Context&, const Outcome&)");
            return Plugin::call(ctx, static_cast<void*>(nullptr), error,
                                [&](P& plugin, const Context& ctx) { return plugin.completed(ctx, view(*outcome)); });
        }
        return unwritten(error);
    }

private:
    static std::vector<Text> view_texts(const exports_tidegate_plugin_moderation_list_text_t& texts) {
        return each<Text>(texts, [](const tidegate_plugin_types_text_t& text) { return view(text); });
    }
};

}  // namespace tidegate::detail
