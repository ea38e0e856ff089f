#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""seed_haproxy_config.py DIRECTORY: the repository's own configuration, and what else is read of one."""
import glob
import os
import sys

import seeds

ALL = rb"""global
 setenv A "b c"
defaults web
 mode http
 default_backend "${A-b}"
defaults line from web
 mode tcp
 option spop-check
 option tcp-check
 tcp-check send-binary 0100
 default-server check
 server s 10.0.0.1:104 no-check
.if defined(A)
frontend f from line
 use_backend "x${D-y}" if { nbsrv(a) eq 0 }
.endif
listen l\ a
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
