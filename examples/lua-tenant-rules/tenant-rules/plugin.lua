--!strict
-- Gives each tenant its models, its longest answers and its requests a day.

type Rules = { models: { string }?, requests_per_day: number?, max_output_tokens: number? }

local M: Plugin = {}
local tenants: { [string]: Rules } = {}
local others: Rules? = nil

local DAY_MS = 24 * 60 * 60 * 1000

-- Where a request says how long its answer may be. The first is set where it says nothing.
local LENGTHS: { [string]: { string } } = {
	chat = { "/max_completion_tokens", "/max_tokens" },
	completion = { "/max_tokens" },
	messages = { "/max_tokens" },
	responses = { "/max_output_tokens" },
}

function M.configure(config)
	tenants, others = config.tenants, config.others
	return {
		request_body = { "/max_completion_tokens", "/max_tokens", "/max_output_tokens" },
		dialects = { "openai", "anthropic" },
	}
end

local function tenant_of(ctx: Context): string?
	return ctx.principal and ctx.principal.tenant
end

local function rules_of(ctx: Context): Rules?
	local tenant = tenant_of(ctx)
	return tenant and (tenants[tenant] or others)
end

-- `*` stands for any run of characters, everything else for itself.
local function matches(glob: string, name: string): boolean
	local escaped = string.gsub(glob, "[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0")
	local pattern = string.gsub(escaped, "%*", ".*")
	return string.find(name, `^{pattern}$`) ~= nil
end

local function may_use(rules: Rules, model: string?): boolean
	if rules.models == nil then
		return true
	end
	for _, glob in rules.models do
		if model and matches(glob, model) then
			return true
		end
	end
	return false
end

local function refused(tenant: string, status: number, code: string, message: string): Admission
	tidegate.metrics.count("refused", 1, { tenant = tenant, code = code })
	return tidegate.refuse(status, code, message)
end

function M.admit(ctx: Context, _estimate: Usage): Admission?
	local tenant, rules = tenant_of(ctx), rules_of(ctx)
	if tenant == nil then
		return tidegate.refuse(403, "tenant_required", "the key belongs to no tenant; ask for one that does")
	end
	if rules == nil then
		return refused("", 403, "tenant_not_known", "the tenant of the key may use nothing here")
	end
	if not may_use(rules, ctx.model) then
		return refused(tenant, 403, "model_not_allowed", `{tenant} may not use {ctx.model or "requests without a model"}`)
	end
	if rules.requests_per_day then
		-- The time to live counts from the first request: the key goes after a day, and the next request begins another.
		local used = tidegate.kv.increment(`requests/{tenant}`, 1, { ttl_ms = DAY_MS })
		if used > rules.requests_per_day then
			return refused(tenant, 429, "quota_exceeded", `{tenant} has used its {rules.requests_per_day} requests of these 24 hours`)
		end
	end
	return tidegate.admit()
end

function M.transform_request(ctx: Context, _headers: Headers, body: Body): Transform?
	local rules, lengths = rules_of(ctx), LENGTHS[ctx.operation]
	local most = rules and rules.max_output_tokens
	if most == nil or lengths == nil or body == nil then
		return tidegate.unchanged()
	end
	local set: { [string]: any } = {}
	local is_said = false
	for _, place in lengths do
		local asked = body[place]
		-- What is no number is the provider's to refuse.
		is_said = is_said or asked ~= nil and asked ~= tidegate.json.null
		if type(asked) == "number" and asked > most then
			set[place] = most
		end
	end
	if not is_said then
		set[lengths[1]] = most
	end
	return tidegate.changed({ set = set })
end

return M
