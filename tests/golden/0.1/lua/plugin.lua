-- The conformance plugin: it does what its configuration says, and tells what it was given.
-- tests/conformance/README.md describes the configuration; ../rust is the same plugin in Rust.

local M = {}
local config

local HOOKS = {
	"authenticate", "admit", "settle", "transform_request", "transform_upstream", "transform_response",
	"transform_event", "moderate_input", "moderate_output", "completed",
}
local json = tidegate.json
local null = json.null

-- null of JSON as nil.
local function given(value)
	if value == null then
		return nil
	end
	return value
end

-- nil as null of JSON.
local function shown(value)
	if value == nil then
		return null
	end
	return value
end

-- The name and value of `"name"` and of `{name = value}`.
local function verdict(value)
	if type(value) ~= "table" then
		return given(value), nil
	end
	local name, inside = next(value)
	return name, given(inside)
end

-- Bytes as JSON: text where they are text, {hex = ...} where they are not.

local function hex(bytes)
	return (string.gsub(bytes, ".", function(byte)
		return string.format("%02x", string.byte(byte))
	end))
end

local function data(bytes)
	return if utf8.len(bytes) then bytes else { hex = hex(bytes) }
end

local function bytes(value)
	if type(value) == "string" then
		return value
	end
	if type(value) ~= "table" then
		return ""
	end
	if value["repeat"] then
		return string.rep(value["repeat"], value.times)
	end
	return (string.gsub(value.hex, "..", function(digits)
		return string.char(tonumber(digits, 16))
	end))
end

-- {name = value or list of values} with bytes for values.
local function fields(value)
	local made = {}
	for name, one in given(value) or {} do
		if type(one) == "table" and #one > 0 then
			local list = {}
			for _, element in one do
				table.insert(list, bytes(element))
			end
			made[name] = list
		else
			made[name] = bytes(one)
		end
	end
	return made
end

-- What a call was given, as JSON, down to the last field.

local seen = {}

function seen.ctx(ctx)
	local principal = ctx.principal
	return {
		request_id = ctx.request_id,
		route = ctx.route,
		dialect = ctx.dialect,
		operation = ctx.operation,
		model = shown(ctx.model),
		principal = if principal
			then { id = principal.id, tenant = shown(principal.tenant), attributes = principal.attributes }
			else null,
		streaming = ctx.streaming,
		attempt = ctx.attempt,
		in_time = ctx.deadline_ms > 0,
	}
end

function seen.headers(headers)
	local list = json.array()
	for name, value in headers do
		table.insert(list, json.array({ name, data(value) }))
	end
	return list
end

function seen.head(head)
	local client = head.client
	return {
		method = head.method,
		scheme = head.scheme,
		authority = head.authority,
		path = head.path,
		query = head.query,
		headers = seen.headers(head.headers),
		client = {
			address = client.address,
			certificate_sha256 = if client.certificate_sha256 then hex(client.certificate_sha256) else null,
			names = json.array(client.names),
		},
		body_sha256 = if head.body_sha256 then hex(head.body_sha256) else null,
	}
end

function seen.usage(usage)
	return {
		input = usage.input,
		output = usage.output,
		cached_input = usage.cached_input,
		cache_write = usage.cache_write,
		reasoning = usage.reasoning,
		cost_micro_usd = shown(usage.cost_micro_usd),
		estimated = usage.estimated,
	}
end

local function opaque(body)
	return type(body) == "table" and body.media_type
end

-- `pointers` is what was subscribed to.
function seen.body(body, pointers)
	if body == nil then
		return "absent"
	end
	if opaque(body) then
		return { opaque = body.media_type }
	end
	if type(pointers) == "table" then
		return { fields = body }
	end
	return { whole = body }
end

function seen.message(headers, body, pointers)
	return { headers = seen.headers(headers), body = seen.body(body, pointers) }
end

function seen.texts(texts)
	local list = json.array()
	for _, text in texts do
		table.insert(list, {
			id = text.id,
			role = text.role,
			kind = text.kind,
			content = text.content,
			start = text.start,
			released = text.released,
			complete = text.complete,
			new_turn = text.new_turn,
			bytes = #text.content,
		})
	end
	return list
