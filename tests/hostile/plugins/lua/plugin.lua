-- A plugin that misbehaves on demand: what `do` of its configuration names, in every hook of a request whose id contains
-- "attack" (or of all with `always = true`); and what `configure` names while it is configured. All else it serves. `url` is
-- where "wait" waits. ../rust is the same plugin in Rust.

local M = {}
local config = {}

local attacks = {}

function attacks.loop()
	while true do
	end
end

function attacks.loop_calling()
	while true do
		tidegate.state.get("a")
	end
end

function attacks.loop_pcall()
	while true do
		pcall(function()
			while true do
			end
		end)
	end
end

function attacks.loop_coroutine()
	while true do
		pcall(coroutine.wrap(function()
			while true do
			end
		end))
	end
end

function attacks.loop_pattern()
	local text = string.rep("a", 30)
	while true do
		pcall(string.find, text, string.rep("a?", 30) .. text)
	end
end

function attacks.memory()
	local kept = {}
	while true do
		table.insert(kept, string.rep("x", 1024 * 1024) .. #kept)
	end
end

function attacks.memory_pcall()
	local kept = {}
	while true do
		pcall(attacks.memory)
		table.insert(kept, string.rep("x", 8 * 1024 * 1024) .. #kept)
	end
end

function attacks.memory_slowly()
	local kept = {}
	while true do
		table.insert(kept, string.rep("x", 4000) .. #kept)
	end
end

function attacks.recurse()
	local function deeper(depth)
		return deeper(depth + 1) + 1
	end
	deeper(1)
end

-- What a trap, a panic and a wrong address are in a language that has none of them.

function attacks.trap()
	local nothing
	return nothing.field
end

function attacks.panic()
	error({ "no text" })
end

function attacks.out_of_bounds()
	return buffer.readu32(buffer.create(8), 0xfffffff0)
end

function attacks.fail()
	error("on demand", 0)
end

function attacks.fail_loudly()
	error(string.rep("x", 900000), 0)
end

function attacks.fail_in_bytes()
	error("\xff\0on demand", 0)
end

function attacks.fail_in_lines()
	error("on\r\ndemand\n{\"level\":\"forged\"}", 0)
end

function attacks.fail_with_secret()
	error(tidegate.secrets.get("token"), 0)
end

function attacks.wait()
	if config.url then
		tidegate.http.send({ url = config.url, timeout_ms = 30000 })
	else
		tidegate.kv.get("never")
	end
end

function attacks.log_flood()
	for _ = 1, 1000000 do
		tidegate.log.info("flood", { n = 1 })
	end
end

function attacks.log_huge()
	tidegate.log.info(string.rep("x", 900000))
end

function attacks.log_fields()
	local fields = {}
	for number = 1, 10000 do
		fields["name" .. number] = "value"
	end
	tidegate.log.info("x", fields)
end

function attacks.state_flood()
	for number = 0, 100000 do
		tidegate.state.set(tostring(number), string.rep("\0", 1000))
	end
end

-- Verdicts that cannot be carried out, of `transform_request` alone.

local verdicts = {}

function verdicts.huge_output()
	return tidegate.reply({ status = 200, body = string.rep("x", 4 * 1024 * 1024) })
end

function verdicts.bad_headers()
	return tidegate.changed({ headers = { set = { ["x y\n"] = "a\r\nb: c" }, remove = { "\0" } } })
end

function verdicts.split_header()
	return tidegate.reply({ status = 200, headers = { ["x-a"] = "a\r\nset-cookie: b=c" }, body = "x" })
end

function verdicts.own_header()
	return tidegate.reply({ status = 200, headers = { ["content-length"] = "3" }, body = "longer" })
end

function verdicts.bad_bytes()
	return tidegate.changed({ headers = { set = { ["x-\xff"] = "a" } } })
end

function verdicts.bad_pointer()
	return tidegate.changed({ set = { ["no pointer"] = 1 } })
end

function verdicts.bad_status()
	return tidegate.reply({ status = 7, body = "x" })
end

function verdicts.large_status()
	return tidegate.reply({ status = 1000, body = "x" })
end

function verdicts.informational_status()
	return tidegate.reply({ status = 101, body = "x" })
end

function verdicts.many_edits()
	local edits = {}
	for number = 1, 20000 do
		table.insert(edits, { op = "set", path = "/" .. number, value = number })
	end
	return tidegate.changed({ edits = edits })
end

function verdicts.no_verdict()
	return coroutine.create(print)
end

-- What a sandbox without a hole keeps from it: each attempt returns what it got hold of.

local function global(name)
	return function()
		return getfenv and getfenv()[name] or _G[name]
	end
end

local escapes = {
	io = global("io"),
	os_execute = function()
		return os and os.execute
	end,
	require = global("require"),
	package = global("package"),
	loadstring = global("loadstring"),
	load = global("load"),
	dofile = global("dofile"),
	getfenv = global("getfenv"),
	setfenv = global("setfenv"),
	newproxy = global("newproxy"),
	collectgarbage = function()
		return collectgarbage and pcall(collectgarbage, "stop") or nil
	end,
	debug_upvalue = function()
		return debug and (debug.getupvalue or debug.getregistry or debug.sethook)
	end,
	bytecode = function()
		return string.dump
	end,
	edited_metatable = function()
		getmetatable("").__index = print
		return true
	end,
	edited_metatable_raw = function()
		rawset(getmetatable(""), "__index", print)
		return true
	end,
	edited_string = function()
		string.find = print
		return true
	end,
	edited_string_raw = function()
		rawset(string, "find", print)
		return true
	end,
	edited_service = function()
		tidegate.secrets.get = print
		return true
	end,
	edited_service_raw = function()
		rawset(tidegate, "secrets", {})
		return true
	end,
	own_metatable = function()
		setmetatable(string, { __index = print })
		return true
	end,
	secret_of_another = function()
		return tidegate.secrets.get("other")
	end,
	file_url = function()
		return tidegate.http.send({ url = "file:///etc/passwd" })
	end,
	host_without_grant = function()
		return tidegate.http.send({ url = "http://localhost:1/" })
	end,
	metadata = function()
		return tidegate.http.send({ url = "http://169.254.169.254/latest/meta-data/" })
	end,
}

function verdicts.escape()
	local found = tidegate.json.array()
	for name, attempt in escapes do
		local went, got = pcall(attempt)
		if went and got then
			table.insert(found, name)
		end
	end
	return tidegate.reply({ status = 200, body = tidegate.json.encode({ escaped = found }) })
end

local function wanted(ctx)
	return config.always or string.find(ctx.request_id, "attack", 1, true)
end

local function act(ctx)
	local attack = wanted(ctx) and attacks[config["do"]]
	if attack then
		attack()
	end
end

function M.configure(given)
	config = given
	if config.configure then
		attacks[config.configure]()
	end
	if config["do"] and not (attacks[config["do"]] or verdicts[config["do"]]) then
		error(`unknown attack "{config["do"]}"`, 0)
	end
end

function M.admit(ctx, estimate)
	act(ctx)
	return tidegate.admit("1")
end

function M.settle(ctx, ticket, actual)
	act(ctx)
end

function M.transform_request(ctx, headers, body)
	act(ctx)
	local verdict = wanted(ctx) and verdicts[config["do"]]
	if verdict then
		return verdict()
	end
end

function M.transform_event(ctx, event)
	act(ctx)
end

function M.moderate_input(ctx, texts)
	act(ctx)
end

function M.moderate_output(ctx, texts, last)
	act(ctx)
end

function M.completed(ctx, outcome)
	act(ctx)
end

return M
