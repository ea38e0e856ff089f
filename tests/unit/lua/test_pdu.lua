-- SPDX-License-Identifier: MIT

local tap, associate, pdu = require("tap"), require("associate"), require("dicom.pdu")
local equal, hex = tap.equal, tap.hex
local CT, EXPLICIT, IMPLICIT = associate.CT, associate.EXPLICIT, associate.IMPLICIT

local cases = {}

function cases.the_pdus_that_are_sent_are_whole()
	for _, it in ipairs({ pdu.A_ABORT, pdu.A_RJ_CONGESTED, pdu.A_RJ_LIMIT }) do
		equal(pdu.answer_length(it), #it)
	end
	equal({ pdu.A_RJ_CONGESTED:byte(8, 10) }, { 2, 3, 1 })
	equal({ pdu.A_RJ_LIMIT:byte(8, 10) }, { 2, 3, 2 })
	equal({ pdu.A_ABORT:byte(9, 10) }, { 2, 0 })
end

function cases.the_length_of_an_answer_is_unknown_before_its_header_is_there()
	local ac = associate.ac({ { 1, 0, EXPLICIT } })
	for cut = 0, pdu.HEADER - 1 do
		equal(pdu.answer_length(ac:sub(1, cut)), math.huge)
	end
	for cut = pdu.HEADER, #ac do
		equal(pdu.answer_length(ac:sub(1, cut)), #ac)
	end
	equal(pdu.answer_length(ac .. "more"), #ac)
end

function cases.of_what_is_no_answer_one_byte_is_enough()
	for kind = 0, 255 do
		local is_answer = kind == 2 or kind == 3 or kind == 7
		equal(pdu.answer_length(string.char(kind)), is_answer and math.huge or 1)
	end
	equal(pdu.answer_length("HTTP/1.1 400 Bad Request"), 1)
end

function cases.the_largest_length_is_no_negative_number()
	equal(pdu.answer_length(hex("02 00 FF FF FF FF")), 6 + 0xFFFFFFFF)
end

function cases.an_ac()
	equal(pdu.read_associate(associate.ac({ { 1, 0, EXPLICIT }, { 3, 4, "" }, { 255, 0, IMPLICIT } }, 65536)), {
		contexts = {
			[1] = { result = 0, abstract_syntax = "none", transfer_syntax = EXPLICIT },
			[3] = { result = 4, abstract_syntax = "none", transfer_syntax = "" },
			[255] = { result = 0, abstract_syntax = "none", transfer_syntax = IMPLICIT },
		},
		max_length = 65536,
	})
end

function cases.an_rq()
	local rq = pdu.read_associate(associate.rq({ { 1, CT, IMPLICIT, EXPLICIT } }, 0))
	equal(rq.contexts, { [1] = { result = 0, abstract_syntax = CT, transfer_syntax = IMPLICIT } })
	equal(rq.max_length, 0)
end

function cases.uids_have_no_padding()
	local ac = pdu.read_associate(associate.ac({ { 1, 0, EXPLICIT .. "\0" }, { 3, 0, IMPLICIT .. " \0" } }))
	equal(ac.contexts[1].transfer_syntax, EXPLICIT)
	equal(ac.contexts[3].transfer_syntax, IMPLICIT)
end

function cases.without_a_maximum_length_there_is_no_limit()
	equal(pdu.read_associate(associate.ac({}, false)).max_length, 0)
	local odd = associate.item(0x50, associate.item(0x51, "\1\2\3")) -- three bytes
	equal(pdu.read_associate(associate.ac({}, false) .. odd).max_length, 0)
end

-- Of a cut PDU the same is read as of the whole one, as far as it goes.
function cases.a_cut_associate()
	local whole = associate.ac({ { 1, 0, EXPLICIT }, { 3, 0, IMPLICIT } }, 16384)
	local all = pdu.read_associate(whole)
	for cut = 0, #whole do
		local part = pdu.read_associate(whole:sub(1, cut))
		for id, context in pairs(part.contexts) do
			equal(context, all.contexts[id])
		end
		equal(part.max_length == 0 or part.max_length == 16384, true)
	end
	equal(pdu.read_associate(""), { contexts = {}, max_length = 0 })
end

function cases.lengths_that_lie()
	local short = associate.ac({}, false)
	equal(pdu.read_associate(short .. hex("21 00 00 03 01 00 00")).contexts, {}) -- no room for a result
	equal(pdu.read_associate(short .. hex("21 00 FF FF 01 00 00 00")).contexts, {})
	local cut_inside = pdu.read_associate(short .. hex("21 00 00 08 01 00 00 00 40 00 FF FF"))
	equal(cut_inside.contexts[1].transfer_syntax, "none")
	equal(pdu.read_associate(short .. hex("50 00 00 08 51 00 00 08 00 00 40 00")).max_length, 0)
end

function cases.bytes_by_chance()
	math.randomseed(7)
	local whole = associate.rq({ { 1, CT, EXPLICIT }, { 3, CT, IMPLICIT } })
		.. hex("04 00 00 00 00 08 00 00 00 04 01 02 AB CD")
	for _ = 1, 20000 do
		local at, byte = math.random(#whole), string.char(math.random(0, 255))
		local bent = whole:sub(1, at - 1) .. byte .. whole:sub(at + 1)
		pdu.read_associate(bent)
		pdu.answer_length(bent)
		pdu.data_set(bent:sub(math.random(#bent)))
	end
end

function cases.titles()
	equal(pdu.title("ARCHIVE         "), "ARCHIVE")
	equal(pdu.title("  TWO WORDS\0\0\0"), "TWO WORDS")
	equal(pdu.title('A" error="B\n\r\\'), "A? error??B???")
	equal(pdu.title("R\xC3\xB6ntgen"), "R??ntgen")
	equal(pdu.title((" "):rep(16)), "")
	equal(pdu.title(""), "")
end

local function p_data(...)
	local pdvs = table.concat({ ... })
	return (">BxI4"):pack(4, #pdvs) .. pdvs
end

local function pdv(id, control, bytes)
	return (">I4BB"):pack(#bytes + 2, id, control) .. bytes
end

function cases.fragments_of_a_data_set_are_joined()
	local bytes = p_data(pdv(1, 3, "command")) .. p_data(pdv(1, 0, "ab"), pdv(1, 0, ""), pdv(1, 0, "cd")) .. p_data()
		.. p_data(pdv(1, 2, "ef"))
	equal({ pdu.data_set(bytes) }, { "abcdef", 1 })
	equal({ pdu.data_set(bytes .. "\5\0\0\0\0\4\0\0\0\0") }, { "abcdef", 1 })
end

function cases.before_the_data_set()
	equal({ pdu.data_set("") }, { "" })
	equal({ pdu.data_set(p_data(pdv(5, 3, "command"))) }, { "" })
	equal({ pdu.data_set(hex("05 00 00 00 00 04 00 00 00 00")) }, { "" })
end

function cases.a_cut_data_set_is_read_as_far_as_it_goes()
	local bytes = p_data(pdv(3, 1, "command"), pdv(3, 0, "abcdef")) .. p_data(pdv(3, 2, "ghi"))
	for cut = 0, #bytes do
		local data, id = pdu.data_set(bytes:sub(1, cut))
		equal(data, ("abcdefghi"):sub(1, #data))
		equal(id, (id or #data > 0) and 3 or nil)
	end
end

function cases.pdvs_with_impossible_lengths_come_to_an_end()
	equal({ pdu.data_set(hex("04 00 00 00 00 0C 00 00 00 00 01 00 00 00 00 01 01 00")) }, { "", 1 })
	equal({ pdu.data_set(hex("04 00 00 00 00 08 FF FF FF FF 01 00 41 42")) }, { "AB", 1 })
	equal({ pdu.data_set(hex("04 00 FF FF FF FF 00 00 00 04 01 00 41 42")) }, { "AB", 1 })
end

tap.run(cases)
