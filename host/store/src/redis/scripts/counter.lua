-- Counters of limits, as host/store/src/quotas/counter.rs has them. A counter is a hash: "w" its window, "u" what is used, and
-- of a sliding window "a" and "z" the oldest part and the newest one that is not empty, and of each part what was used in it;
-- of other windows "a" and "z" are beginning and end. Times are microseconds of this server since 1970.

-- The largest whole number up to which this language counts exactly.
local MOST = 9007199254740992
local PARTS = 60
local DAY = 24 * 60 * 60 * 1000000

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

-- The name of a part: as a text, a large number would lose its last digits.
local function name(part)
  return string.format('%.0f', part)
end

local function names(first, last)
  local list = {}
  for part = first, last do
    list[#list + 1] = name(part)
  end
  return list
end

-- The first day of a month since 1970 (Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
local function first_day(year, month)
  if month <= 2 then year = year - 1 end
  local from_march = month > 2 and month - 3 or month + 9
  local of_era = year % 400
  local in_era = of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + math.floor((153 * from_march + 2) / 5)
  return math.floor(year / 400) * 146097 + in_era - 719468
end

-- Beginning and end of the month of the calendar in which a moment lies (the same source, civil_from_days).
local function month_around(moment)
  local day = math.floor(moment / DAY) + 719468
  local in_era = day % 146097
  local leaps = math.floor(in_era / 1460) - math.floor(in_era / 36524) + math.floor(in_era / 146096)
  local of_era = math.floor((in_era - leaps) / 365)
  local in_year = in_era - (365 * of_era + math.floor(of_era / 4) - math.floor(of_era / 100))
  local from_march = math.floor((5 * in_year + 2) / 153)
  local month = from_march < 10 and from_march + 3 or from_march - 9
  local year = math.floor(day / 146097) * 400 + of_era + (month <= 2 and 1 or 0)
  local next_year, next_month = year, month + 1
  if month == 12 then next_year, next_month = year + 1, 1 end
  return first_day(year, month) * DAY, first_day(next_year, next_month) * DAY
end

-- Where a window lies that begins now.
local function window_from_now(counter)
  if counter.shape == 'fixed' then return now, now + counter.length end
  if counter.code == 'calendar month' then return month_around(now) end
  local begins = now - now % counter.length
  return begins, begins + counter.length
end

local function clear(counter)
  redis.call('DEL', counter.key)
  counter.used, counter.a, counter.z = 0, 0, 0
end

-- Forgets the parts that count no more. A clock that is set back a little goes on in the newest part.
local function roll_parts(counter)
  local part = math.floor(now / counter.width)
  local is_set_back = counter.z > part and counter.z <= part + PARTS
  counter.part = is_set_back and counter.z or part
  local oldest = counter.part - PARTS
  if counter.z == 0 then return end
  if counter.z < oldest or counter.z > counter.part then return clear(counter) end
  if counter.a >= oldest then return end
  local over = names(counter.a, oldest - 1)
  for _, amount in ipairs(redis.call('HMGET', counter.key, unpack(over))) do
    counter.used = counter.used - (tonumber(amount) or 0)
  end
  redis.call('HDEL', counter.key, unpack(over))
  counter.a = oldest
  redis.call('HSET', counter.key, 'u', counter.used, 'a', counter.a)
end

-- A clock that is set back a little ends no window early; one that was far ahead is believed no longer.
local function roll_whole(counter)
  local was_ahead = counter.a > now and counter.a - now > counter.z - counter.a
  if counter.z > 0 and (counter.z <= now or was_ahead) then clear(counter) end
end

local function load(key, code, length)
  local counter = { key = key, code = code, length = tonumber(length), used = 0, a = 0, z = 0 }
  counter.shape = code:match('^%a+')
  counter.width = math.ceil(counter.length / PARTS)
  local kept = redis.call('HMGET', key, 'w', 'u', 'a', 'z')
  if kept[1] == code then
    counter.used, counter.a, counter.z = tonumber(kept[2]), tonumber(kept[3]), tonumber(kept[4])
  elseif kept[1] then
    clear(counter)
  end
  if counter.shape == 'sliding' then roll_parts(counter) else roll_whole(counter) end
  return counter
end

local function save(counter)
  redis.call('HSET', counter.key, 'w', counter.code, 'u', counter.used, 'a', counter.a, 'z', counter.z)
end

-- A second more than it counts, so that it never goes while it does.
local function expire(counter, at)
  redis.call('PEXPIREAT', counter.key, math.ceil(at / 1000) + 1000)
end

local function add_to_part(counter, amount)
  if amount == 0 then return counter.part end
  local is_new = counter.z ~= counter.part
  if counter.z == 0 then counter.a = counter.part end
  counter.z = counter.part
  redis.call('HINCRBY', counter.key, name(counter.part), amount)
  counter.used = counter.used + amount
  save(counter)
  if is_new then expire(counter, (counter.part + PARTS + 1) * counter.width) end
  return counter.part
end

local function add_to_whole(counter, amount)
  if amount == 0 then return counter.a end
  local is_new = counter.z == 0
  if is_new then counter.a, counter.z = window_from_now(counter) end
  counter.used = counter.used + amount
  save(counter)
  if is_new then expire(counter, counter.z) end
  return counter.a
end

-- Counts something now; where in time that is.
local function add(counter, amount)
  amount = math.min(amount, MOST - counter.used)
  if counter.shape == 'sliding' then return add_to_part(counter, amount) end
  return add_to_whole(counter, amount)
end

-- The newest part that is not empty, of those before one.
local function newest_before(counter, part)
  local amounts = redis.call('HMGET', counter.key, unpack(names(counter.a, part - 1)))
  for index = #amounts, 1, -1 do
    if amounts[index] then return counter.a + index - 1 end
  end
end

local function give_back_to_part(counter, at, amount)
  local there = tonumber(redis.call('HGET', counter.key, name(at)) or 0)
  local given = math.min(amount, there)
  if given == 0 then return end
  counter.used = counter.used - given
  if counter.used == 0 then return clear(counter) end
  if given < there then
    redis.call('HINCRBY', counter.key, name(at), -given)
  else
    redis.call('HDEL', counter.key, name(at))
    if at == counter.z then counter.z = newest_before(counter, at) end
  end
  save(counter)
end

-- Gives back where it was taken, as far as that time still counts.
local function give_back(counter, at, amount)
  if counter.shape == 'sliding' then return give_back_to_part(counter, at, amount) end
  if counter.z == 0 or counter.a ~= at or amount == 0 then return end
  counter.used = math.max(counter.used - amount, 0)
  save(counter)
end

-- The part with which so much has gone.
local function part_that_frees(counter, amount)
  if amount >= counter.used then return counter.z end
  local freed = 0
  for index, used in ipairs(redis.call('HMGET', counter.key, unpack(names(counter.a, counter.z)))) do
    freed = freed + (tonumber(used) or 0)
    if freed >= amount then return counter.a + index - 1 end
  end
  return counter.z
end

-- When so much will count no more.
local function freed_after(counter, amount)
  if counter.shape ~= 'sliding' then return math.max(counter.z - now, 0) end
  if counter.z == 0 then return 0 end
  return math.max((part_that_frees(counter, amount) + PARTS + 1) * counter.width - now, 0)
end
