--!strict
-- Knows callers by the API key that they send.

local M: Plugin = {}
local keys: { [string]: string } = {}

function M.configure(config)
	keys = config.keys
	return nil
end

function M.authenticate(_ctx: Context, head: Head): Auth?
	local key = head.headers["x-api-key"]
	if key == nil then
		return tidegate.pass()
	end
	local principal: string? = keys[key]
	if principal == nil then
		return tidegate.deny(401, "invalid_api_key", "the API key is not known")
	end
	return tidegate.grant(principal)
end

return M
