-- Replaces keys such as ship-123456, and holds what could become one.
local M = {}
local LONGEST = 11

function M.moderate_output(ctx, texts, last)
  local edits, hold = {}, {}
  for _, text in texts do
    local at = 1
    while true do
      local from, to = string.find(text.content, "ship%-%d%d%d%d%d%d", at)
      if not from then break end
      if from > text.released then table.insert(edits, {text = text, from = from, to = to, with = "<*>"}) end
      at = to + 1
    end
    hold[text.id] = 0
    for length = 1, math.min(LONGEST - 1, #text.content - text.released) do
      local tail = string.sub(text.content, -length)
      local begins = length < 6 and tail == string.sub("ship-", 1, length)
      if begins or string.find(tail, "^ship%-%d*$") then hold[text.id] = length end
    end
  end
  return tidegate.redact(edits, {hold = hold})
end

return M
