-- POST to the paths of a file, drawn at random, and tell what came of it as one line of JSON.
local requests = {}

function init(args)
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format(args[2] or "POST", path)
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