end

function seen.outcome(outcome)
	local findings = json.array()
	for _, finding in outcome.findings do
		table.insert(findings, {
			category = finding.category,
			score = shown(finding.score),
			text = shown(finding.text),
			detail = finding.detail,
		})
	end
	return {
		status = outcome.status,
		error = shown(outcome.error),
		cluster = shown(outcome.cluster),
		attempts = outcome.attempts,
		duration_ms = outcome.duration_ms,
		first_token_ms = shown(outcome.first_token_ms),
		usage = seen.usage(outcome.usage),
		findings = findings,
		cancelled = outcome.cancelled,
	}
end

-- Calls of the gateway's services, and what came of them.

local calls = {}

function calls.attribute(name)
	return tidegate.info(name)
end

function calls.note(key)
	local note = tidegate.state.get(key)
	return note and data(note)
end

function calls.set_note(pair)
	local ok = pcall(tidegate.state.set, pair[1], bytes(pair[2]))
	return if ok then nil else { error = "full" }
end

function calls.secret(name)
	local ok, secret = pcall(tidegate.secrets.get, name)
	return if ok then secret else { error = "denied" }
end

function calls.model(pair)
	local ok, answer = pcall(tidegate.models.ask, pair[1], pair[2])
	if ok then
		return answer
	end
	if string.find(answer, "no answer in time", 1, true) then
		return { error = "timeout" }
	elseif string.find(answer, "larger than", 1, true) then
		return { error = "too_large" }
	elseif string.find(answer, "denied: ", 1, true) then
		return { error = "denied" }
	end
	local _, at = string.find(answer, "failed: ", 1, true)
	return { error = "failed: " .. string.sub(answer, at + 1) }
end

local function store_error(text)
	if string.find(text, "not granted", 1, true) then
		return { error = "denied" }
	end
	local _, at = string.find(text, "the store gives no answer: ", 1, true)
	if at then
		return { error = "unavailable: " .. string.sub(text, at + 1) }
	end
	return { error = "too_large" }
end

local function stored(name, ...)
	local ok, value, version = pcall(tidegate.kv[name], ...)
	if not ok then
		return store_error(value)
	end
	if version then
		return { value = data(value), version = version }
	end
	return value
end

function calls.get(key)
	return stored("get", key)
end

function calls.set(call)
	local options = { ttl_ms = given(call.ttl_ms), if_version = given(call.if_version) }
	return stored("set", call.key, bytes(call.value), options)
end

function calls.delete(key)
	return stored("delete", key)
end

function calls.increment(call)
	return stored("increment", call.key, given(call.by), { ttl_ms = given(call.ttl_ms) })
end

local function answer(reply, failed)
	failed = failed or reply.error
	if failed == "no answer in time" then
		return { error = "timeout" }
	elseif failed and string.sub(failed, 1, 7) == "denied:" then
		return { error = "denied" }
	elseif failed and string.sub(failed, 1, 7) == "failed:" then
		return { error = failed }
	elseif failed then
		return { error = "too_large" }
	end
	local headers = json.array()
	for _, field in reply.all do
		table.insert(headers, json.array({ field[1], data(field[2]) }))
	end
	return { status = reply.status, headers = headers, body = data(reply.body) }
end

function calls.http(list)
	local requests = {}
	for _, call in list do
		table.insert(requests, {
			method = given(call.method),
			url = call.url,
			headers = fields(call.headers),
			body = bytes(call.body),
			timeout_ms = given(call.timeout_ms),
		})
	end
	if #requests == 1 then
		return json.array({ answer(tidegate.http.send(requests[1])) })
	end
	local answers = json.array()
	for _, reply in tidegate.http.send(requests) do
		table.insert(answers, answer(reply))
	end
	return answers
end

function calls.count(call)
	tidegate.metrics.count(call.name, given(call.by), given(call.labels))
end

