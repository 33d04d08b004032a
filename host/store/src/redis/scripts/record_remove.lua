-- Removes a record. KEYS: the table and its revision. ARGV: the id. Answer: how many were removed.
local removed = redis.call('HDEL', KEYS[1], ARGV[1])
if removed == 1 then redis.call('SET', KEYS[2], version_after(redis.call('GET', KEYS[2]))) end
return removed
