// From the types of the toolkit to the C bindings. Everything is allocated anew: what a hook answers is freed by the
// bindings when the gateway has read it.
#pragma once

#include <cstdlib>
#include <cstring>

#include "../../../c/plugin.h"
#include "../admission.hpp"
#include "../auth.hpp"
#include "../moderation.hpp"
#include "../subscription.hpp"
#include "../transform.hpp"

namespace tidegate::detail {

template <class T>
T* allocate(std::size_t count) {
    auto* memory = static_cast<T*>(std::calloc(count, sizeof(T)));
    if (memory == nullptr) std::abort();
    return memory;
}

/// How many bytes the character at the beginning of a text has, and 0 where none begins there (RFC 3629).
inline std::size_t character(std::string_view text) {
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
    const auto follows = [&](std::size_t at) { return (byte(at) & 0xc0u) == 0x80u; };
    const auto first = byte(0), second = byte(1);
    if (first < 0x80u) return 1;
    if (first >= 0xc2u && first <= 0xdfu) return follows(1) ? 2 : 0;
    if (first >= 0xe0u && first <= 0xefu) {
        const bool is_overlong = first == 0xe0u && second < 0xa0u, is_surrogate = first == 0xedu && second > 0x9fu;
        return follows(1) && follows(2) && !is_overlong && !is_surrogate ? 3 : 0;
    }
    if (first >= 0xf0u && first <= 0xf4u) {
        const bool is_overlong = first == 0xf0u && second < 0x90u, is_beyond = first == 0xf4u && second > 0x8fu;
        return follows(1) && follows(2) && follows(3) && !is_overlong && !is_beyond ? 4 : 0;
    }
    return 0;
}

/// A text with U+FFFD for every byte that is part of no character: the gateway takes no other, and would end the instance.
inline std::string mended(std::string_view text) {
    std::string made;
    while (!text.empty()) {
        const auto size = character(text);
        made += size == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, size);
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return made;
}

inline bool is_text(std::string_view text) {
    while (!text.empty()) {
        const auto size = character(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

/// Text and bytes alike; a text that is cut inside of a character is mended.
template <class To>
void give_bytes(std::string_view from, To& to) {
    to = {};
    if (from.empty()) return;
    if constexpr (std::is_same_v<To, plugin_string_t>)
        if (!is_text(from)) return give_bytes(std::string_view(mended(from)), to);
    to.ptr = allocate<uint8_t>(from.size());
    to.len = from.size();
    std::memcpy(to.ptr, from.data(), from.size());
}

template <class To, class Range, class Each>
void give_each(const Range& from, To& to, Each make) {
    to = {};
    if (from.empty()) return;
    to.ptr = allocate<std::remove_pointer_t<decltype(to.ptr)>>(from.size());
    for (const auto& one : from) make(one, to.ptr[to.len++]);
}

template <class To>
void give_some(const std::optional<std::string>& from, To& to) {
    to = {};
    to.is_some = from.has_value();
    if (from) give_bytes(*from, to.val);
}

template <class To>
void give_names(const std::vector<std::string>& from, To& to) {
    give_each(from, to, [](const std::string& name, plugin_string_t& to) { give_bytes(name, to); });
}

inline void give(const Field& from, tidegate_plugin_types_header_t& to) {
    give_bytes(from.name, to.name);
    give_bytes(from.value, to.value);
}

template <class To>
void give_fields(const std::vector<Field>& from, To& to) {
    give_each(from, to, [](const Field& field, tidegate_plugin_types_header_t& to) { give(field, to); });
}

inline void give(const HeaderEdit& from, tidegate_plugin_types_header_edit_t& to) {
    switch (from.kind) {
        case HeaderEdit::Kind::set: to.tag = TIDEGATE_PLUGIN_TYPES_HEADER_EDIT_SET; return give(from.field, to.val.set);
        case HeaderEdit::Kind::add: to.tag = TIDEGATE_PLUGIN_TYPES_HEADER_EDIT_ADD; return give(from.field, to.val.add);
        case HeaderEdit::Kind::remove:
            to.tag = TIDEGATE_PLUGIN_TYPES_HEADER_EDIT_REMOVE;
            return give_bytes(from.field.name, to.val.remove);
    }
}

template <class To>
void give_header_edits(const std::vector<HeaderEdit>& from, To& to) {
    give_each(from, to, [](const HeaderEdit& edit, tidegate_plugin_types_header_edit_t& to) { give(edit, to); });
}

inline void give(const Refusal& from, tidegate_plugin_types_refusal_t& to) {
    to.status = from.status;
    give_bytes(from.code, to.code);
    give_bytes(from.message, to.message);
    give_fields(from.headers, to.headers);
}

inline void give(const Auth& from, exports_tidegate_plugin_auth_verdict_t& to) {
    to = {};
    if (const auto* grant = std::get_if<Auth::Grant>(&from.form())) {
        to.tag = EXPORTS_TIDEGATE_PLUGIN_AUTH_VERDICT_ALLOW;
        auto& principal = to.val.allow.principal;
        give_bytes(grant->id, principal.id);
        give_some(grant->tenant, principal.tenant);
        give_each(grant->attributes, principal.attributes, [](const Field& from, plugin_tuple2_string_string_t& to) {
            give_bytes(from.name, to.f0);
            give_bytes(from.value, to.f1);
        });
        give_header_edits(grant->headers, to.val.allow.headers);
    } else if (const auto* refusal = std::get_if<Refusal>(&from.form())) {
        to.tag = EXPORTS_TIDEGATE_PLUGIN_AUTH_VERDICT_DENY;
        give(*refusal, to.val.deny);
    }
}

inline void give(const Admission& from, exports_tidegate_plugin_admission_verdict_t& to) {
    to = {};
    if (const auto* refusal = std::get_if<Refusal>(&from.form())) {
        to.tag = EXPORTS_TIDEGATE_PLUGIN_ADMISSION_VERDICT_REFUSED;
        give(*refusal, to.val.refused);
    } else if (const auto* ticket = std::get_if<0>(&from.form())) {
        give_some(*ticket, to.val.admitted);
    }
}

inline void give(const JsonEdit& from, tidegate_plugin_types_json_edit_t& to) {
    if (from.kind == JsonEdit::Kind::remove) {
        to.tag = TIDEGATE_PLUGIN_TYPES_JSON_EDIT_REMOVE;
        return give_bytes(from.pointer, to.val.remove);
    }
    const bool set = from.kind == JsonEdit::Kind::set;
    to.tag = set ? TIDEGATE_PLUGIN_TYPES_JSON_EDIT_SET : TIDEGATE_PLUGIN_TYPES_JSON_EDIT_INSERT;
    auto& place = set ? to.val.set : to.val.insert;
    give_bytes(from.pointer, place.pointer);
    give_bytes(from.json, place.value);
}

inline void give(const Transform::Change& from, exports_tidegate_plugin_transform_change_t& to) {
    give_header_edits(from.headers, to.headers);
    give_some(from.cluster, to.cluster);
    to.reroute = from.reroute;
    to.body.is_some = from.body || !from.edits.empty();
    if (from.body) {
        to.body.val.tag = EXPORTS_TIDEGATE_PLUGIN_TRANSFORM_BODY_CHANGE_REPLACE;
        give_bytes(*from.body, to.body.val.val.replace);
    } else if (to.body.is_some) {
        give_each(from.edits, to.body.val.val.edits,
                  [](const JsonEdit& edit, tidegate_plugin_types_json_edit_t& to) { give(edit, to); });
    }
}

inline void give(const Transform& from, exports_tidegate_plugin_transform_verdict_t& to) {
    to = {};
    if (const auto* change = std::get_if<Transform::Change>(&from.form())) {
        to.tag = EXPORTS_TIDEGATE_PLUGIN_TRANSFORM_VERDICT_CHANGED;
        give(*change, to.val.changed);
    } else if (const auto* reply = std::get_if<Transform::Reply>(&from.form())) {
        to.tag = EXPORTS_TIDEGATE_PLUGIN_TRANSFORM_VERDICT_REPLY;
        to.val.reply.status = reply->status;
        give_fields(reply->headers, to.val.reply.headers);
        give_bytes(reply->body, to.val.reply.body);
    }
}

inline void give(const Events& from, exports_tidegate_plugin_transform_event_verdict_t& to) {
    to = {};
    if (const auto* events = std::get_if<std::vector<Event>>(&from.form())) {
        to.tag = EXPORTS_TIDEGATE_PLUGIN_TRANSFORM_EVENT_VERDICT_REPLACE;
        give_each(*events, to.val.replace, [](const Event& event, exports_tidegate_plugin_transform_event_t& to) {
            give_some(event.name, to.name);
            give_bytes(event.data, to.data);
        });
    } else if (std::holds_alternative<Events::Drop>(from.form())) {
        to.tag = EXPORTS_TIDEGATE_PLUGIN_TRANSFORM_EVENT_VERDICT_DROP;
    }
}

inline void give(const Finding& from, tidegate_plugin_types_finding_t& to) {
    give_bytes(from.category, to.category);
    to.score = {from.score.has_value(), from.score.value_or(0)};
    to.text = {from.text.has_value(), from.text.value_or(0)};
    give_bytes(from.detail, to.detail);
}

inline void give(const Moderation& from, tidegate_plugin_types_judged_t& to) {
    to = {};
    if (const auto* edits = std::get_if<std::vector<TextEdit>>(&from.form())) {
        to.judgement.tag = TIDEGATE_PLUGIN_TYPES_JUDGEMENT_EDIT;
        give_each(*edits, to.judgement.val.edit, [](const TextEdit& edit, tidegate_plugin_types_text_edit_t& to) {
            to.id = edit.id;
            to.start = edit.start;
            to.end = edit.end;
            give_bytes(edit.replacement, to.replacement);
        });
    } else if (const auto* reason = std::get_if<std::string>(&from.form())) {
        to.judgement.tag = TIDEGATE_PLUGIN_TYPES_JUDGEMENT_BLOCK;
        give_bytes(*reason, to.judgement.val.block);
    }
    give_each(from.findings(), to.findings,
              [](const Finding& finding, tidegate_plugin_types_finding_t& to) { give(finding, to); });
    give_each(from.holds(), to.hold,
              [](const Moderation::Hold& hold, plugin_tuple2_u32_u32_t& to) { to = {hold.first, hold.second}; });
}

inline void give(const Subscription::Need& from, tidegate_plugin_types_need_t& to) {
    to.tag = static_cast<uint8_t>(from.kind);
    if (from.kind == Subscription::Need::Kind::fields) give_names(from.names, to.val.fields);
}
static_assert(TIDEGATE_PLUGIN_TYPES_NEED_FIELDS == static_cast<int>(Subscription::Need::Kind::fields) &&
              TIDEGATE_PLUGIN_TYPES_NEED_WHOLE == static_cast<int>(Subscription::Need::Kind::whole));

inline void give(const Subscription& from, exports_tidegate_plugin_lifecycle_subscription_t& to) {
    to = {};
    give_each(from.hooks(), to.hooks, [](Hook hook, plugin_string_t& to) { give_bytes(name(hook), to); });
    give(from.headers_need(), to.headers);
    give(from.request_need(), to.request_body);
    give(from.response_need(), to.response_body);
    to.body_digest = from.wants_body_digest();
    if (const auto& windows = from.asked_windows()) {
        to.windows = {true,
                      {{}, windows->min, windows->max, windows->overlap, windows->max_match, windows->max_hold_ms}};
        give_bytes(windows->mode, to.windows.val.mode);
    }
    give_names(from.asked_dialects(), to.dialects);
}

}  // namespace tidegate::detail
