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
programs     := $(call bin,omrun) $(call bin,omd) $(call bin,omctl) $(call bin,om-remote)
calls        := $(patsubst test/calls/%.c,$(BUILD)/test/calls/%,$(wildcard test/calls/*.c))
aids         := $(patsubst test/aids/%.c,$(BUILD)/test/aids/%,$(wildcard test/aids/*.c))

all: $(programs)

$(call bin,omrun): $(call obj,tools/omrun.c $(deputy_src)) $(BUILD)/libom.a
$(call bin,omd): $(call obj,cluster/main.c $(cluster_src)) $(BUILD)/libom.a
$(call bin,omctl): $(call obj,$(omctl_src)) $(BUILD)/libom.a
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
$(BUILD)/test/unit: $(call obj,$(unit_src)) $(call obj,$(filter-out cluster/main.c,$(cluster_src))) $(BUILD)/libom.a
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

clean:
	rm -rf build build-*

.PHONY: all clean test-programs
.DELETE_ON_ERROR:

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
