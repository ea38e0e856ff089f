-- SPDX-License-Identifier: MIT
-- endings: how an association has ended and by whom, the fields "ended" and "by" of the log. Requires channel.

local channel, M = require("dicom.channel"), {}

-- What HAProxy's termination state says of an association that nobody here has ended. "closed" is by both sides, in
-- good order: what they said last is not looked at.
local OF_STATE = {
	ended = { C = "connection lost", S = "connection lost", c = "silent", s = "silent", ["-"] = "closed" },
	by = { C = "scu", c = "scu", S = "archive", s = "archive", ["-"] = "-" },
}
local OTHERWISE = { ended = "stopped", by = "balancer" }

-- <prefix> "last_": it was overheard, and counts only if nobody here and no error has ended the association.
function M.note(txn, how, by, prefix)
	channel.set(txn, (prefix or "") .. "ended", how)
	channel.set(txn, (prefix or "") .. "by", by)
end

-- The function of the fetch "ended" or "by". Before HAProxy 3.0 nothing but the log knows the termination state.
function M.fetch(name)
	return function(txn)
		local readable, state = pcall(function() return txn.f:txn_sess_term_state() end)
		local known, first = channel.get(txn, name), readable and state and state:sub(1, 1)
		if not known and first and first ~= "-" then
			return OF_STATE[name][first] or OTHERWISE[name]
		end
		return known or channel.get(txn, "last_" .. name) or first and OF_STATE[name][first] or "-"
	end
end

return M
