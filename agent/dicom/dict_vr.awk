# SPDX-License-Identifier: MIT
# The VR of PS3.5 for one of DCMTK's, which has names of its own for VRs that depend on
# the context (dcvr.h).
function standard_vr(vr) {
	if (vr == "xs") return "US"
	if (vr == "lt" || vr == "ox" || vr == "px") return "OW"
	if (vr == "up") return "UL"
	if (vr == "na") return "UN"
	return vr
}
