-- Stores a record. KEYS: the table, its revision and its newest changes. ARGV: the id; the value; the version that must stand
-- there, or "". Answer: its version, or nothing where another one stands there.
local kept = redis.call('HGET', KEYS[1], ARGV[1])
local stands = kept and kept:match('^%d+') or '0'
if ARGV[3] ~= '' and ARGV[3] ~= stands then return false end
local version = changed(KEYS, ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], version .. ':' .. ARGV[2])
return version
