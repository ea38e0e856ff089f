-- SPDX-License-Identifier: MIT
-- Association splicing in HAProxy 2.6 to 3.4: waits for PDUs, sends the agent's answers, replays the
-- A-ASSOCIATE-RQ and verifies the archive's answer. Everything else about DICOM is in the agent.
--
-- Four filters, in the order in which dicom.cfg names them, with a SPOE filter behind each of the first three:
--   dicom-request  waits for the A-ASSOCIATE-RQ
--   dicom-accept   sends the A-ASSOCIATE-AC (or the refusal) and waits for the head of the data set
--   dicom-more     waits for more of the data set if the agent could not decide yet
--   dicom-splice   holds P-DATA until the archive has kept the promise that the AC was
--
-- All waiting is done in start_analyze, which HAProxy calls again whenever bytes come or wake_time ends. Rules
-- (tcp-request content) cannot wait for the agent: a full buffer makes them final, and an SCU that streams
-- a large object fills any buffer before the agent has answered.

-- One Lua state for all threads makes HAProxy 2.6 crash within seconds (haproxy#2467).
if core.thread == 0 then
	error("dicom.lua: load it with lua-load-per-thread, not with lua-load")
end

local ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ = 1, 2, 3
local P_DATA, RELEASE_RQ, ABORT = 4, 5, 7
local PDU_HEADER = 6
local FIXED_PART = 74 -- of an A-ASSOCIATE-RQ or AC, PS3.8 9.3.2 and 9.3.3

local A_ABORT = "\7\0\0\0\0\4\0\0\2\0" -- source 2, service-provider; PS3.8 9.3.8
local A_RJ_CONGESTED = "\3\0\0\0\0\4\0\2\3\1" -- 2 transient, 3 presentation provider, 1 congestion; PS3.8 9.3.4

local HEAD_MAX = 65536 -- bytes sent to the agent, unless it asks for more: head and AC must fit one SPOE frame
local LINGER_MS = 5000 -- for the SCU to read the last PDU and close, before we do (ARTIM, PS3.8 9.1.5)
local PROBE = string.rep("\0", 16384)

local function now_ms()
	local now = core.now()
	return now.sec * 1000 + now.usec // 1000
end

local function seconds(text, default)
	local value = tonumber(text or default)
	if not value or value <= 0 then
		error("dicom.lua: expected a number of seconds, got " .. tostring(text))
	end
	return math.floor(value * 1000)
end

local function get(txn, name)
	return txn:get_var("txn.dicom." .. name)
end

local function set(txn, name, value)
	txn:set_var("txn.dicom." .. name, value)
end

local function unset(txn, name)
	txn:unset_var("txn.dicom." .. name)
end

-- Outside tcp_payload HAProxy refuses to touch a channel on behalf of a filter, because the filter has no window
-- of data then. Without the mark the channel is what an action sees: all input that was not forwarded.
local function bare(channel)
	rawset(channel, "__filter", nil)
	return channel
end

-- may_recv() is false for a peer that closed and for a full buffer alike. Only the first has room left; what is
-- appended does not matter any more then.
local function closed(channel)
	return not channel:may_recv() and bare(channel):append(PROBE) ~= -1
end

local function wake(self)
	filter.wake_time(math.max(self.deadline - now_ms(), 1))
	return 0
end

-- A filter's class: HAProxy copies it once for each line of the configuration, and `new` makes the object of one
-- stream.
local function class()
	local it = {}
	it.__index = it
	function it.new(line)
		return setmetatable({ line = line }, it)
	end
	return it
end

-- Closing ------------------------------------------------------------------------------------------------------

-- The SCU may still be sending. A close with unread bytes is a TCP reset, and some systems then throw away what
-- they have received but not read: so discard until it closes.
local function linger(self, channel)
	bare(channel):remove()
	if now_ms() >= self.deadline or closed(channel) then
		return -1
	end
	return wake(self)
end

local function refuse(self, txn, channel, pdu)
	txn.res:send(pdu)
	self.deadline = now_ms() + LINGER_MS
	self.lingers = true
	return linger(self, channel)
end

local function hang_up(txn, why)
	set(txn, "error", why)
	return -1
end

-- dicom-request ------------------------------------------------------------------------------------------------

local Request = class()

-- True once the agent has something to look at: a whole RQ, or a first byte that is none.
local function rq_is_complete(txn, got)
	if got == 0 then
		return false
	end
	if txn.f:req_payload(0, 1):byte() ~= ASSOCIATE_RQ then
		return true
	end
	return got >= PDU_HEADER and got >= PDU_HEADER + string.unpack(">I4", txn.f:req_payload(2, 4))
end

function Request:start_analyze(txn, channel)
	if channel:is_resp() then
		return 1
	end
	self.deadline = self.deadline or now_ms() + self.line.wait_ms
	local got = txn.f:req_len() or 0
	if not rq_is_complete(txn, got) then
		if closed(channel) then
			return hang_up(txn, ("closed by the SCU after %d bytes, before a complete A-ASSOCIATE-RQ"):format(got))
		elseif channel:may_recv() and now_ms() < self.deadline then
			return wake(self)
		elseif channel:may_recv() then
			return hang_up(txn, ("no complete A-ASSOCIATE-RQ in time (%d bytes came)"):format(got))
		end
	end
	set(txn, "rq", txn.f:req_payload(0, 0))
	filter.wake_time(self.line.agent_ms)
	return 1
end

-- dicom-accept and dicom-more ----------------------------------------------------------------------------------

local Accept, More = class(), class()

-- Waits until the agent has enough to decide on. Leaves txn.dicom.head for the SPOE filter that follows, or
-- nothing if the fallback pool is to be used.
local function wait_for_data(self, txn, channel)
	local need, rqlen = get(txn, "need"), get(txn, "rqlen")
	local got = txn.f:req_len() or 0
	local pdu = got > rqlen and txn.f:req_payload(rqlen, 1):byte()
	if pdu == ABORT then
		return hang_up(txn, "aborted by the SCU before any data")
	elseif pdu == RELEASE_RQ then
		return 1
	elseif closed(channel) then
		return hang_up(txn, "closed by the SCU before it could be decided where to send it")
	elseif got < need and (not pdu or pdu == P_DATA) and channel:may_recv() then
		if now_ms() < self.deadline then
			return wake(self)
		end
		return 1
	end
	set(txn, "head", txn.f:req_payload(0, math.min(got, math.max(need, HEAD_MAX))))
	filter.wake_time(self.line.agent_ms)
	return 1
end

local function no_agent(self, txn, channel)
	local code = get(txn, "spoe_error")
	set(txn, "error", "no answer from the agent" .. (code and " (SPOE error " .. code .. ")" or ""))
	if self.line.no_agent == "refuse" then
		return refuse(self, txn, channel, A_RJ_CONGESTED)
	end
	return 1
end

function Accept:start_analyze(txn, channel)
	if channel:is_resp() then
		return 1
	elseif self.lingers then
		return linger(self, channel)
	elseif self.deadline then
		return wait_for_data(self, txn, channel)
	end
	unset(txn, "rq")
	local verdict = get(txn, "verdict")
	if not verdict then
		return no_agent(self, txn, channel)
	elseif verdict == "reject" then
		return refuse(self, txn, channel, get(txn, "reply"))
	elseif verdict ~= "accept" then
		return 1
	end
	local reply = get(txn, "reply")
	if txn.res:send(reply) ~= #reply then
		return hang_up(txn, "the A-ASSOCIATE-AC could not be sent")
	end
	set(txn, "promise", reply)
	self.deadline = now_ms() + self.line.wait_ms
	set(txn, "deadline", self.deadline)
	return wait_for_data(self, txn, channel)
end

function More:start_analyze(txn, channel)
	if channel:is_resp() then
		return 1
	elseif self.lingers then
		return linger(self, channel)
	elseif not self.deadline then
		if not get(txn, "head") then
			return 1
		end
		unset(txn, "head")
		local verdict = get(txn, "verdict")
		if verdict == "reject" then
			return refuse(self, txn, channel, get(txn, "reply"))
		elseif verdict == "route" then
			return 1
		end
		self.deadline = get(txn, "deadline")
	end
	return wait_for_data(self, txn, channel)
end

-- dicom-splice -------------------------------------------------------------------------------------------------

local RJ_RESULT = { "permanently", "for the moment" }
local RJ_REASON = { -- by source and reason, PS3.8 9.3.4
	{ "no reason given", "application context name not supported", "calling AE title not recognized",
	  [7] = "called AE title not recognized" },
	{ "no reason given", "protocol version not supported" },
	{ "temporary congestion", "local limit exceeded" },
}
local AC_RESULT = { -- PS3.8 9.3.3.2
	"user rejection", "no reason given", "abstract syntax not supported", "transfer syntaxes not supported",
}

-- Iterates over the items (type, value) of a part of an A-ASSOCIATE PDU; PS3.8 9.3.2. Stops at what is cut.
local function items(bytes, at)
	return function()
		if #bytes < at + 3 then
			return nil
		end
		local kind, length = string.unpack(">BxI2", bytes, at)
		local value = bytes:sub(at + 4, at + 3 + length)
		at = at + 4 + length
		return #value == length and kind or nil, value
	end
end

local function sub_item(bytes, at, wanted)
	for kind, value in items(bytes, at) do
		if kind == wanted then
			return value
		end
	end
end

local function uid(bytes)
	return bytes and bytes:gsub("[\0 ]+$", "") or "none"
end

-- The contexts of an A-ASSOCIATE-AC by their id, and its Maximum Length (0: none).
local function read_ac(pdu)
	local ac = { contexts = {}, max_length = 0 }
	for kind, value in items(pdu, FIXED_PART + 1) do
		if kind == 0x21 and #value >= 4 then
			ac.contexts[value:byte(1)] = { result = value:byte(3), transfer_syntax = uid(sub_item(value, 5, 0x40)) }
		elseif kind == 0x50 then
			local max_length = sub_item(value, 1, 0x51)
			if max_length and #max_length == 4 then
				ac.max_length = string.unpack(">I4", max_length)
			end
		end
	end
	return ac
end

local function abstract_syntax(rq, id)
	for kind, value in items(rq, FIXED_PART + 1) do
		if kind == 0x20 and value:byte(1) == id then
			return uid(sub_item(value, 5, 0x30))
		end
	end
	return "unknown"
end

local function broken_context(id, promised, got, rq)
	local what
	if not got then
		what = "left out"
	elseif got.result ~= 0 then
		what = "refused: " .. (AC_RESULT[got.result] or "result " .. got.result)
	elseif got.transfer_syntax ~= promised.transfer_syntax then
		what = ("accepted with %s instead of %s"):format(got.transfer_syntax, promised.transfer_syntax)
	else
		return nil
	end
	return ("the archive accepted less than was promised: context %d (%s) %s")
		:format(id, abstract_syntax(rq, id), what)
end

-- Says how the archive's AC breaks the promise, or nil if it keeps it.
local function broken_promise(promise, answer, rq)
	local promised, got = read_ac(promise), read_ac(answer)
	for id = 1, 255, 2 do
		local context = promised.contexts[id]
		if context and context.result == 0 then
			local why = broken_context(id, context, got.contexts[id], rq)
			if why then
				return why
			end
		end
	end
	if got.max_length ~= 0 and (promised.max_length == 0 or got.max_length < promised.max_length) then
		return ("the archive accepted less than was promised: Maximum Length %d instead of %d")
			:format(got.max_length, promised.max_length)
	end
end

-- Says why a first PDU of the archive that is no AC ends the association.
local function refusal(pdu)
	local kind = pdu:byte(1)
	if kind == ASSOCIATE_RJ and #pdu >= 10 then
		local result, source, reason = pdu:byte(8, 10)
		return ("the archive rejected the association %s: %s (%d/%d/%d)"):format(RJ_RESULT[result] or "oddly",
			RJ_REASON[source] and RJ_REASON[source][reason] or "unknown reason", result, source, reason)
	elseif kind == ABORT and #pdu >= 10 then
		return ("the archive aborted the association (source %d, reason %d)"):format(pdu:byte(9, 10))
	end
	return ("the archive answered the A-ASSOCIATE-RQ with a PDU of type %d"):format(kind)
end

local Splice = class()

-- Ends the association for both peers, once. Nothing of what is held gets out.
local function abort(self, txn, why)
	self.state = "aborted"
	self.deadline = now_ms() + LINGER_MS
	set(txn, "error", why)
	local req, res = bare(txn.req), bare(txn.res)
	req:remove()
	if not self.rejected then
		req:send(A_ABORT)
	end
	res:remove()
	res:send(A_ABORT)
	return wake(self)
end

function Splice:start_analyze(txn, channel)
	if channel:is_resp() then
		if self.state == "held" then
			filter.register_data_filter(self, channel)
		end
		return 1
	end
	unset(txn, "head")
	local pool = get(txn, "backend")
	if pool and not core.backends[pool] then
		set(txn, "error", "there is no pool named " .. pool)
	end
	self.promise, self.request = get(txn, "promise"), get(txn, "request")
	if self.request then
		self.state = "fresh"
		filter.register_data_filter(self, channel)
	end
	return 1
end

-- The RQ is overwritten in place: it never gets longer, so there is always room.
function Splice:replay(txn, channel)
	if channel:set(self.request, 0, get(txn, "rqlen")) ~= #self.request then
		return hang_up(txn, "the A-ASSOCIATE-RQ could not be replaced")
	end
	if not self.promise then
		self.state = "done"
		filter.unregister_data_filter(self, channel)
		return channel:input()
	end
	self.state = "held"
	self.deadline = now_ms() + self.line.answer_ms
	wake(self)
	return #self.request
end

function Splice:request_payload(txn, channel)
	if self.state == "fresh" then
		return self:replay(txn, channel)
	elseif self.state == "aborted" then
		return linger(self, channel)
	elseif closed(channel) then
		return abort(self, txn, "closed by the SCU before the archive had answered")
	elseif now_ms() >= self.deadline then
		return abort(self, txn, "no answer of the archive to the A-ASSOCIATE-RQ in time")
	end
	return wake(self)
end

function Splice:response_payload(txn, channel)
	if self.state == "aborted" then
		bare(channel):remove()
		return 0
	end
	local answer = channel:data() or ""
	local length = #answer >= PDU_HEADER and PDU_HEADER + string.unpack(">I4", answer, 3) or math.huge
	if #answer < length then
		if channel:may_recv() then
			return 0
		elseif #answer == 0 then
			return abort(self, txn, "the archive closed the connection instead of answering the A-ASSOCIATE-RQ")
		end
		return abort(self, txn, "the archive's answer to the A-ASSOCIATE-RQ is not complete")
	end
	local pdu = answer:sub(1, length)
	if pdu:byte() ~= ASSOCIATE_AC then
		self.rejected = true
		return abort(self, txn, refusal(pdu))
	end
	local why = broken_promise(self.promise, pdu, self.request)
	if why then
		return abort(self, txn, why)
	end
	return self:release(txn, channel, length)
end

-- The archive has kept the promise: what was held goes out, and from here on HAProxy only forwards.
function Splice:release(txn, channel, length)
	self.state = "done"
	channel:remove(0, length)
	filter.unregister_data_filter(self, channel)
	filter.unregister_data_filter(self, txn.req)
	txn.req:forward(txn.req:input())
	return channel:input()
end

function Splice:tcp_payload(txn, channel)
	if channel:is_resp() then
		return self:response_payload(txn, channel)
	end
	return self:request_payload(txn, channel)
end

-- Comes while P-DATA is held only if a connection broke or none could be made: HAProxy then ends the filtering
-- and would forward or drop what is in the buffer.
function Splice:end_analyze(txn, channel)
	if self.state == "held" then
		abort(self, txn, "the connection to the archive failed before it had answered the A-ASSOCIATE-RQ")
	end
	if self.state == "aborted" and not channel:is_resp() then
		return linger(self, channel) == 0 and 0 or 1
	end
	return 1
end

-- Lines of the configuration -----------------------------------------------------------------------------------

core.register_filter("dicom-request", Request, function(line, args)
	line.wait_ms = seconds(args[1], 30)
	line.agent_ms = seconds(args[2], 2)
	return line
end)

core.register_filter("dicom-accept", Accept, function(line, args)
	line.wait_ms = seconds(args[1], 30)
	line.agent_ms = seconds(args[2], 2)
	line.no_agent = args[3] or "fallback"
	if line.no_agent ~= "fallback" and line.no_agent ~= "refuse" then
		error("dicom.lua: dicom-accept: expected fallback or refuse, got " .. line.no_agent)
	end
	return line
end)

core.register_filter("dicom-more", More, function(line, args)
	line.agent_ms = seconds(args[1], 2)
	return line
end)

core.register_filter("dicom-splice", Splice, function(line, args)
	line.answer_ms = seconds(args[1], 15)
	return line
end)
