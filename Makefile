# bookingd: one Makefile, no recursion. `make help` lists what it can do.
#
#   BUILD=dir            where everything is put (build)
#   SANITIZE=address     AddressSanitizer and UBSan; SANITIZE=thread: ThreadSanitizer. Each builds into a folder of its own
#   VALGRIND=1           units, and the daemons of `make test`, run under Valgrind
#   WERROR=1             warnings are errors (CI and `make lint`)
#   V=1                  show every command in full instead of `CC src/main.c`

SHELL       := /bin/sh
BUILD       ?= build
SANITIZE    ?=
VERSION     := 0.2.0
PREFIX      ?= /usr/local
DESTDIR     ?=
STRIP       ?= -s

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

# In a recipe: $(call run,CC,what) in front of a command tells it in short, or with V=1 in full.
run = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

OUT := $(BUILD)$(if $(SANITIZE),/$(SANITIZE))
GEN := $(OUT)/gen

# ---------------------------------------------------------------- compiler

PACKAGES := libmicrohttpd jansson libical libpq libcurl libcrypto expat
CC       ?= cc
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
            -Wvla -Wswitch-enum -Wnull-dereference $(if $(WERROR),-Werror)
HARDEN   := $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3) -fstack-protector-strong -fPIE
OPTIMIZE := $(if $(SANITIZE),-O1 -fno-omit-frame-pointer,-O2) -g
SANITIZERS_address := -fsanitize=address,undefined -fno-sanitize-recover=undefined
SANITIZERS_thread  := -fsanitize=thread
SANITIZERS := $(SANITIZERS_$(SANITIZE))

CPPFLAGS += -D_GNU_SOURCE -DBOOKINGD_VERSION='"$(VERSION)"' -Iinclude -I$(GEN)
CFLAGS   += -std=gnu17 $(OPTIMIZE) $(WARNINGS) $(HARDEN) $(SANITIZERS) -pthread $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
LDFLAGS  += -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANITIZERS) -pthread
LDLIBS   += $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lz -lresolv -lm

# `make run` and `make test` install what is missing first; a plain build leaves the system as it is.
PREPARED := $(if $(filter run bench bench-peers,$(MAKECMDGOALS)),packages) $(if $(filter test test-faults test-monitoring test-recurrence test-browser,$(MAKECMDGOALS)),packages-tests) $(if $(filter fuzz lint format model,$(MAKECMDGOALS)),packages-checks)

.PHONY: packages packages-tests packages-checks
packages: ## install the Debian packages that are missing
	@config/install-packages
packages-tests:
	@config/install-packages config/packages.txt config/packages-tests.txt
packages-checks:
	@config/install-packages config/packages.txt config/packages-checks.txt

# ---------------------------------------------------------------- SQL

