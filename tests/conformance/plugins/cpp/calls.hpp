// Calls of the gateway's services, and what came of them.
#pragma once

#include "data.hpp"

/// The results of all calls of a plan, as JSON.
tidegate::Result<json> call_all(const json& calls);
