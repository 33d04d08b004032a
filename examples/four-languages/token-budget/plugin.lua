--!strict
-- Gives each team a budget of tokens.

local M: Plugin = {}
local tokens, ttl_ms = 0, 0

function M.configure(config)
	tokens = config.tokens
	ttl_ms = (config.seconds or 86400) * 1000
	return nil
end

-- What is used counts for the tenant, and for the principal where it has none.
local function account(ctx: Context): string
	local principal = ctx.principal
	if principal == nil then
		error("nobody is known to whom the tokens could be charged; put this filter behind one that authenticates", 0)
	end
	return if principal.tenant then "tenant/" .. principal.tenant else "principal/" .. principal.id
end

function M.admit(ctx: Context, _estimate: Usage): Admission?
	local key = account(ctx)
	local used = tonumber((tidegate.kv.get(key))) or 0
	if used >= tokens then
		return tidegate.refuse(429, "token_budget_spent", "the budget of tokens is spent; it is renewed later")
	end
	return tidegate.admit(key)
end

function M.settle(_ctx: Context, ticket: string, actual: Usage)
	local used = actual.input + actual.output
	if used > 0 then
		tidegate.kv.increment(ticket, used, { ttl_ms = ttl_ms })
	end
end

return M
