// Which hooks an author's class has, and what they take.
#pragma once

#include <span>
#include <utility>

#include "../subscription.hpp"
#include "../types.hpp"

// A hook is found by its name, so that one with other parameters is an error and not passed over; and by a call, since
// overloads and templates have no address.
#define TIDEGATE_DETAIL_HOOK(hook, Has, Takes, ...)                                             \
    template <class P>                                                                          \
    concept Takes = requires(P& plugin, const Context& ctx) { plugin.hook(ctx, __VA_ARGS__); }; \
    template <class P>                                                                          \
    concept Has = Takes<P> || requires { &P::hook; };

namespace tidegate::detail {

template <class T>
const T& any();
using Texts = std::span<const Text>;

TIDEGATE_DETAIL_HOOK(authenticate, HasAuthenticate, TakesHead, any<Head>())
TIDEGATE_DETAIL_HOOK(admit, HasAdmit, TakesUsage, any<Usage>())
TIDEGATE_DETAIL_HOOK(settle, HasSettle, TakesTicket, any<std::string_view>(), any<Usage>())
TIDEGATE_DETAIL_HOOK(transform_request, HasRequest, TakesRequest, any<Headers>(), any<Body>())
TIDEGATE_DETAIL_HOOK(transform_upstream, HasUpstream, TakesUpstream, any<Headers>(), any<Body>())
TIDEGATE_DETAIL_HOOK(transform_response, HasResponse, TakesResponse, std::uint16_t(200), any<Headers>(), any<Body>())
TIDEGATE_DETAIL_HOOK(transform_event, HasEvent, TakesEvent, any<Event>())
TIDEGATE_DETAIL_HOOK(moderate_input, HasInput, TakesInput, any<Texts>())
TIDEGATE_DETAIL_HOOK(moderate_output, HasOutput, TakesOutput, any<Texts>(), true)
TIDEGATE_DETAIL_HOOK(completed, HasCompleted, TakesOutcome, any<Outcome>())

/// Whether there is anything that the gateway could call.
template <class P>
concept HasHooks = HasAuthenticate<P> || HasAdmit<P> || HasSettle<P> || HasRequest<P> || HasUpstream<P> ||
                   HasResponse<P> || HasEvent<P> || HasInput<P> || HasOutput<P> || HasCompleted<P>;

/// The hooks that are written, in the order of the contract.
template <class P>
std::vector<Hook> written() {
    std::vector<Hook> hooks;
    if constexpr (HasAuthenticate<P>) hooks.push_back(Hook::authenticate);
    if constexpr (HasAdmit<P>) hooks.push_back(Hook::admit);
    if constexpr (HasSettle<P>) hooks.push_back(Hook::settle);
    if constexpr (HasRequest<P>) hooks.push_back(Hook::transform_request);
    if constexpr (HasUpstream<P>) hooks.push_back(Hook::transform_upstream);
    if constexpr (HasResponse<P>) hooks.push_back(Hook::transform_response);
    if constexpr (HasEvent<P>) hooks.push_back(Hook::transform_event);
    if constexpr (HasInput<P>) hooks.push_back(Hook::moderate_input);
    if constexpr (HasOutput<P>) hooks.push_back(Hook::moderate_output);
    if constexpr (HasCompleted<P>) hooks.push_back(Hook::completed);
    return hooks;
}

}  // namespace tidegate::detail

#undef TIDEGATE_DETAIL_HOOK
