-- SPDX-License-Identifier: MIT
-- Association splicing in HAProxy 2.6 to 3.4: sends the agent's answers to the SCU, replays the A-ASSOCIATE-RQ,
-- and verifies the archive's answer. Everything else about DICOM is in the agent.
--
-- Five actions, called by the rules of dicom.cfg, one filter, fetches for what the agent is told and the log says, and
-- the metrics of all that:
--   dicom-accept   sends the A-ASSOCIATE-AC, or the refusal
--   dicom-again    before a question is put once more
--   dicom-watch    sees an SCU that ends the association instead of sending data
--   dicom-pause    lets more data come
--   dicom-decided  after the last rule: refuses after all, or lets go
--   dicom-splice   the filter: holds P-DATA until the archive has kept the promise that the AC was
--
-- Nothing here waits in a loop. The rules wait for bytes (ACLs on req.len), an action that has to wait returns
-- act.YIELD and is called again, and the filter is called for each byte that comes.

-- One Lua state for all threads makes HAProxy 2.6 crash within seconds (haproxy#2467).
if core.thread == 0 then
	error("dicom.lua: load it with lua-load-per-thread, not with lua-load")
end

local ASSOCIATE_AC, ASSOCIATE_RJ, RELEASE_RQ, RELEASE_RP, ABORT = 2, 3, 5, 6, 7
local PDU_HEADER = 6
local FIXED_PART = 74 -- of an A-ASSOCIATE-RQ or AC, PS3.8 9.3.2 and 9.3.3

local A_ABORT = "\7\0\0\0\0\4\0\0\2\0" -- source 2, service-provider; PS3.8 9.3.8
local A_RJ_CONGESTED = "\3\0\0\0\0\4\0\2\3\1" -- 2 transient, 3 presentation provider, 1 congestion; PS3.8 9.3.4
local A_RJ_LIMIT = "\3\0\0\0\0\4\0\2\3\2" -- the same, 2 local limit exceeded

local LINGER_MS = 5000 -- for the SCU to read the last PDU and close, before we do (ARTIM, PS3.8 9.1.5)
local ANSWER_MS = 3000 -- for the agent; longer than "timeout processing" in dicom.spoe.conf
local MARGIN_MS = 200 -- an action must not yield any more once the inspect-delay is over
local DOWN_MAX = 2048 -- bytes: with all else they must fit one SPOE frame
local GOODBYE_MS = 50 -- for HAProxy to learn of all connections that an agent closes
local NEVER_MS = 20 * 24 * 3600 * 1000 -- HAProxy's times go round in 49 days
local PROBE = string.rep("\0", 16384)

local function now_ms()
	local now = core.now()
	return now.sec * 1000 + now.usec // 1000
end

local function get(txn, name)
	return txn:get_var("txn.dicom." .. name)
end

local function set(txn, name, value)
	txn:set_var("txn.dicom." .. name, value)
end

-- Outside tcp_payload HAProxy refuses to touch a channel on behalf of a filter, because the filter has no window
-- of data then. Without the mark the channel is what an action sees: all input that was not forwarded.
local function bare(channel)
	rawset(channel, "__filter", nil)
	return channel
end

-- may_recv() is false for a peer that closed and for a full buffer alike. Only the first is empty or has room left;
-- what is appended does not matter any more then.
local function closed(channel)
	if channel:may_recv() then
		return false
	end
	return bare(channel):input() == 0 or channel:append(PROBE) ~= -1
end

-- The SCU may still be sending. A close with unread bytes is a TCP reset, and some systems then throw away what
-- they have received but not read: so discard until it closes or the time is over.
local function discard(channel, deadline)
	bare(channel):remove()
	return now_ms() < deadline and not closed(channel)
end

local function linger(txn)
	local deadline = get(txn, "close_at")
	if not discard(txn.req, deadline) then
		return act.DENY
	end
	act.wake_time(deadline - now_ms())
	return act.YIELD
end

-- For the log: how the association has ended, and by whom.
local function ends(txn, how, by)
	set(txn, "ended", how)
	set(txn, "by", by)
end

-- Without a PDU: to an SCU that has aborted nothing is said any more.
local function refuse(txn, pdu)
	if pdu then
		txn.res:send(pdu)
	end
	ends(txn, pdu and pdu:byte() == ASSOCIATE_RJ and "refused" or "aborted", pdu and "balancer" or "scu")
	set(txn, "answered", "refused")
	set(txn, "close_at", math.min(now_ms() + LINGER_MS, get(txn, "wait_until") - MARGIN_MS))
	return linger(txn)
end

local function hang_up(txn, why, how, by)
	set(txn, "error", why)
	ends(txn, how or "closed", by or "scu")
	return act.DENY
end

-- Counters for Prometheus, "family{labels}\tnumber" a line; of each thread, which thus need not share them.
local COUNTED = "proc.dicom.counted"
local MAX_THREADS = 256

local function count(txn, family, labels)
	local what = ("%s{%s}\t"):format(family, labels)
	local old, found = txn:get_var(COUNTED .. core.thread) or "", false
	local new = old:gsub("([^\n]*\t)(%d+)\n", function(known, number)
		if known ~= what then
			return nil
		end
		found = true
		return ("%s%d\n"):format(known, tonumber(number) + 1)
	end)
	txn:set_var(COUNTED .. core.thread, found and new or new .. what .. "1\n")
end

-- Where it goes is not what the data set would have decided.
local function fall_back(txn, reason, error)
	count(txn, "dicom_fallbacks_total", ('reason="%s"'):format(reason))
	set(txn, "error", error)
end

local function where(txn)
	return ('pool="%s",server="%s"'):format(txn.f:be_name() or "-", txn.f:srv_name() or "-")
end

-- By what the rules have found: the answer, and the words for the log.
local LIMITS = {
	total = { A_RJ_CONGESTED, "too many associations at once" },
	source = { A_RJ_LIMIT, "too many associations at once from this address" },
	["source-rate"] = { A_RJ_CONGESTED, "too many new associations from this address" },
	title = { A_RJ_LIMIT, "too many associations at once of this calling AE title" },
	["title-rate"] = { A_RJ_CONGESTED, "too many new associations of this calling AE title" },
}

local function spoe_error(txn)
	local code = get(txn, "spoe_error") -- a boolean from HAProxy 3.1 on
	return math.type(code) and (" (SPOE error %d)"):format(code) or ""
end

-- For the log, which HAProxy writes as it is; otherwise the agent does that. Bytes 11 to 42, PS3.8 9.3.2.
local function name_titles(txn)
	for name, at in pairs({ called_ae = 10, calling_ae = 26 }) do
		local title = (txn.f:req_payload(at, 16) or ""):gsub("^ +", ""):gsub("[ \0]+$", "")
		set(txn, name, (title:gsub("[^%w%-_. ]", "?")))
	end
end

local function no_verdict(txn, no_agent)
	local got, length = txn.req:input(), get(txn, "length") or math.huge
	if got < length then
		if closed(txn.req) then
			return hang_up(txn, ("closed by the SCU after %d bytes, before a complete A-ASSOCIATE-RQ"):format(got))
		end
		return hang_up(txn, ("no complete A-ASSOCIATE-RQ in time (%d bytes came)"):format(got), "no request")
	end
	name_titles(txn)
	local error = "no answer from the agent" .. spoe_error(txn)
	if no_agent == "refuse" then
		set(txn, "error", error)
		return refuse(txn, A_RJ_CONGESTED)
	end
	fall_back(txn, "no agent", error)
	set(txn, "answered", "no")
	return act.CONTINUE
end

-- nbsrv is always 0 in a process that a reload has left behind.
local function servers_up(txn, name, backend)
	if not txn.f:stopping() then
		return txn.f:nbsrv(name)
	end
	local stats = backend:get_stats()
	return stats.act + stats.bck
end

-- The pools of which no server is up, separated by spaces: the agent chooses among the others.
core.register_fetches("dicom_down", function(txn)
	local down, length = {}, 0
	for name, backend in pairs(core.backends) do
		if name ~= "dicom-agents" and backend:get_mode() == "tcp" and servers_up(txn, name, backend) == 0 then
			length = length + #name + 1
			if length > DOWN_MAX then
				break
			end
			down[#down + 1] = name
		end
	end
	return table.concat(down, " ")
end)

core.register_action("dicom-accept", { "tcp-req" }, function(txn, no_agent)
	local answered = get(txn, "answered")
	if answered then
		return answered == "accept" and act.CONTINUE or linger(txn)
	end
	-- The rules know the time of day only, which can be set; HAProxy waits, and core.now() goes, by another clock.
	set(txn, "wait_until", now_ms() + get(txn, "wait_until") - txn.f:date(0, "ms"))
	local verdict, reply, limit = get(txn, "verdict"), get(txn, "reply"), LIMITS[get(txn, "limit")]
	if limit then
		name_titles(txn)
		count(txn, "dicom_limited_total", ('limit="%s"'):format(get(txn, "limit")))
		set(txn, "error", limit[2])
		return refuse(txn, limit[1])
	elseif not verdict then
		return no_verdict(txn, no_agent)
	end
	txn:unset_var("txn.dicom.spoe_error") -- of the first try
	if verdict == "reject" then
		return refuse(txn, reply)
	elseif verdict == "accept" then
		if txn.res:send(reply) ~= #reply then
			return hang_up(txn, "the A-ASSOCIATE-AC could not be sent", "internal error", "balancer")
		end
		set(txn, "promise", reply)
		txn:unset_var("txn.dicom.reply") -- a refusal brings its own; to an SCU that has aborted, none
	end
	set(txn, "answered", verdict)
	if verdict == "accept" and now_ms() + 2 * MARGIN_MS < get(txn, "wait_until") then
		-- There is no data yet to go on with. The next event resumes this, be it the SCU's data; the timer stays, for
		-- HAProxy before 3.0 may sleep through the "timeout processing" of an agent that is gone (haproxy#2478).
		act.wake_time(ANSWER_MS)
		return act.YIELD
	end
	return act.CONTINUE
end, 1)

core.register_action("dicom-watch", { "tcp-req" }, function(txn)
	local rqlen = get(txn, "rqlen")
	local pdu = txn.req:input() > rqlen and txn.f:req_payload(rqlen, 1):byte()
	if closed(txn.req) then
		return hang_up(txn, "closed by the SCU before it was decided where to send it")
	elseif pdu == ABORT then
		return hang_up(txn, "aborted by the SCU before any data", "aborted")
	elseif pdu == RELEASE_RQ then
		set(txn, "verdict", "route") -- any archive of the fallback pool can answer it
	end
	return act.CONTINUE
end)

-- Bytes that come meanwhile resume this, too.
local function pause(txn, ms)
	local now, till = now_ms(), get(txn, "pause_until")
	if not till then
		till = math.min(now + ms, get(txn, "wait_until") - MARGIN_MS)
		set(txn, "pause_until", till)
	end
	if now < till then
		act.wake_time(till - now)
		return act.YIELD
	end
	txn:unset_var("txn.dicom.pause_until")
	return act.CONTINUE
end

core.register_action("dicom-pause", { "tcp-req" }, pause, 1)

-- Before a question is put once more. An agent that ends says so on each of its connections; HAProxy must have read all
-- that, or it would put the question into another one of them. And HAProxy before 3.0 forgets when to give up while the
-- end of an earlier wait is still to come (haproxy#2478); after a pause there is none.
core.register_action("dicom-again", { "tcp-req" }, function(txn)
	txn:unset_var("txn.dicom.spoe_error")
	return pause(txn, GOODBYE_MS)
end)

core.register_action("dicom-decided", { "tcp-req" }, function(txn)
	if get(txn, "answered") == "refused" then
		return linger(txn)
	end
	local verdict, pool = get(txn, "verdict"), get(txn, "backend")
	if verdict == "reject" then
		return refuse(txn, get(txn, "reply"))
	elseif (verdict == "accept" or verdict == "more") and closed(txn.req) then
		return hang_up(txn, "closed by the SCU before it was decided where to send it")
	elseif pool == "" then
		set(txn, "error", "refused by the policy, which has no pool for what sends no data")
		return refuse(txn, A_ABORT)
	elseif get(txn, "spoe_error") and get(txn, "answered") == "accept" and verdict ~= "route" then
		fall_back(txn, "no answer", "no answer from the agent about the data, the fallback is used" .. spoe_error(txn))
	elseif verdict == "more" then
		fall_back(txn, "undecided", "not decided on the data that came, the fallback is used")
	elseif verdict == "accept" and now_ms() + MARGIN_MS > get(txn, "wait_until") then
		fall_back(txn, "no data", "no data came in time, the fallback is used")
	elseif verdict == "accept" then -- it is down, or the A-ASSOCIATE-RQ leaves no room for data
		fall_back(txn, "not asked", "the agent could not be asked about the data, the fallback is used")
	end
	if pool and not core.backends[pool] then
		set(txn, "error", "there is no pool named " .. pool)
	end
	return act.CONTINUE
end)

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

-- The length of the PDU that begins there, header included. What is no answer to an A-ASSOCIATE-RQ is not waited for.
local function pdu_length(bytes)
	local kind = bytes:byte()
	if kind and kind ~= ASSOCIATE_AC and kind ~= ASSOCIATE_RJ and kind ~= ABORT then
		return 1
	end
	return #bytes >= PDU_HEADER and PDU_HEADER + string.unpack(">I4", bytes, 3) or math.huge
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

-- For the log, which HAProxy writes as it is.
local function shown(text)
	return (text:sub(1, 64):gsub("[^%w.]", "?"))
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

-- Threads have a Lua state each: what all of them must know is in variables of the process. What an archive did not
-- keep is not promised again for its pool, since the agents are told with each association; the oldest goes first.
local LEARNED = "proc.dicom.learned"
local LEARNED_ENTRIES = 64

local function learn(txn, lessons)
	local pool, kept, new = txn.f:be_name(), {}, {}
	for _, lesson in ipairs(lessons) do
		new[pool .. "|" .. lesson] = true
	end
	for old in (txn:get_var(LEARNED) or ""):gmatch("%S+") do
		kept[#kept + 1] = not new[old] and old or nil
	end
	for entry in pairs(new) do
		kept[#kept + 1] = entry
	end
	txn:set_var(LEARNED, table.concat(kept, " ", math.max(1, #kept - LEARNED_ENTRIES + 1)))
end

local FAMILIES = {
	{ "dicom_limited_total", "Associations refused because there were too many." },
	{ "dicom_splice_aborted_total", "Associations aborted after the SCU had been accepted for an archive." },
	{ "dicom_unanswered_total", "Associations that no archive has answered, refused." },
	{ "dicom_mixed_studies_total", "Associations with more than one study, all at one archive." },
	{ "dicom_fallbacks_total", "Associations that got the fallback pool, as the data set did not decide." },
}

core.register_service("dicom-metrics", "http", function(applet)
	local sums, names = {}, {}
	for thread = 1, MAX_THREADS do
		for name, number in (applet:get_var(COUNTED .. thread) or ""):gmatch("([^\n]*)\t(%d+)\n") do
			names[#names + 1] = not sums[name] and name or nil
			sums[name] = (sums[name] or 0) + tonumber(number)
		end
	end
	table.sort(names)
	local out = {}
	for _, family in ipairs(FAMILIES) do
		out[#out + 1] = ("# HELP %s %s\n# TYPE %s counter\n"):format(family[1], family[2], family[1])
		for _, name in ipairs(names) do
			if name:sub(1, #family[1] + 1) == family[1] .. "{" then
				out[#out + 1] = ("%s %d\n"):format(name, sums[name])
			end
		end
	end
	local body = table.concat(out)
	applet:set_status(200)
	applet:add_header("content-type", "text/plain; version=0.0.4")
	applet:add_header("content-length", #body)
	applet:start_response()
	applet:send(body)
end)

local function broken_context(id, promised, got, rq)
	local what
	if not got then
		what = "left out"
	elseif got.result ~= 0 then
		what = "refused: " .. (AC_RESULT[got.result] or "result " .. got.result)
	elseif got.transfer_syntax ~= promised.transfer_syntax then
		what = ("accepted with %s instead of %s"):format(shown(got.transfer_syntax), shown(promised.transfer_syntax))
	else
		return nil
	end
	local class = abstract_syntax(rq, id)
	return ("the archive accepted less than was promised: context %d (%s) %s"):format(id, shown(class), what),
		class .. "|" .. promised.transfer_syntax
end

-- Says how the archive's AC breaks the promise, and lists what is learned from that; nil if it keeps it.
local function broken_promise(promise, answer, rq)
	local promised, got = read_ac(promise), read_ac(answer)
	local first, lessons = nil, {}
	for id = 1, 255, 2 do
		local context = promised.contexts[id]
		if context and context.result == 0 then
			local why, lesson = broken_context(id, context, got.contexts[id], rq)
			first = first or why
			lessons[#lessons + 1] = lesson
		end
	end
	if got.max_length ~= 0 and (promised.max_length == 0 or got.max_length < promised.max_length) then
		first = first or ("the archive accepted less than was promised: Maximum Length %d instead of %d")
			:format(got.max_length, promised.max_length)
		lessons[#lessons + 1] = "length|" .. got.max_length
	end
	return first, "promise", lessons
end

-- Says why a first PDU of the archive that is no AC ends the association, and the same in a word for metrics.
local function refusal(pdu)
	local kind = pdu:byte(1)
	if kind == ASSOCIATE_RJ and #pdu >= 10 then
		local result, source, reason = pdu:byte(8, 10)
		return ("the archive rejected the association %s: %s (%d/%d/%d)"):format(RJ_RESULT[result] or "oddly",
			RJ_REASON[source] and RJ_REASON[source][reason] or "unknown reason", result, source, reason),
			("rejected %d/%d/%d"):format(result, source, reason)
	elseif kind == ABORT and #pdu >= 10 then
		return ("the archive aborted the association (source %d, reason %d)"):format(pdu:byte(9, 10)), "aborted"
	end
	return ("the archive's answer to the A-ASSOCIATE-RQ begins with %02XH, it is no A-ASSOCIATE-AC"):format(kind),
		"no answer"
end

-- For studies.lua, which shares this Lua state.
dicom = { count = count, where = where, read_ac = read_ac, head = 0 } -- head: bytes that are wanted of what is held

-- The contexts of a spliced association as they were promised; nil before that, and if it is passed through.
function dicom.contexts(txn)
	local promise = get(txn, "promise")
	return promise and read_ac(promise).contexts
end

-- Whether dicom-splice has ended the association, and only waits for the SCU to close.
function dicom.ended(txn)
	return get(txn, "finished")
end

local Splice = {}
Splice.__index = Splice

-- HAProxy copies the class for each line of the configuration, and calls new for each connection.
function Splice.new(line)
	return setmetatable({ answer_ms = line.answer_ms, listens = line.listens, state = "fresh" }, Splice)
end

function Splice:wake()
	filter.wake_time(math.max(self.deadline - now_ms(), 1))
	return 0
end

-- Ends the association, once: the SCU gets `pdu`, and nothing of what is held gets out. The connections stay open for
-- the SCU to read it.
function Splice:finish(txn, why, pdu)
	self.state = "aborted"
	set(txn, "finished", true)
	self.deadline = now_ms() + LINGER_MS
	set(txn, "error", why)
	bare(txn.req):remove()
	local res = bare(txn.res)
	res:remove()
	res:send(pdu)
	return self:wake()
end

local ENDINGS = {
	["scu-closed"] = { "closed", "scu" },
	["time-out"] = { "no answer", "archive" },
	closed = { "closed", "archive" },
	connection = { "no connection", "archive" },
	aborted = { "aborted", "archive" },
	rejected = { "refused", "archive" },
}

-- For both peers. An archive that has rejected the association closes at it, PS3.8 9.2 Sta13.
function Splice:abort(txn, why, reason)
	count(txn, "dicom_splice_aborted_total", ('%s,reason="%s"'):format(where(txn), reason))
	local ending = ENDINGS[reason:match("^rejected") or reason] or { "aborted", "balancer" }
	ends(txn, ending[1], ending[2])
	local wake = self:finish(txn, why, A_ABORT)
	bare(txn.req):send(A_ABORT)
	return wake
end

-- Comes before the rules, so it is not known yet whether there will be anything to hold.
function Splice:start_analyze(_, channel)
	if not channel:is_resp() or self.state == "held" or self.state == "through" then
		filter.register_data_filter(self, channel)
	end
	return 1
end

-- From here on HAProxy only forwards. What the archive says last is overheard, for the log, if that is wanted. A time
-- that is over makes HAProxy spin, or its watchdog end it, as long as any filter looks at the channel. Only the channel
-- that is looked at can have a new one.
function Splice:let_go(channel)
	self.state = "open"
	filter.wake_time(NEVER_MS)
	if not (self.listens and channel:is_resp()) then
		filter.unregister_data_filter(self, channel)
	end
	return channel:input()
end

function Splice:overhear(txn, channel)
	local length = channel:input()
	if length == #A_ABORT then -- as long as an A-RELEASE-RP, PS3.8 9.3.7 and 9.3.8
		local kind, size = (">BxI4"):unpack(txn.f:res_payload(0, length))
		self.last = size == length - PDU_HEADER and kind or nil
	elseif length == 0 then
		filter.wake_time(NEVER_MS)
	end
	return length
end

-- An SCU that aborts has closed, as a rule, before its archive does; what it said is not listened to.
function Splice:part(txn)
	local how = self.last == RELEASE_RP and "released" or self.last == ABORT and "aborted" or "closed"
	local by_scu = how == "released" or how == "closed" and closed(txn.req)
	set(txn, "last_ended", how)
	set(txn, "last_by", by_scu and "scu" or "archive")
end

-- The RQ is overwritten in place: it never gets longer, so there is always room.
function Splice:replay(txn, channel)
	self.request, self.promise = get(txn, "request"), get(txn, "promise")
	if self.request and channel:set(self.request, 0, get(txn, "rqlen")) ~= #self.request then
		set(txn, "error", "the A-ASSOCIATE-RQ could not be replaced")
		return -1
	elseif not self.promise and channel:input() > get(txn, "length") then
		return self:let_go(channel)
	end
	self.state = self.promise and "held" or "through"
	self.deadline = now_ms() + self.answer_ms
	self:wake()
	if not self.promise then
		return channel:input()
	end
	return #self.request
end

-- Closes both connections. HAProxy takes only end_analyze's word for that, which comes when no data is filtered.
function Splice:close(channel)
	self.state = "closing"
	filter.unregister_data_filter(self, channel)
	return self:wake()
end

function Splice:request_payload(txn, channel)
	if self.state == "fresh" then
		return self:replay(txn, channel)
	elseif self.state == "through" then
		return self:through_request(txn, channel)
	elseif self.state == "open" then
		return self:let_go(channel)
	elseif closed(channel) then
		return self:abort(txn, "closed by the SCU before the archive had answered", "scu-closed")
	elseif now_ms() >= self.deadline then
		return self:abort(txn, "no answer of the archive to the A-ASSOCIATE-RQ in time", "time-out")
	elseif dicom.head > 0 and channel:input() > 0 then
		-- release() forwards it past the other filters. channel:data() of 2.6 is wrong when output is before it.
		set(txn, "head", txn.f:req_payload(0, math.min(channel:input(), dicom.head)))
	end
	return self:wake()
end

-- The archive has kept the promise: what was held goes out, and from here on HAProxy only forwards. The request is let
-- go with what comes next, or when its time is over.
function Splice:release(txn, channel, length)
	channel:remove(0, length)
	txn.req:forward(txn.req:input())
	return self:let_go(channel)
end

-- Says what is wrong with the archive's first PDU, in words and in a word, and what is learned from that; or nil.
function Splice:judge(pdu)
	if pdu:byte() == ASSOCIATE_AC then
		return broken_promise(self.promise, pdu, self.request)
	end
	return refusal(pdu)
end

-- Not spliced: the archive's own answer goes to the SCU, and from then on HAProxy only forwards. An SCU that gets none
-- is refused, unless it has closed, or aborted: before the answer it can send nothing else.
function Splice:unanswered(txn, why, how)
	ends(txn, how, "archive")
	count(txn, "dicom_unanswered_total", where(txn))
	return self:finish(txn, why, A_RJ_CONGESTED)
end

function Splice:through_request(txn, channel)
	if channel:input() > 0 or closed(channel) then
		return self:let_go(channel)
	elseif now_ms() >= self.deadline then
		return self:unanswered(txn, "no answer of the archive to the A-ASSOCIATE-RQ in time", "no answer")
	end
	return self:wake()
end

function Splice:through_response(txn, channel)
	if channel:input() > 0 then
		local kind = channel:data(0, 1):byte()
		if kind == ASSOCIATE_RJ or kind == ABORT then
			ends(txn, kind == ASSOCIATE_RJ and "refused" or "aborted", "archive")
		end
		return self:let_go(channel)
	elseif channel:may_recv() then
		return self:wake()
	end
	return self:unanswered(txn, "the archive closed the connection instead of answering the A-ASSOCIATE-RQ", "closed")
end

function Splice:response_payload(txn, channel)
	if self.state == "through" then
		return self:through_response(txn, channel)
	elseif self.state == "open" then
		return self.listens and self:overhear(txn, channel) or self:let_go(channel)
	end
	-- what data() gives for an empty channel differs from version to version
	local answer = channel:input() > 0 and channel:data() or ""
	local length = pdu_length(answer)
	local why, reason, lessons
	if #answer >= length then
		why, reason, lessons = self:judge(answer:sub(1, length))
		if not why then
			return self:release(txn, channel, length)
		end
		learn(txn, lessons or {})
	elseif channel:may_recv() then
		return self:wake()
	elseif #answer == 0 then
		why, reason = "the archive closed the connection instead of answering the A-ASSOCIATE-RQ", "closed"
	else
		why, reason = "the archive's answer to the A-ASSOCIATE-RQ is not complete", "closed"
	end
	return self:abort(txn, why, reason)
end

-- Whatever returns 0 must have called wake: HAProxy spins once a wake_time is over and no new one was given.
function Splice:tcp_payload(txn, channel)
	if self.state == "closing" or self.state == "closed" then
		bare(channel):remove()
		return self:wake()
	elseif self.state == "aborted" and channel:is_resp() then
		bare(channel):remove()
		return now_ms() < self.deadline and self:wake() or self:close(channel)
	elseif self.state == "aborted" then
		return discard(channel, self.deadline) and self:wake() or self:close(channel)
	elseif channel:is_resp() then
		return self:response_payload(txn, channel)
	end
	return self:request_payload(txn, channel)
end

-- While P-DATA is held it comes only if a connection broke or none could be made: HAProxy then ends the filtering
-- and would forward what is in the buffer.
function Splice:end_analyze(txn, channel)
	if self.state == "held" then
		self:abort(txn, "the connection to the archive failed before it had answered the A-ASSOCIATE-RQ", "connection")
	elseif self.state == "through" and not closed(txn.req) then
		self:unanswered(txn, "no connection to an archive of the pool", "no connection")
	elseif self.state == "open" and self.listens and channel:is_resp() then
		self:part(txn)
	end
	if self.state == "aborted" and (channel:is_resp() or discard(channel, self.deadline)) then
		return channel:is_resp() and 1 or self:wake()
	elseif self.state == "aborted" or self.state == "closing" then
		self.state = "closed"
		return -1
	elseif self.state == "closed" then
		self.deadline = now_ms() + LINGER_MS
		self:wake()
	end
	return 1
end

core.register_filter("dicom-splice", Splice, function(line, args)
	local seconds = tonumber(args[1] or 30)
	if not seconds or seconds <= 0 then
		error("dicom.lua: dicom-splice expects a number of seconds, not " .. tostring(args[1]))
	end
	line.answer_ms = math.floor(seconds * 1000)
	line.listens = args[2] ~= "no"
	return line
end)

-- What HAProxy's termination state says of an association that nobody here has ended. "closed" is by both sides, in
-- good order: what they said last is not looked at.
local WHO = { C = "scu", c = "scu", S = "archive", s = "archive", ["-"] = "-" }
local HOW = { C = "connection lost", S = "connection lost", c = "silent", s = "silent", ["-"] = "closed" }

-- Before HAProxy 3.0 nothing but the log knows the state.
local function state(txn)
	local known, text = pcall(function()
		return txn.f:txn_sess_term_state()
	end)
	return known and text and text:sub(1, 1)
end

local function ending(name, of_state, otherwise)
	core.register_fetches("dicom_" .. name, function(txn)
		local known, first = get(txn, name), state(txn)
		if not known and first and first ~= "-" then
			return of_state[first] or otherwise
		end
		return known or get(txn, "last_" .. name) or first and of_state[first] or "-"
	end)
end

ending("ended", HOW, "stopped")
ending("by", WHO, "balancer")
