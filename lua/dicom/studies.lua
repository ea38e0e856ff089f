-- SPDX-License-Identifier: MIT
-- studies: the filter behind splice that counts the studies of an association, which all go to one archive. It holds
-- and changes nothing. It looks at the beginning of each message, that is of what comes from the SCU after a response
-- of the archive, until it has found the Study Instance UID. Requires pdu, counters, channel, splice.

local pdu, counters, channels = require("dicom.pdu"), require("dicom.counters"), require("dicom.channel")
local splice = require("dicom.splice")

local STUDY_INSTANCE_UID = 0x0020000D
local UNDEFINED = 0xFFFFFFFF
local ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
local MOST = 65536 -- bytes of a message's beginning
local DEPTH = 17 -- of sequences, and the data set itself
local LONG = { OB = true, OD = true, OF = true, OL = true, OV = true, OW = true, SQ = true, SV = true, UC = true,
	UN = true, UR = true, UT = true, UV = true } -- VRs with a length of 32 bits, PS3.5 7.1.2
local IMPLICIT = { tag = "<I2I2", short = "<I2", long = "<I4", implicit = true }
local EXPLICIT = { tag = "<I2I2", short = "<I2", long = "<I4" }
local ENCODINGS = { -- by transfer syntax; deflated cannot be read, and all others are Explicit VR Little Endian
	["1.2.840.10008.1.2"] = IMPLICIT,
	["1.2.840.10008.1.2.2"] = { tag = ">I2I2", short = ">I2", long = ">I4" },
	["1.2.840.10008.1.2.1.99"] = false,
}

-- The tag, VR and length of an element, and where its value begins; nil if they are not all there.
local function header(data, at, encoding)
	if #data < at + 7 then return nil end
	local group, element = encoding.tag:unpack(data, at)
	local tag, vr = group << 16 | element, data:sub(at + 4, at + 5)
	if #data < at + 11 and group ~= 0xFFFE then
		return nil
	elseif encoding.implicit or group == 0xFFFE then
		return tag, "", encoding.long:unpack(data, at + 4), at + 8
	elseif LONG[vr] then
		return tag, vr, encoding.long:unpack(data, at + 8), at + 12
	end
	return tag, vr, encoding.short:unpack(data, at + 6), at + 8
end

-- The first element on this level with a tag between <first> and <last>: tag, length, where its value begins; nil if
-- that is not seen. Only sequences and items of undefined length are entered, to find their ends.
local function find(data, at, encoding, first, last, depth)
	while depth > 0 do
		local tag, vr, length, value = header(data, at, encoding)
		if not tag or tag >= first and tag <= last then return tag, length, value end
		at = value + length
		if length == UNDEFINED then
			local stop, inside = tag == ITEM and ITEM_END or SEQUENCE_END, vr == "UN" and IMPLICIT or encoding
			local found, _, behind = find(data, value, inside, stop, stop, depth - 1)
			if not found then return nil end
			at = behind
		end
	end
end

-- The Study Instance UID of a data set's beginning. The second result says that more bytes would tell.
local function study_of(data, encoding)
	local tag, length, at = find(data, 1, encoding, STUDY_INSTANCE_UID, UNDEFINED, DEPTH)
	if tag ~= STUDY_INSTANCE_UID then return nil, not tag end
	local uid = length <= 64 and #data >= at + length - 1 and data:sub(at, at + length - 1)
	return uid and uid:match("^[%d.]+"), not uid
end

local Studies = {}
Studies.__index = Studies

function Studies.parse(line)
	splice.head = MOST
	return line
end

function Studies.new()
	return setmetatable({ looking = true, head = "", seen = {}, count = 0 }, Studies)
end

function Studies:start_analyze(_, channel)
	filter.register_data_filter(self, channel)
	return 1
end

function Studies:note(txn, uid)
	if self.seen[uid] then return end
	self.seen[uid], self.count = true, self.count + 1
	channels.set(txn, "studies", self.count)
	if self.count == 2 then counters.count(txn, "dicom_mixed_studies_total", counters.where(txn)) end
end

-- True if no more of this message need be seen. Of a spliced association the contexts are those of the promise.
function Studies:look(txn)
	local data, id = pdu.data_set(self.head)
	local promise = not self.contexts and channels.get(txn, "promise")
	self.contexts = promise and pdu.read_associate(promise).contexts or self.contexts
	local context = self.contexts and self.contexts[id]
	local encoding = context and ENCODINGS[context.transfer_syntax]
	if id and (not context or encoding == false) then return true end
	local uid, more = study_of(data, encoding or EXPLICIT)
	if uid then self:note(txn, uid) end
	return uid or not more or #self.head >= MOST
end

-- The beginning of the first message, which splice has held back.
function Studies:take_held(txn)
	local held = channels.get(txn, "head")
	self.head = held or self.head
	channels.set(txn, "head", nil)
	return held
end

function Studies:request_payload(txn, channel)
	local bytes = txn.f:req_payload(0, math.min(channel:input(), MOST))
	if self:take_held(txn) or self.head ~= "" or bytes:byte() == pdu.P_DATA then
		self.head = (self.head .. bytes):sub(1, MOST)
		self.looking = not self:look(txn)
	end
end

-- An A-ASSOCIATE-AC that comes this far is the archive's own: the association was passed through.
function Studies:response_payload(txn, channel)
	local first = not self.contexts and channel:data() or ""
	if first:byte() == pdu.ASSOCIATE_AC then
		self.contexts = pdu.read_associate(first).contexts
		return
	end
	if self:take_held(txn) then self:look(txn) end
	self.looking, self.head = true, ""
end

-- Once splice has ended the association HAProxy closes only if nobody looks any more, and spins until then.
function Studies:tcp_payload(txn, channel)
	local length = channel:input()
	if length == 0 and splice.ENDED[channels.get(txn, "phase")] then
		filter.unregister_data_filter(self, channel)
	elseif length > 0 and channel:is_resp() then
		self:response_payload(txn, channel)
	elseif length > 0 and self.looking then
		self:request_payload(txn, channel)
	end
	return length
end

return Studies
