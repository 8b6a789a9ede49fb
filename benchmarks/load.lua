-- wrk -s load.lua URL -- TARGETS [THINK]
--
-- TARGETS  a file; each line is method, path, token and body with tabs between, sent one after the other
-- THINK    mean milliseconds that a connection pauses before each request, exponentially distributed: with
--          many connections of which few are busy that is a fixed rate of independent arrivals

local requests, turn = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, token, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = { ["Authorization"] = "Bearer " .. token }
    if body ~= "" then headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
  local think = tonumber(args[2])
  if think then
    math.randomseed(1)
    delay = function() return math.floor(-math.log(1 - math.random()) * think + 0.5) end
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "failed": %d, "p50": %d, "p99": %d, "max": %d}\n',
    summary.requests, summary.duration,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
