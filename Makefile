# cooper: `make help` lists the targets. Clean for GNU make 3.81; needs a C17 compiler and pkg-config.

CONFIG ?= release
CC ?= cc
OS := $(shell uname -s)
BUILD := build/$(CONFIG)
PREFIX ?= /usr/local

PACKAGES := libcurl libgit2 yaml-0.1 libcrypto libarchive liblzma jansson zlib libutf8proc
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wswitch-enum -Wundef -fno-common
WERROR ?= $(if $(CI),-Werror)
OPT_debug := -O0 -g
OPT_release := -O2 -g
OPT_asan := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
OPT_tsan := -O1 -g -fsanitize=thread
OPT_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
OPT_cov := -O0 -g --coverage
# calls of libc's that are made to fail, one place after the other: tests/fault
OPT_fault := -O1 -g -fno-optimize-sibling-calls

# Homebrew keeps out of sight what macOS has too, in an older version or without headers.
KEGS := curl libarchive openssl@3 zlib
BREW := $(if $(filter Darwin,$(OS)),$(shell PATH="$$PATH:/opt/homebrew/bin:/usr/local/bin"; brew --prefix 2>/dev/null))
space := $(subst ,, )
comma := ,
KEG_PATH := $(if $(BREW),$(subst $(space),:,$(KEGS:%=$(BREW)/opt/%/lib/pkgconfig)))
PKG_CONFIG := $(if $(BREW),PATH="$$PATH:$(BREW)/bin" PKG_CONFIG_PATH="$(KEG_PATH):$$PKG_CONFIG_PATH") pkg-config
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)
# Where the host's liblzma is slow, packaging/liblzma.sh put another one here; what libarchive needs stays the host's.
LZMA := $(wildcard build/liblzma/lib/liblzma.a)
ifneq ($(LZMA),)
PKG_CFLAGS := -Ibuild/liblzma/include $(PKG_CFLAGS)
PKG_LIBS := -Lbuild/liblzma/lib -Wl,--exclude-libs,liblzma.a $(PKG_LIBS)
endif
CMOCKA = $(shell $(PKG_CONFIG) --cflags --libs cmocka 2>/dev/null || echo -lcmocka)
VERSION := 0.1.0
CPPFLAGS += -D_GNU_SOURCE -DCOOPER_VERSION=\"$(VERSION)\" -iquote cmd/lib $(PKG_CFLAGS)
CFLAGS += -std=c17 $(OPT_$(CONFIG)) $(WARN) $(WERROR)
LDFLAGS += $(filter -fsanitize% --coverage,$(OPT_$(CONFIG)))
LDLIBS += $(PKG_LIBS) -lpthread

