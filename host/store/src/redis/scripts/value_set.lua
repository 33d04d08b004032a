-- Stores a value. KEYS: its own. ARGV: the value; milliseconds that it lives, or ""; the version that must stand there, or "".
-- Answer: its version, or nothing where another one stands there.
local stands = redis.call('HGET', KEYS[1], 'v')
if ARGV[3] ~= '' and ARGV[3] ~= (stands or '0') then return false end
local version = version_after(stands)
redis.call('HSET', KEYS[1], 'd', ARGV[1], 'v', version)
if ARGV[2] == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return version
