-- SPDX-License-Identifier: MIT
-- Unit tests of the Lua modules without HAProxy, under plain lua5.3, run from the root of the repository:
--     LUA_PATH='lua/?.lua;tests/unit/lua/?.lua' lua5.3 tests/unit/lua/test_pdu.lua
-- A test file calls run(cases), a table of functions by name, last. The output is TAP, the exit status 1 if one failed.

local M = {}

-- Deep comparison, for tables of plain values.
local function same(a, b)
	if type(a) ~= "table" or type(b) ~= "table" then return a == b end
	for key, value in pairs(a) do
		if not same(value, b[key]) then return false end
	end
	for key in pairs(b) do
		if a[key] == nil then return false end
	end
	return true
end

local function shown(value)
	if type(value) ~= "table" then return type(value) == "string" and ("%q"):format(value) or tostring(value) end
	local out = {}
	for key, it in pairs(value) do
		out[#out + 1] = ("[%s] = %s"):format(shown(key), shown(it))
	end
	table.sort(out)
	return "{ " .. table.concat(out, ", ") .. " }"
end

function M.equal(got, wanted)
	if not same(got, wanted) then error(("got %s, wanted %s"):format(shown(got), shown(wanted)), 2) end
end

-- Bytes from hexadecimal digits; spaces are for the reader.
function M.hex(text)
	return (text:gsub("%s", ""):gsub("%x%x", function(digits)
		return string.char(tonumber(digits, 16))
	end))
end

function M.run(cases)
	local names, failed = {}, 0
	for name in pairs(cases) do
		names[#names + 1] = name
	end
	table.sort(names)
	print("1.." .. #names)
	for number, name in ipairs(names) do
		local good, why = pcall(cases[name])
		failed = failed + (good and 0 or 1)
		print(("%s %d - %s"):format(good and "ok" or "not ok", number, name))
		if not good then print("# " .. tostring(why):gsub("\n", "\n# ")) end
	end
	os.exit(failed == 0)
end

return M
