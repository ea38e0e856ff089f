-- SPDX-License-Identifier: MIT
-- Sees if studies are mixed on one association, which all goes to the archive of the first: the filter dicom-studies,
-- behind dicom-splice. It holds nothing and changes nothing; it looks at the beginning of each message, that is at what
-- comes from the SCU after a response of the archive, until it has found the Study Instance UID.

local dicom = dicom -- of dicom.lua, which is loaded before

local P_DATA, ASSOCIATE_AC = 4, 2
local STUDY_INSTANCE_UID = 0x0020000D
local UNDEFINED = 0xFFFFFFFF
local ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
local MOST = 65536 -- bytes of a message's beginning
local DEPTH = 16 -- of sequences
local LONG = { OB = true, OD = true, OF = true, OL = true, OV = true, OW = true, SQ = true, SV = true, UC = true,
	UN = true, UR = true, UT = true, UV = true } -- VRs with a length of 32 bits, PS3.5 7.1.2

local ENCODINGS = { -- by transfer syntax; all others are Explicit VR Little Endian, but deflated cannot be read
	["1.2.840.10008.1.2"] = { tag = "<I2I2", short = "<I2", long = "<I4", implicit = true },
	["1.2.840.10008.1.2.2"] = { tag = ">I2I2", short = ">I2", long = ">I4" },
	["1.2.840.10008.1.2.1.99"] = false,
}
local EXPLICIT = { tag = "<I2I2", short = "<I2", long = "<I4" }

-- The tag, VR and length of an element, and where its value begins; nothing if it is not all there.
local function header(data, at, encoding)
	if #data < at + 11 then
		return nil
	end
	local group, element = string.unpack(encoding.tag, data, at)
	local tag, vr = group << 16 | element, data:sub(at + 4, at + 5)
	if encoding.implicit or group == 0xFFFE then
		return tag, "", string.unpack(encoding.long, data, at + 4), at + 8
	elseif LONG[vr] then
		return tag, vr, string.unpack(encoding.long, data, at + 8), at + 12
	end
	return tag, vr, string.unpack(encoding.short, data, at + 6), at + 8
end

-- Where a sequence or item of undefined length, whose inside begins there, ends; nil if that is not seen.
local function skip(data, at, encoding, last, depth)
	while depth > 0 do
		local tag, vr, length, value = header(data, at, encoding)
		if not tag and data:sub(at) ~= "" and #data >= at + 7 then -- the last delimitation of what is there
			tag, vr, length, value = string.unpack(encoding.tag, data, at), "", 0, at + 8
		end
		if not tag or tag == last then
			return tag and value
		elseif length ~= UNDEFINED then
			at = value + length
		else
			at = skip(data, value, vr == "UN" and ENCODINGS["1.2.840.10008.1.2"] or encoding,
				tag == ITEM and ITEM_END or SEQUENCE_END, depth - 1)
			if not at then
				return nil
			end
		end
	end
	return nil
end

-- The Study Instance UID of a data set's beginning. The second result says that more bytes would tell.
local function study_of(data, encoding)
	local at = 1
	while true do
		local tag, vr, length, value = header(data, at, encoding)
		if not tag then
			return nil, true
		elseif tag == STUDY_INSTANCE_UID then
			local uid = length <= 64 and #data >= value + length - 1 and data:sub(value, value + length - 1)
			return uid and uid:match("^[%d.]+"), not uid
		elseif tag > STUDY_INSTANCE_UID then
			return nil, false
		elseif length == UNDEFINED then
			at = skip(data, value, vr == "UN" and ENCODINGS["1.2.840.10008.1.2"] or encoding, SEQUENCE_END, DEPTH)
			if not at then
				return nil, true
			end
		else
			at = value + length
		end
	end
end

-- The data set's fragments in P-DATA-TF PDUs (PS3.8 9.3.5), as far as they are there, and their presentation context.
local function fragments(bytes)
	local data, context, at = {}, nil, 1
	while #bytes >= at + 5 and bytes:byte(at) == P_DATA do
		local stop = at + 6 + string.unpack(">I4", bytes, at + 2)
		local pdv = at + 6
		while pdv < stop and #bytes >= pdv + 5 do
			local length = string.unpack(">I4", bytes, pdv)
			if bytes:byte(pdv + 5) & 1 == 0 then
				context = bytes:byte(pdv + 4)
				data[#data + 1] = bytes:sub(pdv + 6, pdv + 3 + length)
			end
			pdv = pdv + 4 + math.max(length, 2)
		end
		at = stop
	end
	return table.concat(data), context
end

local Studies = {}
Studies.__index = Studies

function Studies.new()
	return setmetatable({ looking = true, head = "", seen = {}, count = 0 }, Studies)
end

function Studies:start_analyze(_, channel)
	filter.register_data_filter(self, channel)
	return 1
end

function Studies:note(txn, uid)
	self.looking = false
	if self.seen[uid] then
		return
	end
	self.seen[uid] = true
	self.count = self.count + 1
	txn:set_var("txn.dicom.studies", self.count)
	if self.count == 2 then
		dicom.count(txn, "dicom_mixed_studies_total", dicom.where(txn))
	end
end

-- True if no more of this message need be seen.
function Studies:look(txn)
	local data, id = fragments(self.head)
	self.contexts = self.contexts or dicom.contexts(txn)
	local context = id and self.contexts and self.contexts[id]
	if not id then
		return #self.head >= MOST
	elseif not context then
		return true
	end
	local encoding = ENCODINGS[context.transfer_syntax]
	if encoding == nil then
		encoding = EXPLICIT
	end
	local uid, more = nil, false
	if encoding then
		uid, more = study_of(data, encoding)
	end
	if uid then
		self:note(txn, uid)
	end
	return not more or #self.head >= MOST
end

-- What dicom-splice has held back, the beginning of the first message.
function Studies:take_held(txn)
	local held = txn:get_var("txn.dicom.head")
	if held then
		txn:unset_var("txn.dicom.head")
		self.head = held
	end
	return held
end

function Studies:request_payload(txn, channel)
	local bytes = txn.f:req_payload(0, math.min(channel:input(), MOST))
	if self:take_held(txn) or self.head ~= "" or bytes:byte() == P_DATA then
		self.head = (self.head .. bytes):sub(1, MOST)
		self.looking = not self:look(txn)
	end
end

function Studies:response_payload(txn, channel)
	-- an AC that comes this far is the archive's own: the association was passed through
	local first = not self.contexts and channel:data() or ""
	if first:byte() == ASSOCIATE_AC then
		self.contexts = dicom.read_ac(first).contexts
		return
	elseif self:take_held(txn) then
		self:look(txn)
	end
	self.looking, self.head = true, ""
end

function Studies:tcp_payload(txn, channel)
	local length = channel:input()
	if length == 0 and dicom.ended(txn) then
		-- HAProxy ends the connections only if nobody looks at them any more, and spins until then
		filter.unregister_data_filter(self, channel)
	elseif length > 0 and channel:is_resp() then
		self:response_payload(txn, channel)
	elseif length > 0 and self.looking then
		self:request_payload(txn, channel)
	end
	return length
end

core.register_filter("dicom-studies", Studies, function(line)
	dicom.head = MOST
	return line
end)