function calls.observe(call)
	tidegate.metrics.observe(call.name, call.value, given(call.labels))
end

function calls.log(call)
	tidegate.log(given(call.level) or "info", call.message, given(call.fields))
end

-- Verdicts made of JSON: `answer` of a hook's plan, in the form of `out` of a case.

local function unknown(name)
	error(`the conformance plugin has no answer "{name}" for this hook`, 0)
end

local function header_edits(list)
	local edits = { remove = {}, set = {}, add = {} }
	for _, edit in given(list) or {} do
		local kind, value = verdict(edit)
		if kind == "remove" then
			table.insert(edits.remove, value)
		elseif kind == "set" then
			edits.set[value.name] = bytes(value.value)
		else
			local added = edits.add[value.name] or {}
			table.insert(added, bytes(value.value))
			edits.add[value.name] = added
		end
	end
	return edits
end

local function refusal(value)
	return { status = value.status, code = value.code, message = value.message, headers = fields(value.headers) }
end

local function auth(plan, told)
	local name, value = verdict(plan.answer)
	if name == nil or name == "pass" then
		return tidegate.pass()
	elseif name == "echo" then
		return tidegate.grant({ principal = "echo", attributes = { echo = told } })
	elseif name == "allow" then
		local principal = value.principal
		return tidegate.grant({
			principal = principal.id,
			tenant = given(principal.tenant),
			attributes = given(principal.attributes),
			headers = header_edits(value.headers),
		})
	elseif name == "deny" then
		return tidegate.deny(refusal(value))
	end
	return unknown(name)
end

local function admission(plan, told)
	local name, value = verdict(plan.answer)
	if name == nil then
		return tidegate.admit()
	elseif name == "echo" then
		return tidegate.admit(told)
	elseif name == "admitted" then
		return tidegate.admit(value)
	elseif name == "refused" then
		return tidegate.refuse(refusal(value))
	end
	return unknown(name)
end

local function change(value)
	local edits
	for _, edit in given(value.edits) or {} do
		local op, inside = verdict(edit)
		edits = edits or {}
		if op == "remove" then
			table.insert(edits, { op = op, path = inside })
		else
			table.insert(edits, { op = op, path = inside.pointer, value = inside.value })
		end
	end
	return tidegate.changed({
		headers = header_edits(value.headers),
		edits = edits,
		replace = given(value.replace),
		cluster = given(value.cluster),
		reroute = given(value.reroute),
	})
end

local function transform(plan, told)
	local name, value = verdict(plan.answer)
	if name == nil or name == "unchanged" then
		return tidegate.unchanged()
	elseif name == "echo" then
		return tidegate.reply({ body = told })
	elseif name == "changed" then
		return change(value)
	elseif name == "reply" then
		return tidegate.reply({ status = value.status, headers = fields(value.headers), body = bytes(value.body) })
	end
	return unknown(name)
end

-- `by_name` picks another answer for events of that name.
local function event_verdict(plan, event, told)
	local own = plan.by_name and plan.by_name[event.name or ""]
	local kind, value = verdict(own or plan.answer)
	if kind == nil or kind == "keep" then
		return tidegate.keep()
	elseif kind == "drop" then
		return tidegate.drop()
	elseif kind == "echo" then
		return tidegate.replace({ { name = event.name, data = json.decode(told) } })
	elseif kind == "replace" then
		local events = {}
		for _, made in value do
			table.insert(events, { name = given(made.name), data = made.data })
		end
		return tidegate.replace(events)
	end
	return unknown(kind)
end

local function findings(list)
	local made = {}
	for _, finding in given(list) or {} do
		table.insert(made, {
			category = finding.category,
			score = given(finding.score),
			text = given(finding.text),
			detail = given(finding.detail),
		})
	end
	return made
end

-- One edit for each place where the word stands.
local function masked(texts, word, with)
	local edits = {}
	for _, text in texts do
		local from, to = string.find(text.content, word, 1, true)
		while from do
			table.insert(edits, { text = text, from = from, to = to, with = with })
			from, to = string.find(text.content, word, to + 1, true)
		end
	end
	return edits
