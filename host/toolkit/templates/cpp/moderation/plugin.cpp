// Blocks words in prompts and masks them in answers.
#include <tidegate/json.hpp>
#include <tidegate/plugin.hpp>

#include <algorithm>

struct Words {
    std::vector<std::string> words;

    struct Place {
        std::size_t start = std::string_view::npos, end = 0;
        explicit operator bool() const { return start != std::string_view::npos; }
    };

    tidegate::Result<void> configure(const tidegate::json& config) {
        auto listed = tidegate::texts(config, "/words");
        if (!listed) return tidegate::fail("\"words\" is missing; list the words that are not allowed");
        words = *std::move(listed);
        // The longest first: of two words that begin alike, the longer one is meant.
        std::stable_sort(words.begin(), words.end(), [](const auto& one, const auto& other) { return one.size() > other.size(); });
        return {};
    }

    tidegate::Moderation moderate_input(const tidegate::Context&, std::span<const tidegate::Text> texts) const {
        for (const auto& text : texts)
            if (const auto found = find(text.content, 0)) {
                const std::string word{text.content.substr(found.start, found.end - found.start)};
                return tidegate::block("the word \"" + word + "\" is not allowed");
            }
        return tidegate::allow();
    }

    tidegate::Moderation moderate_output(const tidegate::Context&, std::span<const tidegate::Text> texts, bool) const {
        std::vector<tidegate::TextEdit> edits;
        std::vector<tidegate::Moderation::Hold> holds;
        for (const auto& text : texts) {
            std::size_t end = 0;
            while (const auto found = find(text.content, end)) {
                end = found.end;
                // What has left already is there for context only.
                if (found.start >= text.released) edits.push_back(text.edit(found.start, found.end, "***"));
            }
            if (!text.complete) holds.emplace_back(text.id, begun(text.content.substr(end)));
        }
        auto verdict = tidegate::redact(std::move(edits));
        for (const auto& [text, bytes] : holds) verdict.hold(text, bytes);
        return verdict;
    }

    // The first word at or behind a byte.
    Place find(std::string_view content, std::size_t at) const {
        Place first;
        for (const auto& word : words) {
            const auto start = content.find(word, at);
            if (start < first.start) first = {start, start + word.size()};
        }
        return first;
    }

    // How many bytes at the end may become a word with what comes next.
    std::uint32_t begun(std::string_view rest) const {
        for (std::size_t at = 0; at < rest.size(); ++at) {
            const auto end = rest.substr(at);
            for (const auto& word : words)
                if (word.size() > end.size() && word.starts_with(end)) return static_cast<std::uint32_t>(end.size());
        }
        return 0;
    }
};

TIDEGATE_PLUGIN(Words);
