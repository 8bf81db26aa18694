-- Requests drawn at random from a file, whose lines are a path, or a path, a tab and a JSON body; what came of
-- it is told as one line of JSON.
local requests = {}

function init(args)
  for line in io.lines(args[1]) do
    local path, body = line:match("^([^\t]+)\t(.*)$")
    local headers = body and { ["Content-Type"] = "application/json" }
    requests[#requests + 1] = wrk.format(args[2], path or line, headers, body)
  end
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency, _)
  local e = summary.errors
  print(string.format('{"requests": %d, "failures": %d, "seconds": %.6f, "p50": %.4f, "p99": %.4f}',
    summary.requests, e.connect + e.read + e.write + e.status + e.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
