-- SPDX-License-Identifier: MIT
-- pdu: the PDUs of the upper layer (PS3.8 9.3), as far as association splicing reads and writes them. No HAProxy API.
-- Requires nothing.

local M = {
	ASSOCIATE_AC = 2, ASSOCIATE_RJ = 3, P_DATA = 4, RELEASE_RQ = 5, RELEASE_RP = 6, ABORT = 7,
	HEADER = 6, -- type, reserved, length in four bytes
	A_ABORT = "\7\0\0\0\0\4\0\0\2\0", -- source 2, service-provider; 9.3.8
	A_RJ_CONGESTED = "\3\0\0\0\0\4\0\2\3\1", -- 2 transient, 3 presentation provider, 1 congestion; 9.3.4
	A_RJ_LIMIT = "\3\0\0\0\0\4\0\2\3\2", -- the same, 2 local limit exceeded
}
local FIXED_PART = 74 -- of an A-ASSOCIATE-RQ or AC, 9.3.2 and 9.3.3
local CONTEXT_RQ, CONTEXT_AC, USER_INFORMATION = 0x20, 0x21, 0x50
local ABSTRACT_SYNTAX, TRANSFER_SYNTAX, MAXIMUM_LENGTH = 0x30, 0x40, 0x51

-- Iterates over the items (type, value) of a part of an A-ASSOCIATE PDU, 9.3.2. Stops at one that is cut.
local function items(bytes, at)
	return function()
		if #bytes < at + 3 then return nil end
		local kind, length = (">BxI2"):unpack(bytes, at)
		local value = bytes:sub(at + 4, at + 3 + length)
		at = at + 4 + length
		return #value == length and kind or nil, value
	end
end

local function item(bytes, at, wanted)
	for kind, value in items(bytes, at) do
		if kind == wanted then return value end
	end
end

local function uid(bytes, at, wanted)
	local value = item(bytes, at, wanted)
	return value and value:gsub("[\0 ]+$", "") or "none"
end

-- The length of the answer to an A-ASSOCIATE-RQ that begins with these bytes, header included; infinite until the
-- header is there. Of a PDU that is no such answer the first byte is enough.
function M.answer_length(bytes)
	local kind = bytes:byte()
	if kind and kind ~= M.ASSOCIATE_AC and kind ~= M.ASSOCIATE_RJ and kind ~= M.ABORT then return 1 end
	return #bytes >= M.HEADER and M.HEADER + (">I4"):unpack(bytes, 3) or math.huge
end

-- Of an A-ASSOCIATE-RQ or AC: the presentation contexts by id (result, abstract_syntax, and the first transfer_syntax;
-- "none" if there is none), and max_length, the Maximum Length (0: no limit).
function M.read_associate(pdu)
	local associate = { contexts = {}, max_length = 0 }
	for kind, value in items(pdu, FIXED_PART + 1) do
		if (kind == CONTEXT_RQ or kind == CONTEXT_AC) and #value >= 4 then
			associate.contexts[value:byte(1)] = { result = value:byte(3),
				abstract_syntax = uid(value, 5, ABSTRACT_SYNTAX), transfer_syntax = uid(value, 5, TRANSFER_SYNTAX) }
		elseif kind == USER_INFORMATION then
			local length = item(value, 1, MAXIMUM_LENGTH)
			associate.max_length = length and #length == 4 and (">I4"):unpack(length) or associate.max_length
		end
	end
	return associate
end

-- An AE title of 16 bytes for the log: without padding, and without what could forge a part of the line.
function M.title(bytes)
	return (bytes:gsub("^ +", ""):gsub("[ \0]+$", ""):gsub("[^%w%-_. ]", "?"))
end

-- The fragments of a data set in P-DATA-TF PDUs (9.3.5), joined, as far as they are there, and the id of the
-- presentation context; nil instead of an id if there is no data set yet.
function M.data_set(bytes)
	local data, context, at = {}, nil, 1
	while #bytes >= at + 5 and bytes:byte(at) == M.P_DATA do
		local pdv, stop = at + M.HEADER, at + M.HEADER + (">I4"):unpack(bytes, at + 2)
		while pdv < stop and #bytes >= pdv + 5 do
			local length, id, control = (">I4BB"):unpack(bytes, pdv)
			if control & 1 == 0 then -- not of a command set, annex E.2
				context = id
				data[#data + 1] = bytes:sub(pdv + 6, pdv + 3 + length)
			end
			pdv = pdv + 4 + math.max(length, 2)
		end
		at = stop
	end
	return table.concat(data), context
end

return M
