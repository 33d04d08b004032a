-- Puts a system text before and a user text after the conversation of every chat request.

local M = {}
local system, user

-- What a template may name. What is not known of a request is an empty text.
local VARIABLES = {
	principal = function(ctx)
		return ctx.principal and ctx.principal.id
	end,
	tenant = function(ctx)
		return ctx.principal and ctx.principal.tenant
	end,
	model = function(ctx)
		return ctx.model
	end,
	route = function(ctx)
		return ctx.route
	end,
	request_id = function(ctx)
		return ctx.request_id
	end,
}

-- `{name}`, and `{{name}}`, which stands for the text `{name}`.
local PLACE = "{?{[%l_]+}}?"

local function name_of(place)
	if string.sub(place, 1, 2) == "{{" and string.sub(place, -2) == "}}" then
		return nil
	end
	return string.match(place, "[%l_]+")
end

local function check(key, template)
	if template == nil then
		return nil
	end
	for place in string.gmatch(template, PLACE) do
		local name = name_of(place)
		if name and not VARIABLES[name] then
			local known = {}
			for variable in VARIABLES do
				table.insert(known, `\{{variable}}`)
			end
			table.sort(known)
			error(`"{key}" names the unknown variable \{{name}}; there are {table.concat(known, ", ")}`, 0)
		end
	end
	return template
end

local function fill(template, ctx)
	return (string.gsub(template, PLACE, function(place)
		local name = name_of(place)
		if not name then
			return string.sub(place, 2, -2)
		end
		-- One brace on one side only is not part of the variable.
		local open = if string.sub(place, 1, 2) == "{{" then "{" else ""
		local close = if string.sub(place, -2) == "}}" then "}" else ""
		return open .. (VARIABLES[name](ctx) or "") .. close
	end))
end

-- Whether a message is the one that would be added: a conversation that comes again is not decorated twice.
local function is_same(message, role, text)
	return type(message) == "table" and message.role == role and message.content == text
end

function M.configure(config)
	system = check("system", config.system)
	user = check("user", config.user)
	return { request_body = { "/messages" } }
end

function M.transform_request(ctx, _headers, body)
	local messages = body and body["/messages"]
	if ctx.operation ~= "chat" or type(messages) ~= "table" then
		return tidegate.unchanged()
	end
	local edits = {}
	local first = system and fill(system, ctx)
	if first and not is_same(messages[1], "system", first) then
		table.insert(edits, { op = "insert", path = "/messages/0", value = { role = "system", content = first } })
	end
	local last = user and fill(user, ctx)
	if last and not is_same(messages[#messages], "user", last) then
		table.insert(edits, { op = "insert", path = "/messages/-", value = { role = "user", content = last } })
	end
	return tidegate.changed({ edits = edits })
end

return M
