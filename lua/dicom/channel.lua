-- SPDX-License-Identifier: MIT
-- channel: what rules and filters share of HAProxy's API: variables, the clock, and channels, the two directions of a
-- connection with their buffers. Requires nothing.

local M = { LINGER_MS = 5000 } -- for the SCU to read the last PDU and close, before we do (ARTIM, PS3.8 9.1.5)
local LARGEST = 22 -- as a power of two: tune.bufsize is expected to be less than twice that
local capacity -- how many bytes a channel takes before HAProxy stops reading: tune.bufsize less tune.maxrewrite

function M.now_ms()
	local now = core.now()
	return now.sec * 1000 + now.usec // 1000
end

function M.get(txn, name)
	return txn:get_var("txn.dicom." .. name)
end

function M.set(txn, name, value)
	if value == nil then return txn:unset_var("txn.dicom." .. name) end
	txn:set_var("txn.dicom." .. name, value)
end

-- Outside tcp_payload HAProxy refuses to touch a channel on behalf of a filter, because the filter has no window
-- of data then. Without the mark the channel is what an action sees: all input that was not forwarded.
function M.bare(channel)
	rawset(channel, "__filter", nil)
	return channel
end

-- Finds out the capacity, once in each thread: fills the buffer with zeros, from large pieces to small ones, as long as
-- HAProxy would go on reading, and puts back what was there. Only for an action, in front of which nothing was
-- forwarded: a buffer that wraps round cannot be read. Of a channel that is closed nothing is learned.
function M.measure(channel)
	if capacity or channel:input() == 0 then return end
	local before = channel:data()
	channel:remove()
	if channel:may_recv() then
		for power = LARGEST, 0, -1 do
			local before_it = channel:input()
			if channel:append(("\0"):rep(1 << power)) ~= -1 and not channel:may_recv() then channel:remove(before_it) end
		end
		capacity = channel:input() + 1
		channel:remove()
	end
	channel:append(before)
end

-- Whether the peer has closed. may_recv() is false for that and for a full buffer alike. Without a known capacity this
-- channel was closed already when it was measured. HAProxy itself does not see a close behind a full buffer.
function M.closed(channel)
	return not channel:may_recv() and (not capacity or M.bare(channel):input() + channel:output() < capacity)
end

-- The SCU may still be sending. A close with unread bytes is a TCP reset, and some systems then throw away what
-- they have received but not read: so discard until it closes or the time is over. True while that goes on.
function M.discard(channel, deadline)
	M.bare(channel):remove()
	return M.now_ms() < deadline and not M.closed(channel)
end

return M
