# SPDX-License-Identifier: MIT
# `make help` lists what can be made.

CC       ?= gcc
PYTHON   ?= /usr/bin/python3
BUILD    ?= build
CFLAGS   ?= -O2 -g
SANITIZE ?=
V        ?= 0

WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wcast-qual -Wundef -Wvla \
            -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Werror
HARDEN   := $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE
CPPFLAGS += -D_GNU_SOURCE -Iagent -I$(BUILD)
ALL_CFLAGS = -std=c11 -MMD -MP $(WARNINGS) $(HARDEN) $(CFLAGS) \
             $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_LDFLAGS = $(LDFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE),-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now -pie)
LDLIBS   = -lev -ljansson -lpcre2-8 -lutf8proc -lmicrohttpd -lnettle -lz -lpthread
comma    := ,
Q        := $(if $(filter 1,$(V)),,@)

# The dictionary is DCMTK's; Debian puts a library's number into the path.
DICOM_DIC   ?= $(firstword $(wildcard /usr/share/libdcmtk*/dicom.dic /usr/share/dcmtk*/dicom.dic))
PRIVATE_DIC ?= $(DICOM_DIC:dicom.dic=private.dic)
DCUID_H     ?= $(firstword $(wildcard /usr/include/dcmtk/dcmdata/dcuid.h))

SOURCES  := $(wildcard agent/*.c agent/*/*.c)
OBJECTS  := $(SOURCES:agent/%.c=$(BUILD)/agent/%.o)
LIBRARY  := $(filter-out $(BUILD)/agent/main.o,$(OBJECTS))
UNITS    := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*/*.c))

.PHONY: all help units bench samples run demo test endurance picture valgrind versions lint fuzz clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/dicom-spoa ## the agent: build/dicom-spoa

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

$(BUILD)/dicom-spoa: $(BUILD)/agent/main.o $(BUILD)/libagent.a
	$(Q)echo "  LD  $@"; $(CC) -o $@ $^ $(ALL_LDFLAGS) $(LDLIBS)

$(BUILD)/libagent.a: $(LIBRARY)
	$(Q)echo "  AR  $@"; rm -f $@; ar qcs $@ $^

$(BUILD)/agent/%.o: agent/%.c Makefile
	$(Q)mkdir -p $(@D); echo "  CC  $<"; $(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/agent/dicom/dict.o: $(patsubst %,$(BUILD)/dict_%.inc,attributes tags private uids uid_names)

# strcmp order of the first column, which ends before its quote
DICT_SORT := LC_ALL=C tr '"' '\001' | LC_ALL=C sort | LC_ALL=C tr '\001' '"'

$(BUILD)/dict_attributes.inc: agent/dicom/dict_vr.awk agent/dicom/dict_attributes.awk $(DICOM_DIC)
	$(Q)mkdir -p $(@D); echo "  GEN $@"; \
	test -n "$(DICOM_DIC)" || { echo "DCMTK's dicom.dic was not found (package libdcmtk17); set DICOM_DIC" >&2; exit 1; }; \
	LC_ALL=C awk -f agent/dicom/dict_vr.awk -f agent/dicom/dict_attributes.awk "$(DICOM_DIC)" | $(DICT_SORT) > $@

# the numbers of the rows in the order of their tags
$(BUILD)/dict_tags.inc: $(BUILD)/dict_attributes.inc
	$(Q)echo "  GEN $@"; \
	awk -F', ' '{ print $$2, NR - 1 }' $< | LC_ALL=C sort -k1,1 -k2,2n | awk '{ print $$2 "," }' > $@

$(BUILD)/dict_private.inc: agent/dicom/dict_vr.awk agent/dicom/dict_private.awk $(PRIVATE_DIC)
	$(Q)mkdir -p $(@D); echo "  GEN $@"; \
	LC_ALL=C awk -f agent/dicom/dict_vr.awk -f agent/dicom/dict_private.awk "$(PRIVATE_DIC)" | $(DICT_SORT) > $@

$(BUILD)/dict_uids.inc $(BUILD)/dict_uid_names.inc: $(BUILD)/dict_%.inc: agent/dicom/dict_uids.awk $(DCUID_H)
	$(Q)mkdir -p $(@D); echo "  GEN $@"; \
	test -n "$(DCUID_H)" || { echo "DCMTK's dcuid.h was not found (package libdcmtk-dev); set DCUID_H" >&2; exit 1; }; \
	LC_ALL=C awk -v by=$(if $(filter uids,$*),uid,name) -f $< "$(DCUID_H)" | $(DICT_SORT) > $@

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libagent.a
	$(Q)mkdir -p $(@D); echo "  CC  $<"; $(CC) $(CPPFLAGS) -Itests/unit $(ALL_CFLAGS) -Wno-unused-parameter -o $@ $< $(BUILD)/libagent.a $(ALL_LDFLAGS) -lcmocka $(LDLIBS)

# so that every allocation can fail, time pass, and a file change while it is read
$(BUILD)/unit/loader/test_policy_file: LDFLAGS += $(addprefix -Wl$(comma)--wrap=,calloc realloc reallocarray strdup)
$(BUILD)/unit/net/test_endpoint: LDFLAGS += -Wl,--wrap=getaddrinfo
$(BUILD)/unit/policy/test_memory: LDFLAGS += -Wl,--wrap=calloc
$(BUILD)/unit/policy/test_store: LDFLAGS += $(addprefix -Wl$(comma)--wrap=,calloc clock_gettime policy_free)
$(BUILD)/unit/serve/test_reload: LDFLAGS += -Wl,--wrap=open

# The fuzz targets as unit tests: each is given its seeds, and the inputs that made it fail once.
REPLAYS := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/unit/fuzz/test_%,$(wildcard tests/fuzz/fuzz_*.c))

$(BUILD)/unit/fuzz/test_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.h $(BUILD)/libagent.a
	$(Q)mkdir -p $(@D); echo "  CC  $<"; \
	! test -f tests/fuzz/seed_$*.py || $(PYTHON) -B tests/fuzz/seed_$*.py $(@D)/seeds/$* && \
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -include tests/fuzz/replay.h \
		-DREPLAY='"tests/fuzz/found/$*", "$(@D)/seeds/$*"' -o $@ $< $(BUILD)/libagent.a $(ALL_LDFLAGS) $(LDLIBS)

units: $(UNITS) $(REPLAYS) ## the unit-test programs, build/unit/*/test_*

