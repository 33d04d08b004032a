-- Adds to a decimal number. KEYS: its own. ARGV: what is added; milliseconds that a new one lives, or "".
-- Answer: the sum as a text, since a number of this language has 53 bits only.
local stands = redis.call('HMGET', KEYS[1], 'd', 'v')
if stands[1] then
  -- The server takes no "+7" and no "007", which are numbers all the same.
  local sign, digits = stands[1]:match('^([+-]?)0*(%d+)$')
  if not digits then return redis.error_reply('NUMBER none') end
  local plain = (sign == '-' and digits ~= '0') and '-' .. digits or digits
  if plain ~= stands[1] then redis.call('HSET', KEYS[1], 'd', plain) end
end
local sum = redis.pcall('HINCRBY', KEYS[1], 'd', ARGV[1])
if type(sum) == 'table' and sum.err then
  if sum.err:find('overflow') then return redis.error_reply('NUMBER large') end
  return redis.error_reply('NUMBER none')
end
redis.call('HSET', KEYS[1], 'v', version_after(stands[2]))
local text = redis.call('HGET', KEYS[1], 'd')
if not stands[1] and ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return text
