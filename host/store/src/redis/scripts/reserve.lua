-- Reserves all wants on counters of one slot, or none.
-- KEYS: the record of the reservation, and of each want its counter.
-- ARGV: "take", or "look" to see only; milliseconds that it stays open; then of each want the window, the microseconds of its
-- unit, the limit and the amount.
-- Answer: 1 where granted, else 0; 1 where it is a new reservation; of a refusal the want, from 0, and the microseconds that it
-- has to wait, -1 for ever; then of each want what remains and the microseconds until nothing counts.

local is_new = ARGV[1] == 'look' or redis.call('EXISTS', KEYS[1]) == 0
local wants, known = {}, {}
for index = 2, #KEYS do
  local at, key = 4 * index - 5, KEYS[index]
  known[key] = known[key] or load(key, ARGV[at], ARGV[at + 1])
  wants[#wants + 1] = { counter = known[key], limit = tonumber(ARGV[at + 2]), amount = tonumber(ARGV[at + 3]) }
end

-- How long a want has to wait: nil where there is enough, -1 where there never will be.
local function wait(want)
  local missing = want.counter.used + want.amount - want.limit
  if missing <= 0 then return nil end
  if want.amount > want.limit then return -1 end
  return freed_after(want.counter, missing)
end

local function is_longer(again, other)
  return other == nil or (other ~= -1 and (again == -1 or again > other))
end

local worst, longest = -1, nil
for index, want in ipairs(wants) do
  local again = is_new and wait(want)
  if again and is_longer(again, longest) then worst, longest = index - 1, again end
end

local is_granted = longest == nil
if is_granted and is_new and ARGV[1] == 'take' then
  local parts = {}
  for index, want in ipairs(wants) do
    local counter = want.counter
    parts[index] = { counter.key, counter.code, counter.length, add(counter, want.amount), want.amount }
  end
  redis.call('SET', KEYS[1], cmsgpack.pack(parts), 'PX', ARGV[2])
end

local answer = { is_granted and 1 or 0, is_new and 1 or 0, worst, longest or 0 }
for _, want in ipairs(wants) do
  local counter = want.counter
  answer[#answer + 1] = math.max(want.limit - counter.used, 0)
  answer[#answer + 1] = counter.used == 0 and 0 or freed_after(counter, counter.used)
end
return answer
