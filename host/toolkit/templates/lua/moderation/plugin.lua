--!strict
-- Blocks words in prompts and masks them in answers.

local M: Plugin = {}
local words: { string } = {}

function M.configure(config)
	words = config.words
	-- The longest first: of two words that begin alike, the longer one is meant.
	table.sort(words, function(a: string, b: string)
		return #a > #b
	end)
	return nil
end

-- The first word at or behind a byte: the word, and its first and last byte.
local function find(content: string, at: number): (string?, number, number)
	local found: string?, from, to = nil, math.huge, 0
	for _, word in words do
		local first, last = string.find(content, word, at, true)
		if first and last and first < from then
			found, from, to = word, first, last
		end
	end
	return found, from, to
end

-- How many bytes at the end, behind byte `at`, may become a word with what comes next.
local function begun(content: string, at: number): number
	for size = math.min(#content - at, #words[1] - 1), 1, -1 do
		local rest = string.sub(content, -size)
		for _, word in words do
			if string.sub(word, 1, size) == rest then
				return size
			end
		end
	end
	return 0
end

function M.moderate_input(_ctx: Context, texts: { Text }): Moderation?
	for _, text in texts do
		local found = find(text.content, 1)
		if found then
			return tidegate.block(`the word "{found}" is not allowed`)
		end
	end
	return tidegate.allow()
end

function M.moderate_output(_ctx: Context, texts: { Text }, _last: boolean): Moderation?
	local edits: { TextEdit } = {}
	local hold: { [number]: number } = {}
	for _, text in texts do
		local last = 0
		local found, from, to = find(text.content, 1)
		while found do
			-- What has left already is there for context only.
			if from > text.released then
				table.insert(edits, { text = text, from = from, to = to, with = "***" })
			end
			last = to
			found, from, to = find(text.content, to + 1)
		end
		if not text.complete then
			hold[text.id] = begun(text.content, last)
		end
	end
	local options: Options = { hold = hold }
	return tidegate.redact(edits, options)
end

return M
