-- SPDX-License-Identifier: MIT
-- counters: the metrics of what only HAProxy sees, for Prometheus. Requires nothing.
-- Each thread has a Lua state of its own, and counts in a variable of the process that no other thread writes:
-- a line "family{labels}\tnumber" for each counter.

local M, COUNTED, MAX_THREADS = {}, "proc.dicom.counted", 256
local FAMILIES = {
	{ "dicom_limited_total", "Associations refused because there were too many." },
	{ "dicom_splice_aborted_total", "Associations aborted after the SCU had been accepted for an archive." },
	{ "dicom_unanswered_total", "Associations that no archive has answered, refused." },
	{ "dicom_mixed_studies_total", "Associations with more than one study, all at one archive." },
	{ "dicom_fallbacks_total", "Associations that got the fallback pool, as the data set did not decide." },
}

function M.count(txn, family, labels)
	local what = ("%s{%s}\t"):format(family, labels)
	local old, found = txn:get_var(COUNTED .. core.thread) or "", false
	local new = old:gsub("([^\n]*\t)(%d+)\n", function(known, number)
		if known ~= what then return nil end
		found = true
		return ("%s%d\n"):format(known, tonumber(number) + 1)
	end)
	txn:set_var(COUNTED .. core.thread, found and new or new .. what .. "1\n")
end

-- The labels of the archive that the association is at.
function M.where(txn)
	return ('pool="%s",server="%s"'):format(txn.f:be_name() or "-", txn.f:srv_name() or "-")
end

-- The service: the sums over all threads, in the text format of Prometheus.
function M.serve(applet)
	local sums, names, out = {}, {}, {}
	for thread = 1, MAX_THREADS do
		for name, number in (applet:get_var(COUNTED .. thread) or ""):gmatch("([^\n]*)\t(%d+)\n") do
			names[#names + 1] = not sums[name] and name or nil
			sums[name] = (sums[name] or 0) + tonumber(number)
		end
	end
	table.sort(names)
	for _, family in ipairs(FAMILIES) do
		out[#out + 1] = ("# HELP %s %s\n# TYPE %s counter\n"):format(family[1], family[2], family[1])
		for _, name in ipairs(names) do
			local its = name:find(family[1] .. "{", 1, true) == 1
			out[#out + 1] = its and ("%s %d\n"):format(name, sums[name]) or nil
		end
	end
	local body = table.concat(out)
	applet:set_status(200)
	applet:add_header("content-type", "text/plain; version=0.0.4")
	applet:add_header("content-length", #body)
	applet:start_response()
	applet:send(body)
end

return M
