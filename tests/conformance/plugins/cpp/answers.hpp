// Verdicts made of JSON: `answer` of a hook's plan, in the form of `out` of a case.
#pragma once

#include "data.hpp"

namespace answers {

tidegate::Subscription subscription(tidegate::Subscription wants, const json& asked);
tidegate::Result<tidegate::Auth> auth(const json& plan, const std::string& told);
tidegate::Result<tidegate::Admission> admission(const json& plan, const std::string& told);
tidegate::Result<tidegate::Transform> transform(const json& plan, const std::string& told);
tidegate::Result<tidegate::Events> event(const json& plan, const tidegate::Event& event, const std::string& told);
tidegate::Moderation moderation(const json& plan, std::span<const tidegate::Text> texts, const std::string& told);

}  // namespace answers
