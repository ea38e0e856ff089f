-- SPDX-License-Identifier: MIT
-- An archive that is busy is not down. One that takes only so many associations at a time refuses that of the check as
-- well, for the moment: A-ASSOCIATE-RJ, result 2 (PS3.8 9.3.4). HAProxy's tcp-check must count that as a failure, since
-- its list of steps has no way out but the last one; here it is taken back, before a second failure can make the server
-- DOWN ("fall 2" and "fastinter 1s" in pools.cfg, whose words for it are "busy").

local POLL_MS = 100

-- While a check runs, there is no reason of the one before.
local function is_busy(stats)
	return stats.last_chk and stats.last_chk:find("busy: ", 1, true) == 1
end

local function look(server)
	local stats = server:get_stats()
	if stats and is_busy(stats) and stats.status ~= "UP" then -- but DOWN, or "UP 1/2" on its way there
		server:check_force_up()
	end
end

core.register_task(function()
	while core.thread == 1 do -- one of the threads is enough
		for _, backend in pairs(core.backends) do
			for _, server in pairs(backend.servers) do
				look(server)
			end
		end
		core.msleep(POLL_MS)
	end
end)
