--!strict
-- Keeps the temperature of requests below a limit.

local M: Plugin = {}
local most = 0

function M.configure(config)
	most = config.max_temperature
	-- Of the body only this place is handed over: what is not asked for costs nothing.
	return { request_body = { "/temperature" }, dialects = { "openai", "anthropic" } }
end

function M.transform_request(_ctx: Context, _headers: Headers, body: Body): Transform?
	local asked = body and body["/temperature"]
	local is_too_high = type(asked) == "number" and asked > most
	return tidegate.changed({
		set = if is_too_high then { ["/temperature"] = most } else nil,
		headers = { add = { ["x-filtered-by"] = "{{name}}" } },
	})
end

return M
