-- Gives a table another revision, and notes whose change made it, and after which one. Gateways of earlier versions note nothing:
-- what does not follow on what was noted before is a gap.
local function changed(keys, id)
  local before = redis.call('GET', keys[2]) or '0'
  local version = version_after(before)
  redis.call('SET', keys[2], version)
  redis.call('LPUSH', keys[3], version .. ' ' .. before .. ' ' .. id)
  -- As many as host/store/src/records/recent.rs keeps.
  redis.call('LTRIM', keys[3], 0, 1023)
  return version
end