$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/libagent.a
	$(Q)mkdir -p $(@D); echo "  CC  $<"; $(CC) $(CPPFLAGS) -Itests/unit $(ALL_CFLAGS) -o $@ $< $(BUILD)/libagent.a $(ALL_LDFLAGS) $(LDLIBS)

bench: $(BUILD)/bench/bench_policy ## what a decision costs with 10 to 10,000 rules
	$(Q)$<

samples: ## the DICOM samples, build/samples/*.dcm
	$(Q)echo "  GEN $(BUILD)/samples"; $(PYTHON) -B dicom-samples/build.py $(BUILD)/samples

# the second make sees what the first one installed
run: ## the load balancer with real archives on this machine, until Ctrl-C
	$(Q).ci/install build run
	$(Q)$(MAKE) --no-print-directory all samples
	$(Q)exec $(PYTHON) -B tests/demo/demo.py --stay

demo: ## the same, and it ends when every sample is where it belongs
	$(Q).ci/install build run
	$(Q)$(MAKE) --no-print-directory all samples
	$(Q)exec $(PYTHON) -B tests/demo/demo.py

# clang instruments the agent's sources, in a build of their own.
FUZZ_TIME ?= 60
CLANG     ?= clang
FUZZERS   := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

$(BUILD)/fuzz/clang/libagent.a: FORCE
	$(Q)$(MAKE) --no-print-directory BUILD=$(@D) CC="$(CLANG)" CFLAGS="-O1 -g" WARNINGS= \
		SANITIZE=fuzzer-no-link,address,undefined $@

$(BUILD)/fuzz/%: tests/fuzz/fuzz_%.c $(BUILD)/fuzz/clang/libagent.a
	$(Q)echo "  FUZZ $@"; $(CLANG) -std=c11 $(CPPFLAGS) -g -O1 -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all -o $@ $^ $(LDLIBS)

fuzz: $(FUZZERS) ## fuzz every tests/fuzz/fuzz_*.c for FUZZ_TIME seconds (needs clang)
	$(Q)set -e; for f in $(^F); do \
		corpus=$(BUILD)/fuzz/corpus-$$f; mkdir -p $$corpus; \
		! test -f tests/fuzz/seed_$$f.py || $(PYTHON) tests/fuzz/seed_$$f.py $$corpus; \
		echo "  RUN  $(BUILD)/fuzz/$$f"; $(BUILD)/fuzz/$$f -max_total_time=$(FUZZ_TIME) -artifact_prefix=$(BUILD)/fuzz/$$f- \
		$$(ls tests/fuzz/$$f.dict 2>/dev/null | sed s/^/-dict=/) $$corpus >$(BUILD)/fuzz/$$f.log 2>&1 || { \
			grep -v '^#' $(BUILD)/fuzz/$$f.log; exit 1; }; \
		grep '^Done' $(BUILD)/fuzz/$$f.log; done

# The agent and the unit tests run with the sanitizers.
test: ## everything that must hold, against real HAProxy and DCMTK; under 15 minutes
	$(Q).ci/install build run test
	$(Q)$(MAKE) --no-print-directory all samples
	$(Q)$(MAKE) --no-print-directory BUILD=build/asan SANITIZE=address,undefined all units
	$(Q).ci/lint
	$(Q)BUILD=build/asan tests/run

# what takes a few seconds of `make test`
SECONDS_OF_LOAD ?= 600
INSTANCES       ?= 50000
picture: all ## docs/monitoring/run.svg: what Prometheus sees of a run of three minutes
	$(Q).ci/install run test
	$(Q)$(PYTHON) -B tests/monitoring/picture.py docs/monitoring/run.svg

endurance: all ## upgrades and dying archives under load, for longer: SECONDS_OF_LOAD=600 INSTANCES=50000
	$(Q).ci/install build run test
	$(Q)SECONDS_OF_LOAD=$(SECONDS_OF_LOAD) INSTANCES=$(INSTANCES) $(PYTHON) -m pytest -p no:cacheprovider -rP \
		tests/e2e/operation/test_upgrades.py tests/e2e/failure/test_archive_dies.py

valgrind: all units ## the same with valgrind instead of the sanitizers; takes longer
	$(Q).ci/install run test
	$(Q)AGENT_WRAPPER="$(VALGRIND)" UNIT_WRAPPER="$(VALGRIND)" tests/run

VALGRIND := valgrind --quiet --error-exitcode=99 --leak-check=full

versions: test ## the same with HAProxy 3.0 and later, from other Debian suites
	$(Q).ci/install versions
	$(Q)BUILD=build/asan tests/versions

lint: ## cppcheck, luacheck, shellcheck, the order of the folders
	$(Q).ci/lint

clean: ## remove what was built
	rm -rf build

-include $(wildcard $(BUILD)/agent/*.d $(BUILD)/agent/*/*.d $(BUILD)/unit/*/*.d $(BUILD)/bench/*.d)
