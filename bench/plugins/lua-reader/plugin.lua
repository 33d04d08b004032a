-- Reads what its configuration names and changes nothing: what is left is what a call costs. `rust` is the same in Rust.

local M, has_read = {}, nil

local ASKED = {
	nothing = "nothing",
	pointers = { "/model", "/temperature" },
	whole = "whole",
}

local HAS_READ = {
	nothing = function(body)
		return body == nil
	end,
	pointers = function(body)
		return body["/model"] ~= nil and body["/temperature"] ~= nil
	end,
	whole = function(body)
		return body.model ~= nil and body.temperature ~= nil
	end,
}

function M.configure(config)
	has_read = HAS_READ[config.reads] or error('"reads" must be "nothing", "pointers" or "whole"', 0)
	return { request_body = ASKED[config.reads] }
end

function M.transform_request(_ctx, _headers, body)
	if not has_read(body) then
		error("what was asked for is not there", 0)
	end
	return tidegate.unchanged()
end

return M
