// What the author of a Tidegate plugin in C++ uses: a class with the hooks that it has, constructors of verdicts,
// services.
//
//     struct Guard {
//         tidegate::Moderation moderate_input(const tidegate::Context&, std::span<const tidegate::Text> texts) {
//             for (const auto& text : texts)
//                 if (text.content.find("rot") != text.content.npos) return tidegate::block("no rot here");
//             return tidegate::allow();
//         }
//     };
//
//     TIDEGATE_PLUGIN(Guard)
//
// The hooks that stand in the class are those that the gateway calls. Each gives its verdict or a `Result` of it.
#pragma once

#include "admission.hpp"
#include "auth.hpp"
#include "detail/exports.hpp"
#include "http.hpp"
#include "kv.hpp"
#include "moderation.hpp"
#include "result.hpp"
#include "services.hpp"
#include "subscription.hpp"
#include "transform.hpp"
#include "types.hpp"
#include "value.hpp"

/// Makes a class the plugin of this component. Once, in one source file, outside of all namespaces.
///
/// The class is made by its default constructor and configured once; there may be several instances, each serving one
/// call at a time: what has to outlive a call is kept with `state` or `kv`. Its members, where it has them:
///
/// - `configure(std::string_view)`, or of a `const tidegate::json&`: gives nothing or a `Result<void>`
/// - `Subscription subscribe(Subscription wants)`: narrows what is asked for
/// - the hooks, by their names
#define TIDEGATE_PLUGIN(Class)                                                                                       \
    static_assert(::tidegate::detail::HasHooks<Class>, "the class has none of the hooks; are they public?");         \
    extern "C" {                                                                                                     \
    bool exports_tidegate_plugin_lifecycle_configure(plugin_string_t* config,                                        \
                                                     exports_tidegate_plugin_lifecycle_subscription_t* to,           \
                                                     plugin_string_t* error) {                                       \
        return ::tidegate::detail::Component<Class>::configure(config, to, error);                                   \
    }                                                                                                                \
    bool exports_tidegate_plugin_auth_authenticate(tidegate_plugin_types_context_t* ctx,                             \
                                                   exports_tidegate_plugin_auth_head_t* head,                        \
                                                   exports_tidegate_plugin_auth_verdict_t* to,                       \
                                                   plugin_string_t* error) {                                         \
        return ::tidegate::detail::Exports<Class>::authenticate(ctx, head, to, error);                               \
    }                                                                                                                \
    bool exports_tidegate_plugin_admission_admit(tidegate_plugin_types_context_t* ctx,                               \
                                                 tidegate_plugin_types_usage_t* estimate,                            \
                                                 exports_tidegate_plugin_admission_verdict_t* to,                    \
                                                 plugin_string_t* error) {                                           \
        return ::tidegate::detail::Exports<Class>::admit(ctx, estimate, to, error);                                  \
    }                                                                                                                \
    bool exports_tidegate_plugin_admission_settle(tidegate_plugin_types_context_t* ctx, plugin_string_t* ticket,     \
                                                  tidegate_plugin_types_usage_t* actual, plugin_string_t* error) {   \
        return ::tidegate::detail::Exports<Class>::settle(ctx, ticket, actual, error);                               \
    }                                                                                                                \
    bool exports_tidegate_plugin_transform_request(tidegate_plugin_types_context_t* ctx,                             \
                                                   exports_tidegate_plugin_transform_list_header_t* headers,         \
                                                   tidegate_plugin_types_payload_t* body,                            \
                                                   exports_tidegate_plugin_transform_verdict_t* to,                  \
                                                   plugin_string_t* error) {                                         \
        return ::tidegate::detail::Exports<Class>::request(ctx, headers, body, to, error);                           \
    }                                                                                                                \
    bool exports_tidegate_plugin_transform_upstream(tidegate_plugin_types_context_t* ctx,                            \
                                                    exports_tidegate_plugin_transform_list_header_t* headers,        \
                                                    tidegate_plugin_types_payload_t* body,                           \
                                                    exports_tidegate_plugin_transform_verdict_t* to,                 \
                                                    plugin_string_t* error) {                                        \
        return ::tidegate::detail::Exports<Class>::upstream(ctx, headers, body, to, error);                          \
    }                                                                                                                \
    bool exports_tidegate_plugin_transform_response(tidegate_plugin_types_context_t* ctx, uint16_t status,           \
                                                    exports_tidegate_plugin_transform_list_header_t* headers,        \
                                                    tidegate_plugin_types_payload_t* body,                           \
                                                    exports_tidegate_plugin_transform_verdict_t* to,                 \
                                                    plugin_string_t* error) {                                        \
        return ::tidegate::detail::Exports<Class>::response(ctx, status, headers, body, to, error);                  \
    }                                                                                                                \
    bool exports_tidegate_plugin_transform_events(tidegate_plugin_types_context_t* ctx,                              \
                                                  exports_tidegate_plugin_transform_list_event_t* events,            \
                                                  exports_tidegate_plugin_transform_list_event_verdict_t* to,        \
                                                  plugin_string_t* error) {                                          \
        return ::tidegate::detail::Exports<Class>::events(ctx, events, to, error);                                   \
    }                                                                                                                \
    bool exports_tidegate_plugin_moderation_input(tidegate_plugin_types_context_t* ctx,                              \
                                                  exports_tidegate_plugin_moderation_list_text_t* texts,             \
                                                  tidegate_plugin_types_judged_t* to, plugin_string_t* error) {      \
        return ::tidegate::detail::Exports<Class>::input(ctx, texts, to, error);                                     \
    }                                                                                                                \
    bool exports_tidegate_plugin_moderation_output(tidegate_plugin_types_context_t* ctx,                             \
                                                   exports_tidegate_plugin_moderation_list_text_t* texts, bool last, \
                                                   tidegate_plugin_types_judged_t* to, plugin_string_t* error) {     \
        return ::tidegate::detail::Exports<Class>::output(ctx, texts, last, to, error);                              \
    }                                                                                                                \
    bool exports_tidegate_plugin_observe_completed(tidegate_plugin_types_context_t* ctx,                             \
                                                   exports_tidegate_plugin_observe_outcome_t* outcome,               \
                                                   plugin_string_t* error) {                                         \
        return ::tidegate::detail::Exports<Class>::completed(ctx, outcome, error);                                   \
    }                                                                                                                \
    }                                                                                                                \
    static_assert(true)
