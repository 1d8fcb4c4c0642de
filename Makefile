# SPDX-License-Identifier: GPL-2.0-or-later
# Build, test, measure and install openMosix in user space. `make help` lists the targets.

VERSION    := 0.1.0
PREFIX     ?= /usr/local
DESTDIR    ?=
SANITIZE   ?=
BUILD      ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
comma      := ,

CC         ?= cc
PKGS       := libuv libsodium libseccomp
CFLAGS     ?= -O2 -g
WARN       := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Werror
OM_CFLAGS  := -std=gnu17 -D_GNU_SOURCE -DOM_VERSION='"$(VERSION)"' -Iinclude -I. $(WARN) -fno-strict-aliasing \
              -fstack-protector-strong -D_FILE_OFFSET_BITS=64 $(shell pkg-config --cflags $(PKGS) 2>/dev/null) \
              $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer,-D_FORTIFY_SOURCE=2)
OM_LDFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE))
OM_LIBS    := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread

ifneq ($(V),1)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
endif

# --- what is built ---------------------------------------------------------------------------------------------
# One library of what two folders share, then one program per entry point. A folder's sources are all its .c files.
common_src   := $(filter-out common/parasite_blob.c,$(wildcard common/*.c))
deputy_src   := $(wildcard deputy/*.c)
remote_src   := $(filter-out remote/main.c,$(wildcard remote/*.c))
cluster_src  := $(filter-out cluster/main.c,$(wildcard cluster/*.c))
unit_src     := $(wildcard test/unit/*.c)
obj           = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
bin           = $(BUILD)/bin/$(1)

omctl_src    := $(wildcard tools/omctl*.c)
omps_src     := $(wildcard tools/omps*.c)
programs     := $(call bin,omrun) $(call bin,omd) $(call bin,omctl) $(call bin,omps) $(call bin,om-remote)
calls        := $(patsubst test/calls/%.c,$(BUILD)/test/calls/%,$(wildcard test/calls/*.c))
aids         := $(patsubst test/aids/%.c,$(BUILD)/test/aids/%,$(wildcard test/aids/*.c))

all: $(programs) ## build the programs (the default)

$(call bin,omrun): $(call obj,tools/omrun.c $(deputy_src)) $(BUILD)/libom.a
$(call bin,omd): $(call obj,cluster/main.c $(cluster_src)) $(BUILD)/libom.a
$(call bin,omctl): $(call obj,$(omctl_src)) $(BUILD)/libom.a
$(call bin,omps): $(call obj,$(omps_src)) $(BUILD)/libom.a
$(call bin,om-remote): $(call obj,remote/main.c $(remote_src)) $(BUILD)/libom.a
$(programs):
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(OM_LDFLAGS) $(LDFLAGS) -o $@ $^ $(OM_LIBS)

$(BUILD)/libom.a: $(call obj,$(common_src)) $(BUILD)/obj/common/parasite_embed.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/obj/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(OM_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The parasite is a flat position-independent blob: no libc, no relocations, no stack protector, one section.
$(BUILD)/obj/common/parasite.bin: common/parasite_blob.c common/parasite_blob.lds include/parasite.h
	$(call say,BLOB,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -Iinclude -O2 -Wall -Wextra -Werror -ffreestanding -nostdlib -fPIE -fno-stack-protector \
		-fcf-protection=none -fno-asynchronous-unwind-tables -mno-sse -mgeneral-regs-only -fno-builtin \
		-Wl,-T,common/parasite_blob.lds -Wl,--build-id=none -Wl,--oformat=binary -static -o $@ common/parasite_blob.c

$(BUILD)/obj/common/parasite_embed.o: $(BUILD)/obj/common/parasite.bin
	$(Q)printf '.section .rodata\n.global parasite_blob, parasite_blob_end\n.balign 16\nparasite_blob: .incbin "%s"\nparasite_blob_end:\n.section .note.GNU-stack,"",@progbits\n' $< | $(CC) -c -x assembler - -o $@

# --- tests -----------------------------------------------------------------------------------------------------
# Parts of programs, without their main(), that unit tests look into
sandbox_src  := $(addprefix remote/,sandbox.c init.c settle.c newborn.c spawn.c foreseen.c filter.c limits.c vdso.c notify.c fusemount.c)
unit_parts   := $(cluster_src) $(deputy_src) $(sandbox_src) remote/listing.c remote/promises.c $(filter-out tools/omps.c,$(omps_src))

$(BUILD)/test/unit: $(call obj,$(unit_src) $(unit_parts)) $(BUILD)/libom.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(OM_LDFLAGS) $(LDFLAGS) -o $@ $^ $(OM_LIBS) $(shell pkg-config --libs check)

# Test programs see only libc: they are what a user would run.
$(BUILD)/test/calls/%: test/calls/%.c $(wildcard test/calls/*.h)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wno-nonnull -Wno-stringop-overflow -Wno-unused-result -Wno-deprecated-declarations -o $@ $< -lpthread

$(BUILD)/test/aids/%: test/aids/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -o $@ $< -lpthread

test-programs: $(calls) $(aids)

# A suite is a command that ends with a line `N passed, N failed`; the last line of all is their sum.
# What a target needs beyond a compiler it installs itself; the flags of what was just installed are only known to
# another make, so each such target first installs, then calls make again.
unit_cmd     := $(BUILD)/test/unit
check_cmd    := BUILD=$(BUILD) test/check.sh

check: deps-try ## run all tests; the last line is `N passed, N failed`
	@$(MAKE) --no-print-directory check-run

check-run: all $(BUILD)/test/unit test-programs
	$(Q)test/all.sh 'BUILD=$(BUILD) test/house.sh' '$(unit_cmd)' '$(check_cmd)'

check-unit: deps-try ## run the unit tests alone
	@$(MAKE) --no-print-directory $(unit_cmd)
	$(Q)test/all.sh '$(unit_cmd)'

check-asan: ## run all tests on a build with AddressSanitizer and UBSan
	@ASAN_OPTIONS=$${ASAN_OPTIONS:-detect_stack_use_after_return=1} \
		UBSAN_OPTIONS=$${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1} \
		$(MAKE) --no-print-directory SANITIZE=address,undefined check

check-valgrind: deps-try ## run the unit tests, and omd and omctl, under valgrind
	@sh tools/deps.sh valgrind
	@$(MAKE) --no-print-directory check-valgrind-run

valgrind     := valgrind -q --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
                --error-exitcode=99
# Suites that valgrind cannot run: they trace and sandbox processes, or make calls with bad pointers on purpose
valgrind_not := body executor hostile monitor sandbox vdso \
                sysplan_faults sysplan_files sysplan_messages sysplan_shapes sysplan_vectors
check-valgrind-run: all $(BUILD)/test/unit test-programs
	$(Q)test/all.sh '$(valgrind) $(unit_cmd) $(valgrind_not:%=-%)' 'OMD_UNDER="$(valgrind)" $(check_cmd) omd'

# --- other ways to find faults -----------------------------------------------------------------------------------
sources      := $(wildcard common/*.c deputy/*.c remote/*.c cluster/*.c tools/*.c)
headers      := $(wildcard include/*.h common/*.h deputy/*.h remote/*.h cluster/*.h tools/*.h test/unit/*.h)
hosted       := $(filter-out common/parasite_blob.c,$(sources))
fuzz_src     := $(wildcard test/fuzz/*.c)
fuzz_names   := $(patsubst test/fuzz/%.c,%,$(fuzz_src))
FUZZ_SECONDS ?= 60

tidy: ## look at all sources with clang-tidy
	@sh tools/deps.sh $(build_packages) check clang clang-tidy
	$(Q)for f in $(hosted) $(unit_src); do $(if $(V),,printf '  %-7s %s\n' TIDY $$f;) \
		clang-tidy --quiet $$f -- $(filter-out -Werror,$(OM_CFLAGS)) 2>/dev/null || bad=1; done; [ -z "$$bad" ]

cppcheck: ## look at all sources with cppcheck
	@sh tools/deps.sh cppcheck
	$(Q)cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppressions-list=tools/cppcheck.suppress -D_GNU_SOURCE -DOM_VERSION='"$(VERSION)"' \
		-D__x86_64__ -Iinclude -I. $(hosted)

# Left out: variables that another file reads (SC2034), statuses that nobody asks for (SC2155), modes of directories
# that exist (SC2174)
shellcheck: ## look at all scripts with shellcheck
	@sh tools/deps.sh shellcheck
	$(Q)shellcheck -x -S warning -e SC2034,SC2155,SC2174 demo .ci/run test/*.sh bench/*.sh tools/*.sh tools/*.bash

# Fuzzers and the code under test are compiled by clang with coverage and sanitizers, in a build folder of their own.
fuzz: ## run each fuzzer for FUZZ_SECONDS seconds (60)
	@sh tools/deps.sh $(build_packages) clang
	@$(MAKE) --no-print-directory CC=clang BUILD=build-fuzz SANITIZE=fuzzer-no-link,address,undefined fuzz-run

fuzz-run: $(fuzz_names:%=$(BUILD)/test/fuzz/%)
	$(Q)set -e; for f in $(fuzz_names); do \
		mkdir -p $(BUILD)/corpus/$$f; seeds=test/fuzz/corpus/$$f; [ -d $$seeds ] || seeds=; \
		printf '  %-7s %s\n' FUZZ $$f; \
		$(BUILD)/test/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix=$(BUILD)/ $(BUILD)/corpus/$$f $$seeds >$(BUILD)/$$f.log 2>&1 || \
			{ tail -n 40 $(BUILD)/$$f.log; exit 1; }; \
		grep -h '^stat::number_of_executed_units' $(BUILD)/$$f.log; \
	done

$(BUILD)/libhalves.a: $(call obj,$(deputy_src) $(remote_src) $(cluster_src))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/test/fuzz/%: $(BUILD)/obj/test/fuzz/%.o $(BUILD)/libhalves.a $(BUILD)/libom.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=fuzzer $(OM_LDFLAGS) $(LDFLAGS) -o $@ $^ $(OM_LIBS)

format: ## format all sources
	@sh tools/deps.sh clang-format
	$(Q)clang-format -i $(sources) $(headers) $(unit_src) $(fuzz_src)

format-check: ## say which sources are not formatted
	@sh tools/deps.sh clang-format
	$(Q)clang-format --dry-run --Werror $(sources) $(headers) $(unit_src) $(fuzz_src)

# --- what is needed from Debian ----------------------------------------------------------------------------------
build_packages := gcc libc6-dev linux-libc-dev make pkg-config libuv1-dev libsodium-dev libseccomp-dev
# Lists of packages, one per line, '#' comments
packages_of   = $(shell sed 's/\#.*//' $(wildcard $(1)))

deps: ## install what building and testing need (Debian's packages; with sudo when not root)
	@sh tools/deps.sh $(build_packages) check $(call packages_of,test/packages.txt)

# Where nothing can be installed the tests that can run still run.
deps-try:
	@sh tools/deps.sh $(build_packages) check $(call packages_of,test/packages.txt) || true

demo: ## see a program run on another node
	@sh tools/deps.sh $(build_packages) $(call packages_of,tools/demo-packages.txt) || true
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) sh tools/demo.sh

bench: ## measure, each number next to its counterpart of the same run
	@sh tools/deps.sh $(build_packages) $(call packages_of,test/packages.txt bench/packages.txt) || true
	@$(MAKE) --no-print-directory all test-programs
	@BUILD=$(BUILD) bench/run.sh

# --- installation ------------------------------------------------------------------------------------------------
bindir       := $(PREFIX)/bin
libexecdir   := $(PREFIX)/libexec/openmosix
mandir       := $(PREFIX)/share/man
compdir      := $(PREFIX)/share/bash-completion/completions
unitdir      := $(PREFIX)/lib/systemd
commands     := omrun omd omctl omps
man_pages    := $(wildcard man/*.[1-8])

install: all ## install under $(DESTDIR)$(PREFIX)
	@$(MAKE) --no-print-directory install-built

# What was built, as it is: with other flags than those of the build nothing is built anew
install-built:
	$(Q)install -d $(DESTDIR)$(bindir) $(DESTDIR)$(libexecdir) $(DESTDIR)$(compdir) $(DESTDIR)$(unitdir)/system \
		$(DESTDIR)$(unitdir)/user
	$(Q)install -m 755 $(commands:%=$(BUILD)/bin/%) $(DESTDIR)$(bindir)
	$(Q)install -m 755 $(BUILD)/bin/om-remote $(DESTDIR)$(libexecdir)
	$(Q)for page in $(man_pages); do \
		install -D -m 644 $$page $(DESTDIR)$(mandir)/man$${page##*.}/$${page##*/}; done
	$(Q)for c in $(commands); do install -m 644 tools/completion.bash $(DESTDIR)$(compdir)/$$c; done
	$(Q)for d in system user; do sed 's|@bindir@|$(bindir)|' tools/omd-$$d.service.in > \
		$(DESTDIR)$(unitdir)/$$d/omd.service; chmod 644 $(DESTDIR)$(unitdir)/$$d/omd.service; done

uninstall: ## remove what install installed
	$(Q)rm -f $(commands:%=$(DESTDIR)$(bindir)/%) $(commands:%=$(DESTDIR)$(compdir)/%) \
		$(DESTDIR)$(libexecdir)/om-remote $(DESTDIR)$(unitdir)/system/omd.service \
		$(DESTDIR)$(unitdir)/user/omd.service
	$(Q)for page in $(man_pages); do rm -f $(DESTDIR)$(mandir)/man$${page##*.}/$${page##*/}; done
	$(Q)[ ! -d $(DESTDIR)$(libexecdir) ] || rmdir $(DESTDIR)$(libexecdir)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | while IFS="$$(printf '\t')" read -r t h; do \
		printf '  %-15s %s\n' "$$t" "$$h"; done
	@echo '  Variables: CC CFLAGS PREFIX DESTDIR SANITIZE BUILD FUZZ_SECONDS, V=1 shows commands'

clean: ## remove what was built
	rm -rf build build-*

.PHONY: all clean test-programs check check-run check-unit check-asan check-valgrind check-valgrind-run \
	tidy cppcheck shellcheck fuzz fuzz-run format format-check deps deps-try demo bench install install-built uninstall help
.DELETE_ON_ERROR:
.SECONDARY:

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
