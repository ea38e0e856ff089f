-- SPDX-License-Identifier: MIT
-- What HAProxy 2.6 to 3.4 itself does for DICOM: registers the actions that the rules of dicom.cfg call, two filters,
-- fetches for the agent and the log, and the metrics. Everything else about DICOM is in the agent.
-- Modules, each may require those before it: pdu, breach, counters, checks, channel, endings, rules, splice, studies.

-- One Lua state for all threads makes HAProxy 2.6 crash within seconds (haproxy#2467).
assert(core.thread ~= 0, "dicom.lua: load it with lua-load-per-thread, not with lua-load")

local rules, endings = require("dicom.rules"), require("dicom.endings")
local splice, studies = require("dicom.splice"), require("dicom.studies")

core.register_action("dicom-begin", { "tcp-req" }, rules.begin, 3)
core.register_action("dicom-next", { "tcp-req" }, rules.next)
core.register_action("dicom-decided", { "tcp-req" }, rules.decided)
core.register_filter("dicom-splice", splice, splice.parse)
core.register_filter("dicom-studies", studies, studies.parse)
core.register_fetches("dicom_down", rules.down)
core.register_fetches("dicom_ended", endings.fetch("ended"))
core.register_fetches("dicom_by", endings.fetch("by"))
core.register_task(require("dicom.checks").watch)
core.register_service("dicom-metrics", "http", require("dicom.counters").serve)