# SQL becomes tables that the C sources include: a statement that does not exist does not compile.
QUERIES    := $(sort $(wildcard sql/queries/*.sql))
MIGRATIONS := $(sort $(wildcard sql/migrations/*.sql))
FUNCTIONS  := $(sort $(wildcard sql/functions/*.sql))
GENERATED  += $(GEN)/queries.h $(GEN)/migrations.h $(GEN)/functions.h $(GEN)/takeover.h $(GEN)/grants.h

$(GEN)/queries.h: sql/queries.awk $(wildcard sql/queries) $(QUERIES)
	@mkdir -p $(@D)
	$(call run,AWK,$@)awk -f $< $(QUERIES) /dev/null >$@

$(GEN)/migrations.h: sql/migrations.awk $(wildcard sql/migrations sql/migrations/seconds.txt) $(MIGRATIONS)
	@mkdir -p $(@D)
	$(call run,AWK,$@)awk -f $< $(MIGRATIONS) /dev/null >$@

$(GEN)/functions.h: sql/functions.awk $(wildcard sql/functions) $(FUNCTIONS)
	@mkdir -p $(@D)
	$(call run,AWK,$@)awk -f $< $(FUNCTIONS) /dev/null >$@

$(GEN)/grants.h: sql/grants.awk $(MIGRATIONS) $(FUNCTIONS) $(QUERIES)
	@mkdir -p $(@D)
	$(call run,AWK,$@)awk -f $^ >$@

$(GEN)/takeover.h: sql/takeover.sql
	@mkdir -p $(@D)
	$(call run,SED,$@)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@

# ---------------------------------------------------------------- web

# The pages' files become a table too, with compressed twins.
WEB       := $(sort $(shell find src/web -type f))
GENERATED += $(GEN)/assets.h

$(GEN)/assets.h: src/web/embed.sh $(shell find src/web -type d) $(WEB)
	@mkdir -p $(@D)
	$(call run,EMBED,$@)sh $< $(GEN)/web >$@

# ---------------------------------------------------------------- layers, lowest first; a layer may use those before it

LAYERS   := base domain http net db calendar notice app api
sources   = $(sort $(wildcard src/$(1)/*.c))
objects   = $(patsubst %.c,$(OUT)/%.o,$(1))
archive   = $(OUT)/lib$(1).a
# The archives a layer links with, highest first.
reverse   = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
upto_base   := base
upto_domain := base domain
upto_http   := base domain http
upto_net    := base domain net
upto_db     := base domain db
upto_calendar := base domain net db calendar
upto_notice   := base domain net db notice
upto_app    := base domain net db calendar notice app
upto_api    := $(LAYERS)
ARCHIVES := $(foreach layer,$(call reverse,$(LAYERS)),$(call archive,$(layer)))

.PHONY: all
all: $(OUT)/bookingd ## build bookingd

$(OUT)/bookingd: $(call objects,$(wildcard src/*.c src/commands/*.c)) $(ARCHIVES)
	$(call run,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

define layer_rule
$(call archive,$(1)): $(call objects,$(call sources,$(1)))
	@rm -f $$@
	$$(call run,AR,$$@)$(AR) rcsD $$@ $$^
endef
$(foreach layer,$(LAYERS),$(eval $(call layer_rule,$(layer))))

$(OUT)/%.o: %.c | $(GENERATED) $(PREPARED)
	@mkdir -p $(@D)
	$(call run,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# By .incbin, of which -MMD does not know.
$(OUT)/src/api/openapi.o: src/api/openapi_schemas.json

# ---------------------------------------------------------------- tests

# tests/unit/<layer>/test_<module>.c links with that layer and those below it only, so the linker proves what it may use:
# base and domain get no library that speaks to a network or a database.
PURE_LIBS_base   := jansson libcrypto
PURE_LIBS_domain := jansson libical libcrypto
UNIT_SOURCES := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_TESTS   := $(patsubst %.c,$(OUT)/%,$(UNIT_SOURCES))

define unit_rule
$(OUT)/tests/unit/$(1)/%: $(OUT)/tests/unit/$(1)/%.o $(foreach layer,$(call reverse,$(upto_$(1))),$(call archive,$(layer)))
	$$(call run,LINK,$$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $$@ $$^ -lcmocka $$(if $$(PURE_LIBS_$(1)),$$(shell pkg-config --libs $$(PURE_LIBS_$(1)) 2>/dev/null) -lm,$$(LDLIBS))
endef
$(foreach layer,$(LAYERS),$(eval $(call unit_rule,$(layer))))

$(OUT)/tests/unit/main/test_config: $(call objects,tests/unit/main/test_config.c src/config.c src/config_unknown.c src/config_value.c src/config_document.c) $(call archive,db) $(call archive,base)
	$(call run,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

.PHONY: unit
# Each program may take UNIT_SECONDS: one that hangs fails with its name instead of holding everything up.
UNIT_SECONDS ?= $(if $(VALGRIND),3600,$(if $(SANITIZE),900,300))
UNDER := $(if $(VALGRIND),valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=99)
UNIT_RUNS := $(UNIT_TESTS:%=%.run)
.PHONY: $(UNIT_RUNS)
unit: $(UNIT_RUNS) ## run the unit tests
$(UNIT_RUNS): %.run: %
	@timeout --signal=ABRT --kill-after=5 $(UNIT_SECONDS) $(UNDER) $* >$*.log 2>&1; status=$$?; echo "# $*"; cat $*.log; \
	[ $$status -ne 124 ] || echo "# $*: not done within $(UNIT_SECONDS) seconds"; exit $$status

# C programs that tests/db runs against a PostgreSQL. test_db has a table of statements of its own.
DB_TESTS := $(OUT)/tests/db/test_db $(OUT)/tests/db/test_statements
DB_TESTED := $(patsubst %,src/db/%.c,connection database db listen parameter query rows)

$(OUT)/tests/db/gen/queries.h: sql/queries.awk tests/db/statements.sql
	@mkdir -p $(@D)
	$(call run,AWK,$@)awk -f $^ >$@

$(OUT)/tests/db/test_db: $(OUT)/tests/db/gen/queries.h $(wildcard tests/db/*.c tests/db/*.h) $(DB_TESTED) $(wildcard src/db/*.h include/db/*.h) $(call archive,base)
	$(call run,CC,$@)$(CC) -I$(<D) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ tests/db/test_db.c $(DB_TESTED) $(call archive,base) -lcmocka $(LDLIBS)

$(OUT)/tests/db/test_statements: $(OUT)/tests/db/test_statements.o $(foreach layer,$(call reverse,$(upto_db)),$(call archive,$(layer)))
	$(call run,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# Programs that make calls as tests/net/*.test.mjs tell them.
NET_TESTS := $(OUT)/tests/net/google_calls $(OUT)/tests/net/mail_calls
$(NET_TESTS): $(OUT)/%: $(OUT)/%.o $(foreach layer,$(call reverse,$(upto_net)),$(call archive,$(layer)))
	$(call run,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Programs of their own that tests and benchmarks start: tests/race, tests/bench and tests/domain, over the HTTP layer or the domain.
TEST_PROGRAMS := $(patsubst %.c,$(OUT)/%,$(wildcard tests/race/*.c tests/bench/*.c tests/domain/*.c))

$(TEST_PROGRAMS): $(OUT)/%: $(OUT)/%.o $(call archive,http) $(call archive,domain) $(call archive,base)
	$(call run,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# A library that a test loads into the daemon: names and addresses that do not exist.
STRANGE_NETWORK := $(OUT)/tests/harness/strange_network.so
$(STRANGE_NETWORK): tests/harness/strange_network.c
	@mkdir -p $(@D)
	$(call run,CC,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -o $@ $< -ldl

# Everything that says whether it works: units, then end to end with the real binary (tests/harness/README.md).
.PHONY: test test-programs
test-programs: $(UNIT_TESTS) $(OUT)/bookingd $(DB_TESTS) $(NET_TESTS) $(TEST_PROGRAMS) $(STRANGE_NETWORK)
test: unit test-programs ## run all tests; TESTS="tests/api tests/http" for some, EXCEPT="tests/api" for the others
	@BOOKINGD=$(OUT)/bookingd SANITIZE=$(SANITIZE) VALGRIND=$(VALGRIND) EXCEPT="$(EXCEPT)" node tests/run.mjs $(TESTS)

# The same binary with named places where a test has it die (include/base/crash_point.h).
CRASH_OUT := $(BUILD)/crash
CRASH_OBJECTS := $(patsubst %.c,$(CRASH_OUT)/%.o,$(wildcard src/*.c src/commands/*.c) $(foreach layer,$(LAYERS),$(call sources,$(layer))))
$(CRASH_OUT)/%.o: %.c | $(GENERATED) $(PREPARED)
	@mkdir -p $(@D)
	$(call run,CC,$<)$(CC) -DCRASH_POINTS $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(CRASH_OUT)/bookingd: $(CRASH_OBJECTS)
	$(call run,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Kills, crashes and freezes at random under load for SECONDS, each round judged by a program of its own.
SECONDS ?= 60
.PHONY: test-faults
test-faults: $(OUT)/bookingd $(CRASH_OUT)/bookingd ## kill, crash and freeze bookingd and PostgreSQL for SECONDS (60)
	@BOOKINGD=$(OUT)/bookingd CRASHING=$(CRASH_OUT)/bookingd SECONDS=$(SECONDS) node tests/run.mjs tests/crash

# Prometheus over the daemon's figures: the alert rules and the dashboard of config/.
.PHONY: test-monitoring
test-monitoring: $(OUT)/bookingd ## test alert rules and dashboard with Prometheus
	@config/install-packages config/packages-monitoring.txt
	@BOOKINGD=$(OUT)/bookingd node tests/run.mjs tests/monitoring

# Three daemons behind HAProxy over a PostgreSQL of three servers that Patroni looks after.
FAILOVERS ?= 3
.PHONY: test-cluster
test-cluster: $(OUT)/bookingd ## kill daemons and fail PostgreSQL over FAILOVERS (3) times, under load
	@config/install-packages config/packages.txt config/packages-cluster.txt
	@BOOKINGD=$(OUT)/bookingd FAILOVERS=$(FAILOVERS) node tests/run.mjs tests/cluster

# The long form of what `make test` does in short.
.PHONY: test-recurrence
test-recurrence: $(OUT)/bookingd $(TEST_PROGRAMS) ## hold 10,000 random rules and 1,500 calendar files against other programs
	@BOOKINGD=$(OUT)/bookingd RECURRENCE_RULES=10000 RECURRENCE_FILES=1500 node tests/run.mjs tests/domain/recurrence.test.mjs

# The pages in a real browser, with pictures of them in build/screenshots (PICTURES=0: none). The packages from npm are for these tests only.
NPM_PACKAGES := tests/browser/node_modules/.package-lock.json
.PHONY: test-browser packages-browser packages-npm
packages-browser: packages-tests
	@config/install-packages config/packages-browser.txt
packages-npm: packages
	@command -v npm >/dev/null || echo npm | config/install-packages /dev/stdin
$(NPM_PACKAGES): tests/browser/package-lock.json | packages-npm
	$(call run,NPM,$(@D))cd tests/browser && npm ci --no-audit --no-fund && touch node_modules/.package-lock.json
# Two files a core: a browser waits for nobody.
test-browser: $(OUT)/bookingd $(OUT)/tests/unit/notice/test_message $(NPM_PACKAGES) | packages-browser ## test the pages in Chromium
	@BOOKINGD=$(OUT)/bookingd SANITIZE=$(SANITIZE) TEST_JOBS=$${TEST_JOBS:-$$((2 * $$(nproc)))} node tests/run.mjs tests/browser

# What the README shows; pictures of every view lie in build/screenshots after make test-browser.
.PHONY: screenshots
screenshots: $(OUT)/bookingd $(NPM_PACKAGES) | packages-browser ## make the README's pictures in .github again
	@BOOKINGD=$(OUT)/bookingd node tests/browser/screenshots.mjs

.PHONY: run
run: $(OUT)/bookingd ## try it: PostgreSQL, a stand-in for Google, an inbox and bookingd on PORT (8080), until Ctrl-C
	@exec env BOOKINGD=$(OUT)/bookingd BUILD=$(BUILD) setpriv --pdeathsig TERM node tests/demo/demo.mjs

.PHONY: bench
bench: $(OUT)/bookingd $(TEST_PROGRAMS) ## measure side by side with an empty server and pgbench; PARTS="booking google" for some
	@BOOKINGD=$(OUT)/bookingd BUILD=$(BUILD) node tests/bench/bench.mjs $(PARTS)

# What somebody would write instead: packages of npm and Debian that nothing else needs.
PEER_PACKAGES := tests/bench/peers/node_modules/.package-lock.json
$(PEER_PACKAGES): tests/bench/peers/package-lock.json | packages-npm
	$(call run,NPM,$(@D))cd tests/bench/peers && npm ci --no-audit --no-fund && touch node_modules/.package-lock.json
.PHONY: bench-peers packages-peers
packages-peers:
	@config/install-packages config/packages-peers.txt
bench-peers: $(OUT)/bookingd $(TEST_PROGRAMS) $(PEER_PACKAGES) | packages-peers ## measure beside servers of Fastify and of FastAPI that do the same
	@BOOKINGD=$(OUT)/bookingd BUILD=$(BUILD) node tests/bench/peers/peers.mjs

# ---------------------------------------------------------------- fuzzing: tests/fuzz/fuzz_<subject>.c with tests/fuzz/seeds/<subject>

# Built by clang with sanitizers into a folder of its own. An input that breaks something is left there; what reaches new
# code is kept in its corpus for the next run.
FUZZ_SECONDS ?= 20
FUZZ_CC      ?= clang-14
FUZZ_OUT     := $(BUILD)/fuzz
FUZZ_FLAGS   := -D_GNU_SOURCE -DBOOKINGD_VERSION='"$(VERSION)"' -Iinclude -I$(GEN) -std=gnu17 -O1 -g -fno-omit-frame-pointer \
                -fsanitize=address,undefined -fno-sanitize-recover=undefined -pthread
FUZZ_OBJECTS := $(patsubst %.c,$(FUZZ_OUT)/%.o,$(foreach layer,base domain http net,$(call sources,$(layer))))
FUZZERS      := $(patsubst %.c,$(FUZZ_OUT)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

$(FUZZ_OUT)/%.o: %.c | $(GENERATED) $(PREPARED)
	@mkdir -p $(@D)
	$(call run,CC,$<)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(FUZZ_OUT)/libfuzzed.a: $(FUZZ_OBJECTS)
	@rm -f $@
	$(call run,AR,$@)$(AR) rcsD $@ $^

$(FUZZERS): $(FUZZ_OUT)/%: $(FUZZ_OUT)/%.o $(FUZZ_OUT)/libfuzzed.a
	$(call run,LINK,$@)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

FUZZ_RUNS := $(FUZZERS:%=%.run)
.PHONY: fuzz fuzzers $(FUZZ_RUNS)
fuzzers: $(FUZZERS)
fuzz: $(FUZZ_RUNS) ## feed each parser of outside data with hostile bytes for FUZZ_SECONDS (20)
$(FUZZ_RUNS): %.run: %
	@subject=$(patsubst fuzz_%,%,$(notdir $*)); log=$(FUZZ_OUT)/$$subject.log; mkdir -p $(FUZZ_OUT)/corpus/$$subject; \
	$* -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=1024 -max_len=16384 -print_final_stats=1 \
		-artifact_prefix=$(FUZZ_OUT)/$$subject- $(FUZZ_OUT)/corpus/$$subject tests/fuzz/seeds/$$subject \
		>$$log 2>&1 || { tail -n 60 $$log; echo "# $$subject: failed, see $$log"; exit 1; }; \
	awk -v subject=$$subject '/units:/ { n = $$2 } /per_sec:/ { rate = $$2 } /rss_mb:/ { rss = $$2 } \
		END { printf "# %-12s %10d inputs, %6d a second, %4d MiB at most\n", subject, n, rate, rss }' $$log

# ---------------------------------------------------------------- the protocol's model: tests/model/README.md

.PHONY: model
model: $(PREPARED) ## check the protocol between clients, PostgreSQL and Google in every order of its steps
	@FULL=$(FULL) sh tests/model/check.sh $(BUILD)/model

# ---------------------------------------------------------------- lint

LINT_OUT     := $(BUILD)/lint
LINT_SOURCES := $(sort $(shell find src tests include -name '*.[ch]' -not -path '*/node_modules/*'))
# (tests/db/test_db.c has generated headers of its own and is compiled there.)
LINT_STAMPS  := $(patsubst %.c,$(LINT_OUT)/%.ok,$(filter-out tests/db/test_db.c,$(filter %.c,$(LINT_SOURCES))))
# What cppcheck, which reads no system headers, takes for granted: that jansson's and uthash's loops are loops (without a semicolon, at
# which it cuts a -D up), and that die() ends.
LINT_KNOWN   := '-Djson_array_foreach(list,at,item)=while(at=0,(item=json_array_get(list,at)))' \
                '-Djson_object_foreach(object,name,item)=while(name=0,(item=json_object_get(object,name)))' \
                '-DHASH_ITER(handle,head,item,next)=while(next=0,(item=head))' \
                '-Ddie_at(file,line,reason)=exit(1)'

# Each source compiles without a warning under both compilers; what is shipped passes clang-tidy as well.
compiles = gcc $(CPPFLAGS) $(CFLAGS) -Werror -MMD -MP -MT $@ -MF $(@:.ok=.d) -c -o /dev/null $< && \
	clang-14 $(CPPFLAGS) $(CFLAGS) -Werror -fsyntax-only $<

$(LINT_OUT)/src/%.ok: src/%.c .clang-tidy | $(GENERATED) $(PREPARED)
	@mkdir -p $(@D)
	@$(compiles)
	@clang-tidy-14 --quiet $< -- $(CPPFLAGS) $(CFLAGS) 2>/dev/null
	@touch $@

$(LINT_OUT)/tests/%.ok: tests/%.c | $(GENERATED) $(PREPARED)
	@mkdir -p $(@D)
	@$(compiles)
	@touch $@

# JavaScript and style sheets, of pages and tests, have one formatter and linter: .biome.json.
BIOME := tests/browser/node_modules/.bin/biome

.PHONY: lint lint-web
lint: lint-web $(LINT_STAMPS) $(OUT)/bookingd ## check layers, circles, lengths, formatting and warnings; clang-tidy, cppcheck and biome
	@awk -f config/includes.awk $(filter src/% include/%,$(LINT_SOURCES))
	@awk -f config/lengths.awk $(LINT_SOURCES)
	@nm -o --format=posix $(call objects,$(wildcard src/*.c src/*/*.c)) | awk -f config/circles.awk
	@clang-format-14 --dry-run -Werror $(LINT_SOURCES)
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --library=posix,gnu \
		--suppressions-list=config/cppcheck-suppressions.txt $(LINT_KNOWN) $(CPPFLAGS:-I$(GEN)=) src

