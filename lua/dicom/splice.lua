-- SPDX-License-Identifier: MIT
-- splice: the filter that holds P-DATA back until the archive has kept the promise that the A-ASSOCIATE-AC was, and
-- then only forwards. Requires pdu, breach, counters, channel, endings.
-- Its phases (docs/splicing.md) are in txn.dicom.phase as well: connect; then hold if the association is spliced, or
-- passed; then open, or through; or else aborted, or refused, and after these closed.
local pdu, breach = require("dicom.pdu"), require("dicom.breach")
local counters, channels, endings = require("dicom.counters"), require("dicom.channel"), require("dicom.endings")
local bare, closed, discard = channels.bare, channels.closed, channels.discard
local now_ms, get, set, LINGER_MS = channels.now_ms, channels.get, channels.set, channels.LINGER_MS

local NEVER_MS = 20 * 24 * 3600 * 1000 -- HAProxy's times go round in 49 days
local LEARNED, LEARNED_ENTRIES = "proc.dicom.learned", 64

-- <head>: how many bytes of what is held the filter behind this one wants, in txn.dicom.head.
local Splice = { head = 0, ENDED = { aborted = true, refused = true, closed = true } }
Splice.__index = Splice

-- What an archive did not accept, "pool|lesson" separated by spaces: the agents are told with each association, and do
-- not promise it again for the pool. In a variable of the process, for all threads; the newest stands first.
local function learn(txn, lessons)
	local all, kept, known = txn:get_var(LEARNED) or "", {}, {}
	for _, lesson in ipairs(lessons) do
		all = ("%s|%s %s"):format(txn.f:be_name(), lesson, all)
	end
	for entry in all:gmatch("%S+") do
		kept[#kept + 1] = not known[entry] and entry or nil
		known[entry] = true
	end
	txn:set_var(LEARNED, table.concat(kept, " ", 1, math.min(#kept, LEARNED_ENTRIES)))
end

-- The line of the configuration: filter lua.dicom-splice SECONDS [no].
function Splice.parse(line, args)
	local seconds = tonumber(args[1] or 30)
	assert(seconds and seconds > 0, "dicom.lua: dicom-splice expects a number of seconds")
	line.answer_ms = math.floor(seconds * 1000)
	line.listens = args[2] ~= "no"
	return line
end

-- HAProxy copies the class for each line of the configuration, and calls new for each connection.
function Splice.new(line)
	return setmetatable({ answer_ms = line.answer_ms, listens = line.listens, phase = "connect" }, Splice)
end

function Splice:enter(txn, phase)
	self.phase = phase
	set(txn, "phase", phase)
end

function Splice:wake()
	filter.wake_time(math.max(self.deadline - now_ms(), 1))
	return 0
end

-- Ends the association. If it is spliced both peers get an A-ABORT, else the SCU an A-ASSOCIATE-RJ. Nothing of what is
-- held gets out; the connections stay open for the SCU to read that. <reason>: for the metrics, <how> if it is missing.
function Splice:fail(txn, why, how, by, reason)
	local where = counters.where(txn)
	counters.count(txn, self.promise and "dicom_splice_aborted_total" or "dicom_unanswered_total",
		self.promise and ('%s,reason="%s"'):format(where, reason or how) or where)
	endings.note(txn, how, by)
	set(txn, "error", why)
	self:enter(txn, self.promise and "aborted" or "refused")
	self.deadline = now_ms() + LINGER_MS
	bare(txn.req):remove()
	bare(txn.res):remove()
	txn.res:send(self.promise and pdu.A_ABORT or pdu.A_RJ_CONGESTED)
	if self.promise then txn.req:send(pdu.A_ABORT) end
	return self:wake()
end

-- Comes before the rules, so it is not known yet whether there will be anything to hold.
function Splice:start_analyze(_, channel)
	if not channel:is_resp() or self.phase == "hold" or self.phase == "passed" then
		filter.register_data_filter(self, channel)
	end
	return 1
end

-- From here on HAProxy only forwards. What the archive says last is overheard, for the log, if that is wanted. A time
-- that is over makes HAProxy spin, or its watchdog end it, as long as any filter looks at the channel. Only the channel
-- that is looked at can have a new one.
function Splice:let_go(txn, channel)
	self:enter(txn, self.promise and "open" or "through")
	filter.wake_time(NEVER_MS)
	if not (self.listens and channel:is_resp()) then filter.unregister_data_filter(self, channel) end
	return channel:input()
end

function Splice:overhear(txn, channel)
	local length = channel:input()
	if length == #pdu.A_ABORT then -- as long as an A-RELEASE-RP, PS3.8 9.3.7 and 9.3.8
		local kind, size = (">BxI4"):unpack(txn.f:res_payload(0, length))
		self.last = size == length - pdu.HEADER and kind or nil
	end
	if length == 0 then filter.wake_time(NEVER_MS) end
	return length
end

-- The RQ is overwritten in place: it never gets longer, so there is always room.
function Splice:replay(txn, channel)
	self.request, self.promise = get(txn, "request"), get(txn, "promise")
	if self.request and channel:set(self.request, 0, get(txn, "rqlen")) ~= #self.request then
		set(txn, "error", "the A-ASSOCIATE-RQ could not be replaced")
		return -1
	elseif not self.promise and channel:input() > get(txn, "length") then
		return self:let_go(txn, channel)
	end
	self:enter(txn, self.promise and "hold" or "passed")
	self.deadline = now_ms() + self.answer_ms
	self:wake()
	return self.promise and #self.request or channel:input()
end

-- hold and passed. Before the answer an SCU that is not spliced can only close or abort: nobody needs to be told.
function Splice:await_request(txn, channel)
	if not self.promise and (channel:input() > 0 or closed(channel)) then
		return self:let_go(txn, channel)
	elseif self.promise and closed(channel) then
		return self:fail(txn, "closed by the SCU before the archive had answered", "closed", "scu", "scu-closed")
	elseif now_ms() >= self.deadline then
		return self:fail(txn, "no answer of the archive to the A-ASSOCIATE-RQ in time", "no answer", "archive", "time-out")
	elseif Splice.head > 0 and channel:input() > 0 then
		-- await_response() forwards it past the other filters. channel:data() is wrong when output is before it.
		set(txn, "head", txn.f:req_payload(0, math.min(channel:input(), Splice.head)))
	end
	return self:wake()
end

-- hold and passed. If the archive has kept the promise, what was held goes out; the request is let go with what comes
-- next, or when its time is over. An archive that has rejected the association closes at the A-ABORT, PS3.8 9.2 Sta13.
function Splice:await_response(txn, channel)
	-- what data() gives for an empty channel differs from version to version
	local answer = channel:input() > 0 and channel:data() or ""
	local kind, length = answer:byte(), pdu.answer_length(answer)
	local how = kind == pdu.ASSOCIATE_RJ and "refused" or kind == pdu.ABORT and "aborted"
	if not self.promise and kind then
		if how then endings.note(txn, how, "archive") end
		return self:let_go(txn, channel)
	elseif #answer >= length then
		local why, reason, lessons = breach.judge(self.promise, answer:sub(1, length), self.request)
		if why then
			learn(txn, lessons)
			return self:fail(txn, why, how or "aborted", how and "archive" or "balancer", reason)
		end
		channel:remove(0, length)
		txn.req:forward(txn.req:input())
		return self:let_go(txn, channel)
	elseif channel:may_recv() then
		return self:wake()
	end
	return self:fail(txn, kind and "the archive's answer to the A-ASSOCIATE-RQ is not complete"
		or "the archive closed the connection instead of answering the A-ASSOCIATE-RQ", "closed", "archive")
end

-- The SCU has got its last PDU; what still comes is thrown away. Then closes both connections: HAProxy takes only
-- end_analyze's word for that, which comes when no data is filtered.
function Splice:linger(txn, channel)
	if not discard(channel, self.deadline) and not (channel:is_resp() and now_ms() < self.deadline) then
		self:enter(txn, "closed")
		filter.unregister_data_filter(self, channel)
	end
	return self:wake()
end

-- Whatever returns 0 must have called wake: HAProxy spins once a wake_time is over and no new one was given.
function Splice:tcp_payload(txn, channel)
	local phase, response = self.phase, channel:is_resp()
	if phase == "closed" then
		bare(channel):remove()
		return self:wake()
	elseif phase == "aborted" or phase == "refused" then
		return self:linger(txn, channel)
	elseif phase == "hold" or phase == "passed" then
		return response and self:await_response(txn, channel) or self:await_request(txn, channel)
	elseif phase == "connect" then
		return self:replay(txn, channel)
	end
	return response and self.listens and self:overhear(txn, channel) or self:let_go(txn, channel)
end

-- While P-DATA is held it comes only if a connection broke or none could be made: HAProxy then ends the filtering
-- and would forward what is in the buffer.
function Splice:end_analyze(txn, channel)
	local response = channel:is_resp()
	if self.phase == "hold" or self.phase == "passed" and not closed(txn.req) then
		self:fail(txn, self.promise and "the connection to the archive failed before it had answered the A-ASSOCIATE-RQ"
			or "no connection to an archive of the pool", "no connection", "archive", "connection")
	elseif response and self.listens and (self.phase == "open" or self.phase == "through") then
		-- An SCU that aborts has closed, as a rule, before its archive does; what it said is not listened to.
		local how = self.last == pdu.RELEASE_RP and "released" or self.last == pdu.ABORT and "aborted" or "closed"
		local by_scu = how == "released" or how == "closed" and closed(txn.req)
		endings.note(txn, how, by_scu and "scu" or "archive", "last_")
	end
	if not Splice.ENDED[self.phase] then
		return 1
	elseif self.phase ~= "closed" and (response or discard(channel, self.deadline)) then
		return response and 1 or self:wake()
	elseif not self.over then
		self.over = true
		self:enter(txn, "closed")
		return -1
	end
	self.deadline = now_ms() + LINGER_MS
	self:wake()
	return 1
end

return Splice
