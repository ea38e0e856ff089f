-- SPDX-License-Identifier: MIT
-- Writes A-ASSOCIATE PDUs (PS3.8 9.3.2 and 9.3.3) for the tests.

local M = { CT = "1.2.840.10008.5.1.4.1.1.2", MR = "1.2.840.10008.5.1.4.1.1.4",
	EXPLICIT = "1.2.840.10008.1.2.1", IMPLICIT = "1.2.840.10008.1.2" }

function M.item(kind, value)
	return (">BxI2"):pack(kind, #value) .. value
end

local function pdu(kind, body)
	return (">BxI4"):pack(kind, #body) .. body
end

local function associate(kind, items)
	return pdu(kind, (">I2xx"):pack(1) .. ("LB"):rep(8) .. ("SCU "):rep(4) .. ("\0"):rep(32)
		.. M.item(0x10, "1.2.840.10008.3.1.1.1") .. items)
end

function M.user(max_length)
	return M.item(0x50, M.item(0x51, (">I4"):pack(max_length)) .. M.item(0x52, "1.2.3"))
end

-- contexts: { { id, abstract syntax, transfer syntax ... }, ... }
function M.rq(contexts, max_length)
	local items = ""
	for _, context in ipairs(contexts) do
		local value = (">Bxxx"):pack(context[1]) .. M.item(0x30, context[2])
		for n = 3, #context do
			value = value .. M.item(0x40, context[n])
		end
		items = items .. M.item(0x20, value)
	end
	return associate(1, items .. M.user(max_length or 16384))
end

-- contexts: { { id, result, transfer syntax }, ... }; max_length false: there is no such item
function M.ac(contexts, max_length)
	local items = ""
	for _, context in ipairs(contexts) do
		items = items .. M.item(0x21, (">BxBx"):pack(context[1], context[2]) .. M.item(0x40, context[3]))
	end
	return associate(2, items .. (max_length == false and "" or M.user(max_length or 16384)))
end

function M.rj(result, source, reason)
	return pdu(3, ("\0%s"):format(string.char(result, source, reason)))
end

function M.abort(source, reason)
	return pdu(7, "\0\0" .. string.char(source, reason))
end

return M
