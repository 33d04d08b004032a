-- A version after another one: the time, so that it is another one also where all was forgotten.
local function version_after(version)
  local clock = redis.call('TIME')
  return string.format('%.0f', math.max(tonumber(version or 0) + 1, clock[1] * 1000000 + clock[2]))
end
