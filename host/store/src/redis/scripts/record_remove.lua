-- Removes a record. KEYS: the table, its revision and its newest changes. ARGV: the id. Answer: how many were removed.
local removed = redis.call('HDEL', KEYS[1], ARGV[1])
if removed == 1 then changed(KEYS, ARGV[1]) end
return removed
