-- Puts what was used in the place of what was reserved, once.
-- KEYS: the record of the reservation. Its counters stand in it, and in the same slot.
-- ARGV: milliseconds for which it is remembered that it is settled, or 0 to forget it; "tell", or nothing; then of each want
-- what was used.
-- Answer: where it is to tell, of each want what counts then and the microseconds until nothing does; else nothing, as where
-- there is nothing to settle.

local record = redis.call('GET', KEYS[1])
if not record or record == 'settled' then
  -- A reservation that comes late, after it was given up, is not to count.
  if not record and ARGV[1] ~= '0' then redis.call('SET', KEYS[1], 'settled', 'PX', ARGV[1]) end
  return {}
end
local answer = {}
for index, part in ipairs(cmsgpack.unpack(record)) do
  local actual = tonumber(ARGV[index + 2])
  if not actual then break end
  local key, code, length, at, reserved = unpack(part)
  local counter = load(key, code, length)
  if actual > reserved then
    add(counter, actual - reserved)
  else
    give_back(counter, at, reserved - actual)
  end
  if ARGV[2] == 'tell' then
    answer[#answer + 1] = counter.used
    answer[#answer + 1] = counter.used == 0 and 0 or freed_after(counter, counter.used)
  end
end
if ARGV[1] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], 'settled', 'PX', ARGV[1]) end
return answer
