-- SPDX-License-Identifier: MIT
-- rules: the actions that dicom.cfg calls, from the SCU's connection to the choice of the archive. Requires pdu,
-- counters, channel, endings.
--
-- The phase (docs/splicing.md) is in txn.dicom.phase: request, ask, watch, ask-data; then connect, or refused. Nothing
-- waits in a loop: the rules wait for bytes, and an action that has to wait returns act.YIELD and is called again, or
-- the first rule is (haproxy#3496).

local pdu, counters = require("dicom.pdu"), require("dicom.counters")
local channel, endings = require("dicom.channel"), require("dicom.endings")
local now_ms, get, set, closed = channel.now_ms, channel.get, channel.set, channel.closed

local ANSWER_MS = 3000 -- for the agent; longer than "timeout processing" in dicom.spoe.conf
local MARGIN_MS = 200 -- an action must not yield any more once the inspect-delay is over
local AGENTS = "dicom-agents"
local TRIES = { ask = 3, ["ask-data"] = 5 } -- as many as dicom.cfg has rules that ask
local GOODBYE_MS = 50 -- for HAProxy to learn of all connections that an agent closes
local PAUSES_MS = { 0, 20, 100, 100 } -- behind questions in a row, if the data for the next one is there already
local GOODBYE, BROKEN = 256, 257 -- SPOE errors: the agent closes in good order; its connection broke
local DOWN_MAX = 2048 -- bytes: with all else they must fit one SPOE frame
local LIMITS = { -- by what the rules have found: the answer, and the words for the log
	total = { pdu.A_RJ_CONGESTED, "too many associations at once" },
	source = { pdu.A_RJ_LIMIT, "too many associations at once from this address" },
	["source-rate"] = { pdu.A_RJ_CONGESTED, "too many new associations from this address" },
	title = { pdu.A_RJ_LIMIT, "too many associations at once of this calling AE title" },
	["title-rate"] = { pdu.A_RJ_CONGESTED, "too many new associations of this calling AE title" },
}

local function linger(txn)
	local deadline = get(txn, "close_at")
	if not channel.discard(txn.req, deadline) then return act.DENY end
	act.wake_time(deadline - now_ms())
	return act.YIELD
end

-- Without <answer>: to an SCU that has aborted nothing is said any more.
local function refuse(txn, answer, error)
	if answer then txn.res:send(answer) end
	set(txn, "error", error or get(txn, "error"))
	endings.note(txn, answer and answer:byte() == pdu.ASSOCIATE_RJ and "refused" or "aborted",
		answer and "balancer" or "scu")
	set(txn, "phase", "refused")
	set(txn, "close_at", math.min(now_ms() + channel.LINGER_MS, get(txn, "wait_until") - MARGIN_MS))
	return linger(txn)
end

local function hang_up(txn, error, how, by)
	set(txn, "error", error)
	set(txn, "phase", "closed")
	endings.note(txn, how or "closed", by or "scu")
	return act.DENY
end

local function fall_back(txn, reason, error)
	counters.count(txn, "dicom_fallbacks_total", ('reason="%s"'):format(reason))
	set(txn, "error", error)
	set(txn, "phase", "connect")
	return act.CONTINUE
end

-- As a variable the code is a boolean from HAProxy 3.1 on. The sum is it on all versions.
local function error_code(txn)
	return txn.c:add(0, "txn.dicom.spoe_error")
end

-- Bytes that come meanwhile resume this, too. True once it is over.
local function pause(txn, ms)
	local now = now_ms()
	local till = get(txn, "pause_until") or math.min(now + ms, get(txn, "wait_until") - MARGIN_MS)
	if now < till then act.wake_time(till - now) end
	set(txn, "pause_until", now < till and till or nil)
	return now >= till
end

-- In a process that a reload has left behind nbsrv is always 0. Before HAProxy 3.1 a boolean comes as a number.
local function stopping(txn)
	return txn.f:stopping() == true or txn.f:stopping() == 1
end

local function all_gone(txn)
	return txn.f:nbsrv(AGENTS) == 0 and not stopping(txn)
end

-- Another agent may be the only one that is left, since the check has found out that one is gone. One that said goodbye
-- while it was asked may have a successor; HAProxy from 3.1 on cannot tell that from a connection that broke.
local function another_agent(txn)
	local up, code = txn.f:nbsrv(AGENTS), error_code(txn)
	return up > 1 or up < get(txn, "agents") or code == GOODBYE or code == BROKEN and get(txn, "spoe_error") == true
end

-- Before a rule that asks: nil if the question is to be put, or was put already; act.YIELD if there is a pause before
-- that; false if nobody can be asked. <answered>: the last one was. Three things need a pause: an agent that ends says
-- so on each of its connections, and HAProxy must have read that; HAProxy before 3.0 forgets when to give up while the
-- end of an earlier wait is still to come (haproxy#2478); and an SCU may send small PDUs as fast as the agent answers.
local function question(txn, answered)
	local asked, failed = get(txn, "asked") or 0, get(txn, "spoe_error") ~= nil
	if asked > 0 and not failed and not answered then
		return nil
	elseif not get(txn, "pause_until") and (all_gone(txn)
		or failed and (asked >= TRIES[get(txn, "phase")] or not another_agent(txn))) then
		return false
	elseif not pause(txn, failed and GOODBYE_MS or PAUSES_MS[math.min(asked, #PAUSES_MS)] or 0) then
		return act.YIELD
	end
	set(txn, "agents", txn.f:nbsrv(AGENTS))
	set(txn, "asked", asked + 1)
	set(txn, "spoe_error", nil)
	set(txn, "need", nil)
end

-- For the log; otherwise the agent does that. Bytes 11 to 42, PS3.8 9.3.2.
local function name_titles(txn)
	set(txn, "called_ae", pdu.title(txn.f:req_payload(10, 16) or ""))
	set(txn, "calling_ae", pdu.title(txn.f:req_payload(26, 16) or ""))
end

local function no_verdict(txn)
	local got, length = txn.req:input(), get(txn, "length") or math.huge
	if got < length and closed(txn.req) then
		return hang_up(txn, ("closed by the SCU after %d bytes, before a complete A-ASSOCIATE-RQ"):format(got))
	elseif got < length then
		return hang_up(txn, ("no complete A-ASSOCIATE-RQ in time (%d bytes came)"):format(got), "no request")
	end
	name_titles(txn)
	local error = "no answer from the agent"
	if get(txn, "spoe_error") ~= nil then error = ("%s (SPOE error %d)"):format(error, error_code(txn)) end
	if get(txn, "no_agent") == "refuse" then return refuse(txn, pdu.A_RJ_CONGESTED, error) end
	return fall_back(txn, "no agent", error)
end

-- Without the decision of the data set: to the pool that the policy has for that.
local function undecided(txn)
	if closed(txn.req) then
		return hang_up(txn, "closed by the SCU before it was decided where to send it")
	elseif get(txn, "backend") == "" then
		return refuse(txn, pdu.A_ABORT, get(txn, "verdict") == "more"
			and "not decided on the data that came, and a rule that refuses could match"
			or "refused by the policy, which has no pool for what sends no data")
	elseif get(txn, "spoe_error") ~= nil then
		return fall_back(txn, "no answer", ("no answer from the agent about the data, the fallback is used (SPOE error %d)")
			:format(error_code(txn)))
	elseif get(txn, "verdict") == "more" then
		return fall_back(txn, "undecided", "not decided on the data that came, the fallback is used")
	elseif now_ms() + MARGIN_MS > get(txn, "wait_until") then
		return fall_back(txn, "no data", "no data came in time, the fallback is used")
	end -- it is down, or the A-ASSOCIATE-RQ leaves no room for data
	return fall_back(txn, "not asked", "the agent could not be asked about the data, the fallback is used")
end

local function answer(txn, verdict)
	local reply = get(txn, "reply")
	set(txn, "spoe_error", nil) -- of an earlier try
	if verdict == "reject" then
		return refuse(txn, reply)
	elseif verdict ~= "accept" then
		return set(txn, "phase", "connect")
	elseif txn.res:send(reply) ~= #reply then
		return hang_up(txn, "the A-ASSOCIATE-AC could not be sent", "internal error", "balancer")
	end
	set(txn, "phase", "watch")
	set(txn, "promise", reply)
	set(txn, "reply", nil) -- a refusal brings its own; to an SCU that has aborted, none
	if now_ms() + 2 * MARGIN_MS > get(txn, "wait_until") then return nil end
	-- There is no data yet to go on with. The next event resumes this, be it the SCU's data; the timer stays, for HAProxy
	-- before 3.0 may sleep through the "timeout processing" of an agent that is gone (haproxy#2478).
	act.wake_time(ANSWER_MS)
	return act.YIELD
end

local steps = { refused = linger } -- by phase

function steps.request(txn)
	local limit = get(txn, "limit")
	if not limit then return no_verdict(txn) end
	name_titles(txn)
	counters.count(txn, "dicom_limited_total", ('limit="%s"'):format(limit))
	return refuse(txn, table.unpack(LIMITS[limit]))
end

function steps.ask(txn)
	local verdict = get(txn, "verdict")
	if verdict then return answer(txn, verdict) end
	local wait = question(txn)
	return wait == false and no_verdict(txn) or wait
end

function steps.watch(txn)
	local rqlen, got, need = get(txn, "rqlen"), txn.req:input(), get(txn, "need") or 0
	local kind = got > rqlen and txn.f:req_payload(rqlen, 1):byte()
	if closed(txn.req) then
		return undecided(txn)
	elseif kind == pdu.ABORT then
		return hang_up(txn, "aborted by the SCU before any data", "aborted")
	elseif kind == pdu.RELEASE_RQ and get(txn, "backend") ~= "" then
		set(txn, "verdict", "route") -- any archive of the fallback pool can answer it
		set(txn, "phase", "connect")
	elseif kind == pdu.RELEASE_RQ or need > get(txn, "room") then
		return undecided(txn)
	elseif got >= need or get(txn, "verdict") == "accept" and all_gone(txn) then
		set(txn, "phase", "ask-data")
		set(txn, "asked", nil)
		return steps["ask-data"](txn)
	end
end

steps["ask-data"] = function(txn)
	local verdict, need = get(txn, "verdict"), get(txn, "need")
	if verdict == "reject" then
		return refuse(txn, get(txn, "reply"))
	elseif verdict == "route" then
		return set(txn, "phase", "connect")
	elseif need and need > get(txn, "room") then
		return undecided(txn)
	elseif need and get(txn, "asked") and txn.req:input() < need then
		return set(txn, "phase", "watch")
	end
	local wait = question(txn, need)
	return wait == false and undecided(txn) or wait
end

local M = {}

-- <seconds>: the inspect-delay. <room>: how many bytes the agent is shown. <no_agent>: "fallback" or "refuse".
function M.begin(txn, seconds, room, no_agent)
	set(txn, "phase", "request")
	set(txn, "wait_until", now_ms() + 1000 * tonumber(seconds))
	set(txn, "room", tonumber(room))
	set(txn, "no_agent", no_agent)
	return act.CONTINUE
end

-- Goes on as far as that is possible; the phase then says what the rules behind it do.
function M.next(txn)
	channel.measure(txn.req)
	local step = steps[get(txn, "phase")]
	return step and step(txn) or act.CONTINUE
end

-- The last rule: nothing more is waited for.
function M.decided(txn)
	local phase, pool = get(txn, "phase"), get(txn, "backend")
	local result = (phase == "watch" or phase == "ask-data") and undecided(txn) or M.next(txn)
	if pool and get(txn, "phase") == "connect" and not core.backends[pool] then
		set(txn, "error", "there is no pool named " .. pool)
	end
	return result
end

-- The pools of which no server is up, separated by spaces: the agent chooses among the others.
function M.down(txn)
	local down, length, left_behind = {}, 0, stopping(txn)
	for name, backend in pairs(core.backends) do
		local stats = left_behind and backend:get_stats()
		if backend:get_mode() == "tcp" and name ~= AGENTS
			and (stats and stats.act + stats.bck or txn.f:nbsrv(name)) == 0 and length + #name < DOWN_MAX then
			length, down[#down + 1] = length + #name + 1, name
		end
	end
	return table.concat(down, " ")
end

return M
