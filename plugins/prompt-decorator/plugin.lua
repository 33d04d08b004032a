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

-- What stands before the conversation, by operation: messages of chat, `system` of Anthropic's messages, `instructions` of responses.
local BEFORE = { messages = "/system", responses = "/instructions" }
local CONVERSATION = { chat = "/messages", messages = "/messages", responses = "/input" }

function M.configure(config)
	system = check("system", config.system)
	user = check("user", config.user)
	return {
		request_body = { "/messages", "/system", "/instructions", "/input" },
		dialects = { "openai", "anthropic" },
	}
end

-- Before a text of its own or a list of blocks; once where it stands there already.
local function put_before(edits, path, there, text)
	if type(there) == "string" then
		if there ~= text and string.sub(there, 1, #text + 2) ~= text .. "\n\n" then
			table.insert(edits, { op = "set", path = path, value = text .. "\n\n" .. there })
		end
	elseif type(there) == "table" then
		local first = there[1]
		if not (type(first) == "table" and first.text == text) then
			table.insert(edits, { op = "insert", path = path .. "/0", value = { type = "text", text = text } })
		end
	else
		table.insert(edits, { op = "set", path = path, value = text })
	end
end

local function put_behind(edits, path, there, text)
	local message = { role = "user", content = text }
	if type(there) == "string" then
		local list = tidegate.json.array({ { role = "user", content = there }, message })
		table.insert(edits, { op = "set", path = path, value = list })
	elseif type(there) == "table" and not is_same(there[#there], "user", text) then
		table.insert(edits, { op = "insert", path = path .. "/-", value = message })
	end
end

function M.transform_request(ctx, _headers, body)
	local path = CONVERSATION[ctx.operation]
	local conversation = path and body and body[path]
	local is_list = type(conversation) == "table"
	if not is_list and (ctx.operation ~= "responses" or type(conversation) ~= "string") then
		return tidegate.unchanged()
	end
	local edits = {}
	local first = system and fill(system, ctx)
	local before = BEFORE[ctx.operation]
	if first and before then
		put_before(edits, before, body[before], first)
	elseif first and not is_same(conversation[1], "system", first) then
		table.insert(edits, { op = "insert", path = "/messages/0", value = { role = "system", content = first } })
	end
	local last = user and fill(user, ctx)
	if last then
		put_behind(edits, path, conversation, last)
	end
	return tidegate.changed({ edits = edits })
end

return M
