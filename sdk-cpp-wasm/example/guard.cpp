// Refuses requests whose texts have one of the words of the configuration.
#include <tidegate/json.hpp>
#include <tidegate/plugin.hpp>

struct Guard {
    std::vector<std::string> words;

    tidegate::Result<void> configure(const tidegate::json& config) {
        auto listed = tidegate::texts(config, "/words");
        if (!listed) return tidegate::fail("\"words\" is missing; list the words to refuse");
        words = *std::move(listed);
        return {};
    }

    tidegate::Moderation moderate_input(const tidegate::Context&, std::span<const tidegate::Text> texts) const {
        for (const auto& text : texts)
            for (const auto& word : words)
                if (text.content.find(word) != std::string_view::npos)
                    return tidegate::block("the word \"" + word + "\" is not allowed");
        return tidegate::allow();
    }
};

TIDEGATE_PLUGIN(Guard);
