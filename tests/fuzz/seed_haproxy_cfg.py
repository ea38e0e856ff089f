#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_haproxy_config.py DIRECTORY: the repository's own configuration, and what else is read of one."""
import glob
import os
import sys

import seeds

ALL = rb"""global
 setenv A "b c"
 presetenv B 'x'
 unsetenv C
defaults web
 mode http
 default_backend "${A[*]}"
defaults line from web
 mode tcp
 option spop-check
.if defined(A)
frontend f from line
 use_backend "x${D-y}" if { nbsrv(a) eq 0 }
.endif
listen l\x61
 disabled
backend "$B" from web
 enabled # yes
peers p
 mode http
"""
FILES = {"all": ALL}
for path in glob.glob(os.path.join(seeds.HERE, "..", "..", "haproxy", "*.cfg")):
    with open(path, "rb") as file:
        FILES[os.path.basename(path)] = file.read()
seeds.write(sys.argv[1], FILES)
