// Between the exported functions of the contract and the author's class.
#pragma once

#include <memory>

#include "../result.hpp"
#include "give.hpp"
#include "hooks.hpp"
#include "take.hpp"

namespace tidegate {

/// How `configure` gets its argument from the JSON text of the configuration. `<tidegate/json.hpp>` has it for trees.
template <class T>
struct FromConfig;

template <class T>
    requires std::constructible_from<T, std::string_view> &&
             (std::same_as<T, std::string_view> || std::same_as<T, std::string>)
struct FromConfig<T> {
    static Result<T> read(std::string_view text) { return T(text); }
};

namespace detail {

template <class Function>
struct Argument;
template <class P, class R, class A>
struct Argument<R (P::*)(A)> {
    using Type = std::remove_cvref_t<A>;
};
template <class P, class R, class A>
struct Argument<R (P::*)(A) const> : Argument<R (P::*)(A)> {};
template <class P, class R, class A>
struct Argument<R (P::*)(A) noexcept> : Argument<R (P::*)(A)> {};

/// What a hook gives is the value itself, a result, or nothing at all.
template <class T>
struct Answered {
    using Type = Result<T>;
};
template <>
struct Answered<void> {
    using Type = Result<void>;
};
template <class T>
struct Answered<Result<T>> {
    using Type = Result<T>;
};

template <class Call>
auto answered(Call call) -> typename Answered<decltype(call())>::Type {
    if constexpr (std::is_void_v<decltype(call())>) {
        call();
        return {};
    } else {
        return call();
    }
}

/// Writes what came of a call where the bindings look for it; whether there is a verdict.
template <class T, class To>
bool tell(const Result<T>& result, To* to, plugin_string_t* error) {
    if (!result) {
        give_bytes(result.error().text(), *error);
        return false;
    }
    if constexpr (!std::is_void_v<T>) give(*result, *to);
    return true;
}

using Ctx = tidegate_plugin_types_context_t;

/// One plugin, configured once. A component has one thread, and its instance ends with it.
template <class P>
class Component {
public:
    static bool configure(plugin_string_t* config, exports_tidegate_plugin_lifecycle_subscription_t* to,
                          plugin_string_t* error) {
        const Owned<plugin_string_t, plugin_string_free> owned(*config);
        return tell(configured(view(*config)), to, error);
    }

    /// Calls a hook with the context and what else it is told; that it is written is known.
    template <class Call, class To>
    static bool call(Ctx* ctx, To* to, plugin_string_t* error, Call call) {
        if (plugin == nullptr) return tell(Result<void>(fail("a hook was called before \"configure\"")), to, error);
        const Context context = view(*ctx);
        return tell(answered([&] { return call(*plugin, context); }), to, error);
    }

    /// One verdict an event; the first that fails fails the call.
    template <class Call>
    static bool events(Ctx* ctx, const exports_tidegate_plugin_transform_list_event_t& events,
                       exports_tidegate_plugin_transform_list_event_verdict_t* to, plugin_string_t* error, Call one) {
        std::vector<Events> verdicts;
        const auto all = [&](P& plugin, const Context& context) -> Result<void> {
            for (std::size_t at = 0; at < events.len; ++at) {
                const Event event = view(events.ptr[at]);
                Result<Events> verdict = answered([&] { return one(plugin, context, event); });
                if (!verdict) return verdict.error();
                verdicts.push_back(*std::move(verdict));
            }
            return {};
        };
        if (!call(ctx, to, error, all)) return false;
        give_each(verdicts, *to, [](const Events& verdict, auto& to) { give(verdict, to); });
        return true;
    }

private:
    static Result<Subscription> configured(std::string_view text) {
        if (plugin != nullptr) return fail("an instance is configured only once");
        auto made = std::make_unique<P>();
        if constexpr (requires { &P::configure; }) {
            using Config = typename Argument<decltype(&P::configure)>::Type;
            Result<Config> config = FromConfig<Config>::read(text);
            if (!config) return config.error();
            if (Result<void> done = answered([&] { return made->configure(*config); }); !done) return done.error();
        }
        Subscription wants(written<P>());
        if constexpr (requires { &P::subscribe; }) wants = made->subscribe(std::move(wants));
        plugin = made.release();
        return wants;
    }

    static inline P* plugin = nullptr;
};

}  // namespace detail

}  // namespace tidegate
