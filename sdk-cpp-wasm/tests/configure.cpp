// The example as the gateway configures and asks it.
#include <tidegate/detail/give.hpp>
#include <tidegate/detail/take.hpp>

#include "check.hpp"

using tidegate::detail::give_bytes;
using tidegate::detail::take;
using tidegate::detail::view;

static std::string refused(std::string_view text) {
    plugin_string_t config, error;
    exports_tidegate_plugin_lifecycle_subscription_t wants;
    give_bytes(text, config);
    CHECK(!exports_tidegate_plugin_lifecycle_configure(&config, &wants, &error));
    return take(error);
}

static void ask(const char* content, std::string_view reason) {
    tidegate_plugin_types_context_t ctx{};
    exports_tidegate_plugin_moderation_list_text_t texts{tidegate::detail::allocate<tidegate_plugin_types_text_t>(1),
                                                         1};
    plugin_string_dup(&texts.ptr[0].content, content);
    tidegate_plugin_types_judged_t judged;
    plugin_string_t error;
    CHECK(exports_tidegate_plugin_moderation_input(&ctx, &texts, &judged, &error));
    CHECK(judged.judgement.tag ==
          (reason.empty() ? TIDEGATE_PLUGIN_TYPES_JUDGEMENT_ALLOW : TIDEGATE_PLUGIN_TYPES_JUDGEMENT_BLOCK));
    CHECK(reason.empty() || view(judged.judgement.val.block) == reason);
    tidegate_plugin_types_judged_free(&judged);
}

static void texts_are_mended() {
    using tidegate::detail::is_text, tidegate::detail::mended;
    CHECK(mended("gr\xc3\xbcn \xf0\x9f\x8c\xb2") == "gr\xc3\xbcn \xf0\x9f\x8c\xb2");
    CHECK(mended(std::string_view("a\xc3", 2)) == "a\xef\xbf\xbd");
    CHECK(!is_text("\xed\xa0\x80") && !is_text("\xc0\xaf") && !is_text("\xf4\x90\x80\x80"));
}

int main() {
    texts_are_mended();
    CHECK(refused("no json") == "the configuration is no JSON");
    CHECK(refused("{}") == "\"words\" is missing; list the words to refuse");
    plugin_string_t config, error;
    exports_tidegate_plugin_lifecycle_subscription_t wants;
    give_bytes(R"({"words": ["rot"]})", config);
    CHECK(exports_tidegate_plugin_lifecycle_configure(&config, &wants, &error));
    CHECK(wants.hooks.len == 1 && view(wants.hooks.ptr[0]) == "moderate_input");
    exports_tidegate_plugin_lifecycle_subscription_free(&wants);
    ask("ein rotes Haus", "the word \"rot\" is not allowed");
    ask("ein blaues Haus", "");
    tidegate_plugin_types_context_t ctx{};
    exports_tidegate_plugin_observe_outcome_t outcome{};
    CHECK(!exports_tidegate_plugin_observe_completed(&ctx, &outcome, &error));
    CHECK(take(error) == "this plugin has no such hook");
}