OS_FILE := $(if $(filter Darwin,$(OS)),darwin,linux)
LIB_SRC := $(filter-out cmd/lib/sys/os_%.c,$(wildcard cmd/lib/*/*.c)) $(wildcard cmd/lib/sys/os_$(OS_FILE)*.c)
BIN_SRC := $(wildcard cmd/cooper/*.c)
TEST_SRC := $(wildcard tests/unit/test_*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
BIN_OBJ := $(BIN_SRC:%.c=$(BUILD)/%.o)
TESTS := $(TEST_SRC:%.c=$(BUILD)/%)

# V=1 shows whole command lines, make -s nothing
silent := $(findstring s,$(firstword -$(MAKEFLAGS)))
say = $(if $(V),,@$(if $(silent),,echo '  $(1) $(2)' &&))

all: $(BUILD)/cooper ## compile cooper (CONFIG=debug|release|asan|tsan|cov|fault)

$(BUILD)/cooper: $(BIN_OBJ) $(BUILD)/libcooper.a $(LZMA)
	$(call say,LINK,$@)$(CC) $(LDFLAGS) -o $@ $(BIN_OBJ) $(BUILD)/libcooper.a $(LDLIBS)

$(BUILD)/libcooper.a: $(LIB_OBJ)
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/test_%: tests/unit/test_%.c $(BUILD)/libcooper.a $(BUILD)/tests/unit/harness.o
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(CPPFLAGS) -iquote tests/unit -Dmain=test_main $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(BUILD)/tests/unit/harness.o $(BUILD)/libcooper.a $(LDLIBS) $(CMOCKA)

$(BUILD)/tests/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/libcooper.a
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)$(CC) $(CPPFLAGS) -iquote tests/fuzz $(CFLAGS) -MMD -MP $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/libcooper.a $(LDLIBS)

# cooper with another list of monitors: an object that is named comes before the archive's of the same symbol.
SCRIPTED_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/scripted/*.c))
scripted: $(BUILD)/tests/cooper-scripted # cooper for tests/scripted/life.sh
$(BUILD)/tests/scripted/%.o: CPPFLAGS += -iquote tests/scripted
FAULT_OBJ := $(if $(filter fault,$(CONFIG)),$(BUILD)/tests/fault/faults.o)
$(BUILD)/tests/cooper-scripted: LDFLAGS += $(if $(FAULT_OBJ),-Wl$(comma)@tests/fault/wrap)
$(BUILD)/tests/cooper-scripted: $(BIN_OBJ) $(SCRIPTED_OBJ) $(FAULT_OBJ) $(BUILD)/libcooper.a $(LZMA)
	$(call say,LINK,$@)$(CC) $(LDFLAGS) -o $@ $(BIN_OBJ) $(SCRIPTED_OBJ) $(FAULT_OBJ) $(BUILD)/libcooper.a $(LDLIBS)

$(BUILD)/tests/fault/outside: tests/fault/outside.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) -D_GNU_SOURCE $(CFLAGS) $(LDFLAGS) -o $@ $<

# Rebuilt when compiler or flags change, so that one build folder never mixes two.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@$(PKG_CONFIG) --exists $(PACKAGES) || { echo "cooper: missing libraries among: $(PACKAGES)"; \
	  echo "  run: sh packaging/host-packages.sh build  (make up and make check do)"; exit 1; }
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS)' | cmp -s - $@ || \
	  echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS)' > $@

up: ## install what is missing, compile, and run `cooper up`
	@sh packaging/host-packages.sh build
	@$(MAKE) --no-print-directory CONFIG=release all
	build/release/cooper up --yes

check: ## install what is missing, compile (gcc, clang, sanitizers), and run every quick test
	@sh packaging/host-packages.sh test
	@sh tests/check.sh

check-unit: $(TESTS)
	@sh tests/run-unit.sh $(TESTS)

# what runs in threads; the unpacker's child does not start under this sanitizer
THREADS := $(foreach t,fetch fetch_http fetch_parallel fetch_resume fetch_wait fetch_writer file_pool graph inflate store,build/tsan/tests/unit/test_$t)
check-threads: ## the unit tests of what runs in threads, under ThreadSanitizer
	@$(MAKE) --no-print-directory -s CONFIG=tsan $(THREADS)
	@sh tests/run-unit.sh $(THREADS)

DEST = $(DESTDIR)$(PREFIX)
install: all ## program, recipes, manual page and completions below PREFIX (default /usr/local)
	install -d $(DEST)/bin $(DEST)/lib/cooper $(DEST)/share/man/man1 $(DEST)/share/bash-completion/completions \
	  $(DEST)/share/zsh/site-functions $(DEST)/share/fish/vendor_completions.d
	install -m 755 $(BUILD)/cooper $(DEST)/bin/cooper
	cp -R recipes vmimages patches $(DEST)/lib/cooper/
	$(BUILD)/cooper tool man > $(DEST)/share/man/man1/cooper.1
	$(BUILD)/cooper completion bash > $(DEST)/share/bash-completion/completions/cooper
	$(BUILD)/cooper completion zsh > $(DEST)/share/zsh/site-functions/_cooper
	$(BUILD)/cooper completion fish > $(DEST)/share/fish/vendor_completions.d/cooper.fish

dist: ## build/dist: the source archive, and install.sh that fetches it from URL (a folder) by its digest
	@sh packaging/dist.sh $(VERSION) $(URL)

e2e: ## an aarch64 guest under the QEMU just built runs an x86_64 container; minutes
	@sh packaging/host-packages.sh test
	@$(MAKE) --no-print-directory CONFIG=release all
	@bash tests/e2e/run.sh

torture: ## every call fails once with each errno, and is killed once; TORTURE_SECONDS (1800)
	@bash tests/fault/torture.sh $(or $(TORTURE_SECONDS),1800) $(or $(TORTURE_SEED),1) $(TORTURE_POINTS)

mutation: ## one protection after the other is taken away: the test that must see it does; half an hour
	@bash tests/mutation/run.sh

coverage: ## what share of lib's lines the quick tests run; fails below 85 %
	@sh packaging/host-packages.sh test
	@sh tests/coverage.sh

lint: ## the layer law and other rules that a compiler does not check
	@sh tests/lint/run.sh

check-darwin: ## on Debian: compile every source for macOS, arm64 and x86_64, and link real executables
	@sh packaging/host-packages.sh darwin
	@PACKAGES='$(PACKAGES)' WARN='$(WARN)' VERSION='$(VERSION)' bash tests/darwin/check.sh

bench: ## ratios against the tools people would use instead; writes docs/performance.md; minutes
	@sh packaging/host-packages.sh bench
	@$(MAKE) --no-print-directory CONFIG=release all
	@bash tests/bench/run.sh

fuzz: ## libFuzzer on every parser, FUZZ_SECONDS (20) each; needs clang
	@sh packaging/host-packages.sh test
	@sh tests/fuzz/run.sh

golden: all ## rewrite expected outputs; review the diff
	@sh tests/golden/errors.sh --rewrite
	@sh tests/golden/hosts.sh --rewrite
	@sh tests/golden/machine.sh --rewrite

docs: all ## rewrite docs/recipes.md, docs/compatibility.md and recipes/schema.json from the tables
	$(BUILD)/cooper tool docs > docs/recipes.md
	$(BUILD)/cooper tool schema > recipes/schema.json
	$(BUILD)/cooper tool rules > docs/compatibility.md

libraries: # whether they are there; install.sh asks
	@$(PKG_CONFIG) --exists $(PACKAGES)

clean: ## remove what make made
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

FORCE:
.PHONY: all scripted install dist up check check-unit check-darwin e2e mutation coverage lint bench fuzz golden docs libraries clean help FORCE
.SECONDARY:
-include $(LIB_OBJ:.o=.d) $(BIN_OBJ:.o=.d) $(TESTS:=.d) $(SCRIPTED_OBJ:.o=.d)
