// What a call was given, as JSON, down to the last field.
#pragma once

#include "data.hpp"

namespace seen {

json context(const tidegate::Context& ctx);
json head(const tidegate::Head& head);
json usage(const tidegate::Usage& usage);
json message(const tidegate::Headers& headers, const tidegate::Body& body);
json event(const tidegate::Event& event);
json texts(std::span<const tidegate::Text> texts);
json outcome(const tidegate::Outcome& outcome);

}  // namespace seen
