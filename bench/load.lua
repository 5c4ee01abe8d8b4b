-- The load of every row, for wrk: `wrk -s load.lua URL -- METHOD BODY_BYTES PATH [PATH...]`.
-- One path is formatted once and costs wrk nothing more; several are sent in turn.
-- The figures come back as one line of JSON, so that nothing is parsed out of wrk's own prose.

function init(args)
   wrk.method = args[1]
   local body_bytes = tonumber(args[2])
   if body_bytes > 0 then
      wrk.body = string.rep("x", body_bytes)
   end
   wrk.path = args[3]
   if #args > 3 then
      local requests = {}
      for i = 3, #args do
         requests[#requests + 1] = wrk.format(nil, args[i])
      end
      local turn = 0
      request = function()
         turn = turn % #requests + 1
         return requests[turn]
      end
   end
end

function done(summary, latency, _requests)
   local errors = summary.errors
   io.write(string.format(
      '{"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,'
         .. '"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}}\n',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      errors.connect, errors.read, errors.write, errors.timeout, errors.status
   ))
end
