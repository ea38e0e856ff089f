-- SPDX-License-Identifier: MIT
-- checks: an archive that is busy is not down. One that takes only so many associations at a time refuses that of the
-- check, too: A-ASSOCIATE-RJ, result 2 (PS3.8 9.3.4). A tcp-check must count that as a failure, since its list of
-- steps has no way out but the last one. It is taken back here before a second failure makes the server DOWN ("fall 2"
-- and "fastinter 1s" in pools.cfg, whose word for it is "busy"). Requires nothing.

local POLL_MS = 100

local function watch()
	while core.thread == 1 do -- one of the threads is enough
		for _, backend in pairs(core.backends) do
			for _, server in pairs(backend.servers) do
				local stats = server:get_stats()
				local busy = stats and stats.last_chk and stats.last_chk:find("^busy: ") -- nil while a check runs
				if busy and stats.status ~= "UP" then server:check_force_up() end -- DOWN, or "UP 1/2" on its way there
			end
		end
		core.msleep(POLL_MS)
	end
end

return { watch = watch }