lint-web: $(NPM_PACKAGES)
	@$(BIOME) check --error-on-warnings src tests

.PHONY: format
format: $(NPM_PACKAGES) ## lay out the sources as .clang-format and .biome.json say
	@clang-format-14 -i $(LINT_SOURCES)
	@$(BIOME) format --write

# ---------------------------------------------------------------- housekeeping

.PHONY: install uninstall
install: $(OUT)/bookingd ## copy binary, man page, systemd unit and example settings below PREFIX (/usr/local)
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin share/man/man1 share/doc/bookingd/config lib/systemd/system)
	install -m 755 $(STRIP) $(OUT)/bookingd $(DESTDIR)$(PREFIX)/bin/bookingd
	install -m 644 config/bookingd.1 $(DESTDIR)$(PREFIX)/share/man/man1/bookingd.1
	install -m 644 config/bookingd.env.example LICENSE $(wildcard README.md) $(DESTDIR)$(PREFIX)/share/doc/bookingd
	install -m 644 $(wildcard config/*.md) config/alerts.yml config/dashboard.json $(DESTDIR)$(PREFIX)/share/doc/bookingd/config
	sed 's,/usr/local/bin,$(PREFIX)/bin,' config/bookingd.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/bookingd.service
	install -m 644 config/bookingd.socket $(DESTDIR)$(PREFIX)/lib/systemd/system/bookingd.socket
	install -D -m 644 config/debian/bookingd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/bookingd.conf

# The package is made from what git tracks, as it lies in the working tree. It installs no PostgreSQL: who wants one wants the
# cluster that comes with it, too.
.PHONY: deb
deb: ## make a Debian package in build/deb
	@sed '/^# tests/,$$d' config/packages.txt | config/install-packages /dev/stdin config/packages-deb.txt
	rm -rf $(BUILD)/deb
	mkdir -p $(BUILD)/deb/bookingd
	git ls-files -z | xargs -0 cp --parents --target-directory=$(BUILD)/deb/bookingd
	cp -r config/debian $(BUILD)/deb/bookingd/debian
	cd $(BUILD)/deb/bookingd && env -u MAKEFLAGS -u MFLAGS -u BUILD -u CC -u WERROR dpkg-buildpackage -b -us -uc
	cd $(BUILD)/deb && lintian --fail-on error,warning --tag-display-limit 0 bookingd_*.changes

# A bare Debian booted in a container, and in it all from the clone on by the manual's lines; skipped with a sentence where none
# can be had.
.PHONY: test-systemd
test-systemd: ## test package and unit on a bare Debian with systemd
	@config/install-packages config/packages-system.txt
	@BUILD=$(BUILD) node tests/run.mjs tests/system

# The container image, built on a debian:12-slim made of Debian's packages, and run; skipped with a sentence where it cannot be.
.PHONY: test-container
test-container: $(OUT)/bookingd ## build the container image, and run it as nobody on a read-only root
	@config/install-packages config/packages.txt config/packages-tests.txt config/packages-container.txt
	@BOOKINGD=$(OUT)/bookingd BUILD=$(BUILD) node tests/run.mjs tests/container

uninstall: ## take them away again; the database is not touched
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/bookingd share/man/man1/bookingd.1 lib/systemd/system/bookingd.service \
		lib/systemd/system/bookingd.socket lib/sysusers.d/bookingd.conf)
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/bookingd

.PHONY: clean help
clean: ## remove everything built
	rm -rf $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Without one of these folders find would go through all there is: build/deb has a folder sysusers.d.
-include $(shell find $(addprefix $(OUT)/,src tests fuzz lint crash) -type f -name '*.d' 2>/dev/null)
