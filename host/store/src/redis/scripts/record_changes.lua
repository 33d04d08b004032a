-- What became of a table since a revision. KEYS: the table, its revision and its newest changes. ARGV: the revision.
-- Answer: the revision now, then of each record that was changed its id, and what stands there or nothing; no answer where the
-- changes do not reach back without a gap.
local at = redis.call('GET', KEYS[2]) or '0'
local answer, seen, index = { at }, {}, 0
while at ~= ARGV[1] do
  local change = redis.call('LINDEX', KEYS[3], index)
  if not change then return false end
  local revision, before, id = change:match('^(%d+) (%d+) (.*)$')
  if revision ~= at then return false end
  if not seen[id] then
    seen[id] = true
    answer[#answer + 1] = id
    answer[#answer + 1] = redis.call('HGET', KEYS[1], id)
  end
  at, index = before, index + 1
end
return answer
