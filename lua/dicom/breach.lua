-- SPDX-License-Identifier: MIT
-- breach: whether an archive's answer keeps the promise, the A-ASSOCIATE-AC that the SCU got in its name. No HAProxy
-- API. Requires pdu.

local pdu = require("dicom.pdu")
local RJ_RESULT = { "permanently", "for the moment" }
local RJ_REASON = { -- by source and reason, PS3.8 9.3.4
	{ "no reason given", "application context name not supported", "calling AE title not recognized",
	  [7] = "called AE title not recognized" },
	{ "no reason given", "protocol version not supported" },
	{ "temporary congestion", "local limit exceeded" },
}
local AC_RESULT = { "user rejection", "no reason given", "abstract syntax not supported",
	"transfer syntaxes not supported" } -- PS3.8 9.3.3.2
local LESS = "the archive accepted less than was promised: "

-- Text of a peer, for the log: the characters of a UID, and of them not too many.
local function shown(text)
	return (text:sub(1, 64):gsub("[^%w.]", "?"))
end

local function broken_context(promised, got)
	if not got then
		return "left out"
	elseif got.result ~= 0 then
		return "refused: " .. (AC_RESULT[got.result] or "result " .. got.result)
	elseif got.transfer_syntax ~= promised.transfer_syntax then
		return ("accepted with %s instead of %s"):format(shown(got.transfer_syntax), shown(promised.transfer_syntax))
	end
end

local function broken(promised, got, asked)
	local first, lessons = nil, {}
	for id = 1, 255, 2 do
		local context = promised.contexts[id]
		local why = context and context.result == 0 and broken_context(context, got.contexts[id])
		if why then
			local class = asked.contexts[id] and asked.contexts[id].abstract_syntax or "unknown"
			first = first or LESS .. ("context %d (%s) %s"):format(id, shown(class), why)
			lessons[#lessons + 1] = class .. "|" .. context.transfer_syntax
		end
	end
	if got.max_length ~= 0 and (promised.max_length == 0 or got.max_length < promised.max_length) then
		first = first or LESS .. ("Maximum Length %d instead of %d"):format(got.max_length, promised.max_length)
		lessons[#lessons + 1] = "length|" .. got.max_length
	end
	return first, "promise", lessons
end

-- Judges the archive's first PDU, which is whole. nil if it keeps the promise; else what is wrong, the same in a word
-- for the metrics, and what not to promise again, a list of "abstract syntax|transfer syntax" and "length|bytes".
-- <promise>: the A-ASSOCIATE-AC that the SCU got. <rq>: the A-ASSOCIATE-RQ that the archive got.
local function judge(promise, answer, rq)
	local kind = answer:byte()
	if kind == pdu.ASSOCIATE_AC then
		return broken(pdu.read_associate(promise), pdu.read_associate(answer), pdu.read_associate(rq))
	elseif kind == pdu.ASSOCIATE_RJ and #answer >= 10 then
		local result, source, reason = answer:byte(8, 10)
		return ("the archive rejected the association %s: %s (%d/%d/%d)"):format(RJ_RESULT[result] or "oddly",
			RJ_REASON[source] and RJ_REASON[source][reason] or "unknown reason", result, source, reason),
			("rejected %d/%d/%d"):format(result, source, reason), {}
	elseif kind == pdu.ABORT and #answer >= 10 then
		return ("the archive aborted the association (source %d, reason %d)"):format(answer:byte(9, 10)), "aborted", {}
	end
	return ("the archive's answer to the A-ASSOCIATE-RQ begins with %02XH, it is no A-ASSOCIATE-AC"):format(kind),
		"no answer", {}
end

return { judge = judge }
