-- SPDX-License-Identifier: MIT

local tap, associate, breach = require("tap"), require("associate"), require("dicom.breach")
local equal = tap.equal
local CT, MR, EXPLICIT, IMPLICIT = associate.CT, associate.MR, associate.EXPLICIT, associate.IMPLICIT

local RQ = associate.rq({ { 1, CT, EXPLICIT }, { 3, MR, IMPLICIT } })
local PROMISE = associate.ac({ { 1, 0, EXPLICIT }, { 3, 0, IMPLICIT }, { 5, 3, EXPLICIT } }, 16384)

local function judge(answer, its)
	return { breach.judge(its or PROMISE, answer, RQ) }
end

-- Of an AC with less than was promised: the words behind the beginning that they all have, and what is learned.
local function less(contexts, max_length, its)
	local why, word, lessons = breach.judge(its or PROMISE, associate.ac(contexts, max_length), RQ)
	equal(word, "promise")
	local beginning = "the archive accepted less than was promised: "
	equal(why:sub(1, #beginning), beginning)
	return { why:sub(#beginning + 1), lessons }
end

local cases = {}

function cases.a_promise_that_is_kept()
	equal(judge(PROMISE)[1], nil)
	equal(judge(associate.ac({ { 3, 0, IMPLICIT .. "\0" }, { 1, 0, EXPLICIT } }, 0))[1], nil)
	equal(judge(associate.ac({ { 1, 0, EXPLICIT }, { 3, 0, IMPLICIT } }, false))[1], nil)
	-- more than was promised
	equal(judge(associate.ac({ { 1, 0, EXPLICIT }, { 3, 0, IMPLICIT }, { 5, 0, EXPLICIT } }, 131072))[1], nil)
end

function cases.a_context_that_is_left_out()
	equal(less({ { 3, 0, IMPLICIT } }), { ("context 1 (%s) left out"):format(CT), { CT .. "|" .. EXPLICIT } })
end

function cases.a_context_that_is_refused()
	for result, words in pairs({ "user rejection", "no reason given", "abstract syntax not supported",
		"transfer syntaxes not supported", "result 5", [255] = "result 255" }) do
		equal(less({ { 1, 0, EXPLICIT }, { 3, result, "" } }),
			{ ("context 3 (%s) refused: %s"):format(MR, words), { MR .. "|" .. IMPLICIT } })
	end
end

function cases.another_transfer_syntax()
	equal(less({ { 1, 0, IMPLICIT }, { 3, 0, IMPLICIT } }),
		{ ("context 1 (%s) accepted with %s instead of %s"):format(CT, IMPLICIT, EXPLICIT), { CT .. "|" .. EXPLICIT } })
end

function cases.text_of_the_archive_cannot_forge_the_log()
	local text = less({ { 1, 0, '1.2" error="\n' }, { 3, 0, IMPLICIT } })[1]
	equal(text, ("context 1 (%s) accepted with 1.2??error??? instead of %s"):format(CT, EXPLICIT))
	text = less({ { 1, 0, ("9"):rep(1000) }, { 3, 0, IMPLICIT } })[1]
	equal(text, ("context 1 (%s) accepted with %s instead of %s"):format(CT, ("9"):rep(64), EXPLICIT))
end

function cases.all_is_learned_and_the_first_is_told()
	equal(less({}, 8192), { ("context 1 (%s) left out"):format(CT),
		{ CT .. "|" .. EXPLICIT, MR .. "|" .. IMPLICIT, "length|8192" } })
end

function cases.a_smaller_maximum_length()
	local both = { { 1, 0, EXPLICIT }, { 3, 0, IMPLICIT } }
	equal(less(both, 16383), { "Maximum Length 16383 instead of 16384", { "length|16383" } })
	local unlimited = associate.ac(both, 0)
	equal(less(both, 1048576, unlimited), { "Maximum Length 1048576 instead of 0", { "length|1048576" } })
end

function cases.a_context_that_was_not_proposed()
	local its = associate.ac({ { 9, 0, EXPLICIT } })
	equal(less({}, nil, its), { "context 9 (unknown) left out", { "unknown|" .. EXPLICIT } })
end

function cases.a_rejection()
	local rejected = "the archive rejected the association "
	equal(judge(associate.rj(1, 1, 7)),
		{ rejected .. "permanently: called AE title not recognized (1/1/7)", "rejected 1/1/7", {} })
	equal(judge(associate.rj(2, 3, 2)),
		{ rejected .. "for the moment: local limit exceeded (2/3/2)", "rejected 2/3/2", {} })
	equal(judge(associate.rj(9, 8, 7)), { rejected .. "oddly: unknown reason (9/8/7)", "rejected 9/8/7", {} })
end

function cases.an_abort()
	equal(judge(associate.abort(2, 6)), { "the archive aborted the association (source 2, reason 6)", "aborted", {} })
end

function cases.what_is_no_answer()
	for _, answer in ipairs({ "HTTP", "\4\0\0\0\0\0", "\3\0\0\0\0\0", "\7\0\0\0\0\2\0\0" }) do -- the last two are cut
		equal(judge(answer), { ("the archive's answer to the A-ASSOCIATE-RQ begins with %02XH, it is no A-ASSOCIATE-AC")
			:format(answer:byte()), "no answer", {} })
	end
end

-- A cut AC never keeps a promise that the whole one breaks, and the other way round it breaks only what is cut off.
function cases.a_cut_ac()
	for cut = 1, #PROMISE do
		local why, word = breach.judge(PROMISE, PROMISE:sub(1, cut), RQ)
		equal(word, "promise")
		equal(why == nil or why:find("left out") ~= nil, true)
	end
end

tap.run(cases)