end

local function options(answer)
	local hold
	for id, amount in given(answer.hold) or {} do
		hold = hold or {}
		hold[tonumber(id)] = amount
	end
	return { findings = findings(answer.findings), hold = hold }
end

local function moderation(plan, texts, told)
	local answer = plan.answer or {}
	if answer == "echo" then
		return tidegate.flag({ category = "echo", detail = told })
	elseif type(answer) == "string" then
		answer = {}
	end
	if plan.redact then
		local edits = masked(texts, plan.redact, plan.with)
		return tidegate.redact(edits, options(answer))
	elseif answer.block then
		return tidegate.block(answer.block, options(answer))
	elseif answer.edit then
		local edits = {}
		for _, edit in answer.edit do
			local made = { text = edit.id, from = edit.start + 1, to = edit["end"], with = edit.replacement }
			table.insert(edits, made)
		end
		return tidegate.redact(edits, options(answer))
	end
	return tidegate.allow(options(answer))
end

-- The hooks.

-- What the configuration wants of a call, and what the call was given, as JSON text.
local function turn(hook, ctx, told)
	local plan = config.hooks and config.hooks[hook] or {}
	local results = json.array()
	for _, call in plan.calls or {} do
		local name, value = verdict(call)
		if not calls[name] then
			error(`the conformance plugin has no call "{name}"`, 0)
		end
		table.insert(results, shown((calls[name](value))))
	end
	if plan.fail then
		error(plan.fail, 0)
	end
	while plan.spin do
	end
	return plan, json.encode({ ctx = seen.ctx(ctx), ["in"] = told, calls = results })
end

-- For hooks that answer nothing.
local function store_echo(plan, told)
	if plan.answer == "echo" then
		tidegate.kv.set("echo", told)
	end
end

local function pointers(key)
	return config.subscribe and config.subscribe[key]
end

function M.configure(given_config)
	config = given_config
	if config.refuse then
		error(config.refuse, 0)
	end
	if not config.hooks then
		return nil
	end
	local hooks = {}
	for _, hook in HOOKS do
		if config.hooks[hook] then
			table.insert(hooks, hook)
		end
	end
	local asked = config.subscribe or {}
	return {
		hooks = hooks,
		headers = asked.headers,
		request_body = asked.request_body or "nothing",
		response_body = asked.response_body or "nothing",
		body_digest = asked.body_digest,
		windows = asked.windows,
		dialects = asked.dialects,
	}
end

function M.authenticate(ctx, head)
	return auth(turn("authenticate", ctx, seen.head(head)))
end

function M.admit(ctx, estimate)
	return admission(turn("admit", ctx, { estimate = seen.usage(estimate) }))
end

function M.settle(ctx, ticket, actual)
	store_echo(turn("settle", ctx, { ticket = ticket, actual = seen.usage(actual) }))
end

function M.transform_request(ctx, headers, body)
	return transform(turn("transform_request", ctx, seen.message(headers, body, pointers("request_body"))))
end

function M.transform_upstream(ctx, headers, body)
	return transform(turn("transform_upstream", ctx, seen.message(headers, body, pointers("request_body"))))
end

function M.transform_response(ctx, status, headers, body)
	local told = seen.message(headers, body, pointers("response_body"))
	told.status = status
	return transform(turn("transform_response", ctx, told))
end

function M.transform_event(ctx, event)
	local plan, told = turn("transform_event", ctx, { name = shown(event.name), data = event.data })
	return event_verdict(plan, event, told)
end

function M.moderate_input(ctx, texts)
	local plan, told = turn("moderate_input", ctx, { texts = seen.texts(texts) })
	return moderation(plan, texts, told)
end

function M.moderate_output(ctx, texts, last)
	local plan, told = turn("moderate_output", ctx, { texts = seen.texts(texts), last = last })
	return moderation(plan, texts, told)
end

function M.completed(ctx, outcome)
	store_echo(turn("completed", ctx, seen.outcome(outcome)))
end

return M
