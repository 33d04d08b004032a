-- Checks the key, refuses words in whatever case and sets a field, as `templates/nginx-lua.conf` does.

local M, keys, words = {}, {}, {}

function M.configure(config)
	keys[`Bearer {config.key}`] = "bench"
	words = config.words
	return { request_body = "nothing" }
end

function M.authenticate(_ctx, head)
	local principal = keys[head.headers["authorization"] or ""]
	if principal then
		return tidegate.grant(principal)
	end
	return tidegate.deny(401, "invalid_api_key", "the key is not known")
end

function M.transform_request(_ctx, _headers, _body)
	return tidegate.changed({ set = { ["/temperature"] = 0 } })
end

function M.moderate_input(_ctx, texts)
	for _, text in texts do
		local content = string.lower(text.content)
		for _, word in words do
			if string.find(content, word, 1, true) then
				return tidegate.block("a word is not allowed")
			end
		end
	end
	return tidegate.allow()
end

return M
