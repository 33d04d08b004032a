-- One chat request for wrk, the same each time, so that no Lua runs between two of them; the outcome as a line of JSON.
-- Arguments behind `--`: the file with the body, and the host to ask for where it is not that of the address.

function init(args)
   local file = assert(io.open(args[1], "rb"))
   wrk.method = "POST"
   wrk.body = file:read("*a")
   wrk.headers["Authorization"] = "Bearer demo"
   wrk.headers["Content-Type"] = "application/json"
   wrk.headers["Accept"] = "application/json"
   wrk.headers["User-Agent"] = "OpenAI/Python 1.0.0"
   wrk.headers["Host"] = args[2] or wrk.headers["Host"]
   file:close()
   request = function() return prepared end
   prepared = wrk.format()
end

function done(summary, latency, requests)
   local e = summary.errors
   io.write(string.format(
      '{"requests": %d, "refused": %d, "broken": %d, "p50_us": %d, "p99_us": %d}\n',
      summary.requests, e.status, e.connect + e.read + e.write + e.timeout,
      latency:percentile(50), latency:percentile(99)))
end
