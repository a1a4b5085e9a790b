-- Asks for the paths of a file one after the other, or posts a session under a new id each time.
-- wrk ... -- paths FILE   |   wrk ... -- posts FILE ID

local turn, lines, threads = 0, {}, {}
local kind, before, after, random

function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

function init(arguments)
   kind = arguments[1]
   local file = assert(io.open(arguments[2], "rb"))
   if kind == "paths" then
      for line in file:lines() do table.insert(lines, line) end
      turn = number * 7919
   else
      local text = file:read("*a")
      local first, last = text:find(arguments[3], 1, true)
      before, after = text:sub(1, first - 1), text:sub(last + 1)
      random = assert(io.open("/dev/urandom", "rb"))
   end
   file:close()
end

local function fresh_id()
   return (random:read(16):gsub(".", function(byte) return string.format("%02x", byte:byte()) end))
end

function request()
   turn = turn + 1
   if kind == "paths" then
      return wrk.format("GET", lines[turn % #lines + 1], {["Accept"] = "application/json"})
   end
   -- Whoever sends a session sends one: each has a connection of its own, and whichever worker is free takes it.
   local headers = {["Connection"] = "close", ["Content-Type"] = "application/json", ["Accept"] = "application/json"}
   return wrk.format("POST", "/sessions", headers, before .. fresh_id() .. after)
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "max_us": %d, "refused": %d, "broken": %d}\n',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
      errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
