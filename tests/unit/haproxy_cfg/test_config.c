/* SPDX-License-Identifier: MIT */
/* Configurations as they are written to files, and those of this repository */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "haproxy_cfg/config.h"

static char directory[] = "/tmp/haproxy_config.XXXXXX";
static char error[256];

/* A file in the directory; its path stays until the next call. */
static const char *file_of(const char *name, const char *text)
{
	static char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	return path;
}

static void read_text(struct haproxy_config *c, const char *text)
{
	error[0] = '\0';
	if (!haproxy_config_read(c, file_of("one", text), error, sizeof(error)))
		fail_msg("%s", error);
}

/* All that was found: "name" of a backend, "name!" of one that cannot be a pool, "name*"
 * of one that a frontend uses
 */
static void check(struct haproxy_config *c, const char *expected)
{
	char got[512] = "";

	for (const struct haproxy_section *s = c->first; s; s = s->next)
		if (s->kind >= HAPROXY_BACKEND)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s%s%s",
				 *got ? " " : "", s->name, haproxy_fault(s) ? "!" : "",
				 haproxy_config_uses(c, s->name) ? "*" : "");
	assert_string_equal(got, expected);
}

static void check_text(const char *text, const char *expected)
{
	struct haproxy_config c = {0};

	read_text(&c, text);
	check(&c, expected);
	haproxy_config_free(&c);
}

static void test_mode(void **state)
{
	check_text("", "");
	check_text("backend a\n", "a"); /* HAProxy's own default is tcp */
	check_text("backend a\n mode http\nbackend b\n mode tcp\nlisten c\nfrontend d\n",
		   "a! b c");
	check_text("defaults\n mode http\nbackend a\nbackend b\n mode tcp\n", "a! b");
	check_text("defaults\n mode http\ndefaults\nbackend a\n", "a"); /* begins anew */
	check_text("backend a\n mode health\nbackend b\n mode \"tcp\"\nbackend c\n mode "
		   "t'cp' # x\n",
		   "a! b c");
	check_text("backend a\npeers p\n mode http\nbackend b\nring r\n mode http\n",
		   "a b");
	check_text("#backend a\n\n  backend b\r\n\tmode\thttp\r\n", "b!");
	check_text("backend a\n disabled\nbackend b\n disabled\n enabled\n", "a! b");
	check_text("backend a", "a"); /* without an end of line */
}

static void test_defaults(void **state)
{
	check_text("defaults web\n mode http\ndefaults line\n mode tcp\n"
		   "backend a\nbackend b from web\nbackend c from line\nlisten d from "
		   "web\n mode tcp\n",
		   "a b! c d");
	check_text("defaults web\n mode http\ndefaults more from web\n timeout client "
		   "1s\nbackend a\n"
		   "defaults from web\nbackend b\n",
		   "a! b!");
	check_text("defaults a\n disabled\nbackend b\nbackend c\n enabled\n", "b! c");
	/* the last of a name */
	check_text("defaults x\n mode http\ndefaults x\nbackend a from x\n", "a");
}

static void test_agents(void **state)
{
	check_text("backend a\n mode tcp\n option spop-check\nbackend b\n mode "
		   "spop\nbackend c\n",
		   "a! b! c");
	check_text("defaults d\n option spop-check\nbackend a\nbackend b\n option "
		   "tcp-check\n",
		   "a! b");
	check_text("backend a\n option httpchk\n option spop-check\n option redispatch\n",
		   "a!");
}

#define DICOM_CHECK                                                                      \
	" option tcp-check\n tcp-check connect\n tcp-check send-binary "                 \
	"0100000000cb0001\n"

/* By what a pool keeps associations together, and its servers */
static void test_affinity(void **state)
{
	static const struct {
		const char *text;
		enum haproxy_affinity affinity;
		unsigned servers;
	} cases[] = {
		{"backend a\n", HAPROXY_SPREADS, 0},
		{"backend a\n balance leastconn\n server s 10.0.0.1:104\n",
		 HAPROXY_SPREADS, 1},
		{"backend a\n balance hash var(txn.dicom.key)\n server s 10.0.0.1:104\n"
		 " server t 10.0.0.2:104 backup\n",
		 HAPROXY_BY_KEY, 1},
		{"defaults\n balance hash \"var(txn.dicom.key)\"\nbackend a\n",
		 HAPROXY_BY_KEY, 0},
		{"defaults\n balance source\nbackend a\n balance random\n",
		 HAPROXY_SPREADS, 0},
		{"backend a\n balance source\n", HAPROXY_BY_SCU, 0},
		{"backend a\n balance hash src\n", HAPROXY_BY_SCU, 0},
		{"backend a\n balance hash\n", HAPROXY_SPREADS, 0},
		{"backend a\n balance hash var(txn.dicom.accession)\n",
		 HAPROXY_BY_VARIABLE, 0},
		{"backend a\n stick on var(txn.dicom.key)\n", HAPROXY_BY_KEY, 0},
		{"backend a\n stick match src\n", HAPROXY_BY_SCU, 0},
		{"backend a\n stick store-request var(txn.dicom.key)\n", HAPROXY_SPREADS,
		 0},
		{"backend a\n balance source\n stick on var(txn.dicom.key)\n",
		 HAPROXY_BY_KEY, 0},
		{"backend a\n server-template s 3 10.0.0.1:104\n"
		 " server-template t 2-5 10.0.0.1:104\n server-template u\n",
		 HAPROXY_SPREADS, 8},
	};
	struct haproxy_config c;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		c = (struct haproxy_config){0};
		read_text(&c, cases[i].text);
		assert_int_equal(haproxy_affinity(c.last), cases[i].affinity);
		assert_int_equal(c.last->servers, cases[i].servers);
		haproxy_config_free(&c);
	}
}

static void test_dicom_check(void **state)
{
	static const struct {
		const char *text;
		bool checked;
	} cases[] = {
		{"backend a\n server s 10.0.0.1:104 check\n", false},
		{"backend a\n option tcp-check\n server s 10.0.0.1:104 check\n", false},
		{"backend a\n" DICOM_CHECK " server s 10.0.0.1:104 check\n", true},
		{"backend a\n" DICOM_CHECK " server s 10.0.0.1:104\n", false},
		{"backend a\n" DICOM_CHECK " default-server inter 1s check\n"
		 " server s 10.0.0.1:104\n",
		 true},
		{"backend a\n" DICOM_CHECK " default-server check\n"
		 " server s 10.0.0.1:104\n server t 10.0.0.2:104 no-check\n",
		 false},
		{"defaults d\n" DICOM_CHECK " default-server check\n"
		 "backend a from d\n server s 10.0.0.1:104\n",
		 true},
		{"defaults d\n" DICOM_CHECK " default-server check\ndefaults\n"
		 "backend a\n server s 10.0.0.1:104 check\n",
		 false},
		{"backend a\n" DICOM_CHECK " option redispatch\n"
		 " server s 10.0.0.1:104 check\n",
		 true},
		{"backend a\n" DICOM_CHECK " option httpchk\n"
		 " server s 10.0.0.1:104 check\n",
		 false},
		{"backend a\n option tcp-check\n tcp-check send-binary-lf "
		 "0100%[var(x)]\n server s 10.0.0.1:104 check\n",
		 true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct haproxy_config c = {0};

		read_text(&c, cases[i].text);
		if (haproxy_has_dicom_check(haproxy_config_find(&c, "a")) !=
		    cases[i].checked)
			fail_msg("%s", cases[i].text);
		haproxy_config_free(&c);
	}
}

static void test_references(void **state)
{
	check_text("frontend f\n default_backend a\n use_backend b if { nbsrv(a) eq 0 }\n"
		   " use_backend %[var(txn.x)] if x\n use_backend \"c\"\n"
		   "backend a\nbackend b\nbackend c\nbackend d\n",
		   "a* b* c* d");
	check_text("listen f\n default_backend a\nbackend a\nbackend f\n", "f a* f");
	/* inherited, by a frontend that has none */
	check_text("defaults\n default_backend a\nbackend a\nbackend b\n", "a b");
	check_text("defaults\n default_backend a\nbackend a\nfrontend f\nbackend b\n",
		   "a* b");
	check_text("defaults\n default_backend a\nbackend a\nfrontend f\n "
		   "default_backend b\nbackend b\n",
		   "a b*");
	check_text("backend a\n use-server s if x\n", "a");
}

static void test_environment(void **state)
{
	setenv("TEST_POOL", "a", 1);
	unsetenv("TEST_NONE");
	check_text("backend \"${TEST_POOL}\"\nbackend \"${TEST_NONE-b}\"\nbackend "
		   "\"x$TEST_POOL\"\n"
		   "frontend f\n default_backend \"${TEST_POOL-b}\"\n use_backend "
		   "${TEST_POOL}\n",
		   "a* b xa");
	unsetenv("TEST_POOL");
}

/* Every branch counts. */
static void test_conditions(void **state)
{
	struct haproxy_config c = {0};

	read_text(&c, ".if feature(LUA) && \\\nbackend a\n mode http\n.else\nbackend "
		      "a\n.endif\nbackend b\n");
	check(&c, "a! a b");
	assert_int_equal(haproxy_config_find(&c, "a")->line, 5);
	haproxy_config_free(&c);
}

static void test_find(void **state)
{
	struct haproxy_config c = {0};
	const struct haproxy_section *p;
	char *first;

	assert_null(haproxy_config_find(&c, "a"));
	read_text(&c, "\nbackend a\nfrontend f\nlisten http\n mode http\n");
	p = haproxy_config_find(&c, "a");
	assert_non_null(p);
	assert_null(haproxy_fault(p));
	assert_int_equal(p->line, 2);
	assert_non_null(strstr(p->file, "/one"));
	p = haproxy_config_find(&c, "http");
	assert_int_equal(p->line, 4);
	assert_string_equal(haproxy_fault(p), "is not in mode tcp");
	assert_null(haproxy_config_find(&c, "f"));
	assert_null(haproxy_config_find(&c, "A"));

	/* what a later file refers to, and inherits; its lines are its own */
	first = strdup(p->file);
	read_text(&c, "mode http\nfrontend g\n default_backend a\nbackend b\n");
	assert_true(haproxy_config_uses(&c, "a"));
	assert_string_equal(haproxy_config_find(&c, "a")->file, first);
	assert_int_equal(haproxy_config_find(&c, "b")->line, 4);
	free(first);
	haproxy_config_free(&c);
	haproxy_config_free(&c);
}

static void test_several_files(void **state)
{
	struct haproxy_config c = {0};

	read_text(&c, "defaults web\n mode http\ndefaults line\n option spop-check\n");
	read_text(&c, "backend a\nbackend b from web\n");
	check(&c, "a! b!");
	haproxy_config_free(&c);
}

static void test_directory(void **state)
{
	struct haproxy_config c = {0};
	char sub[128];

	snprintf(sub, sizeof(sub), "%s/d.cfg", directory);
	assert_int_equal(mkdir(sub, 0700), 0);
	file_of("b.cfg", "backend b\n");
	file_of("a.cfg", "defaults\n mode http\n");
	file_of("B.cfg", "backend first\n");
	file_of(".hidden.cfg", "backend hidden\n");
	file_of("c.cfg~", "backend old\n");
	file_of(".cfg", "backend nameless\n");
	assert_true(haproxy_config_read(&c, directory, error, sizeof(error)));
	check(&c, "first b!");
	assert_non_null(strstr(haproxy_config_find(&c, "b")->file, "/b.cfg"));
	file_of("c.cfg", "frontend\n");
	assert_false(haproxy_config_read(&c, directory, error, sizeof(error)));
	assert_non_null(strstr(error, "/c.cfg:1: "));
	haproxy_config_free(&c);
	assert_int_equal(rmdir(sub), 0);
}

static void test_errors(void **state)
{
	static const char *const broken[][2] = {
		{"backend a\n mode \"tcp\n", ":2: a quote is not closed"},
		{"\nbackend\n", ":2: a section of proxies without a name"},
		{"frontend \"\"\n", ":1: a section of proxies without a name"},
		{"backend a from x\n", ":1: \"from\" names no defaults section above"},
		{"defaults y from x\n", ":1: \"from\" names no defaults section above"},
		{"backend a from\n", ":1: \"from\" names no defaults section above"},
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct haproxy_config c = {0};

		assert_false(haproxy_config_read(&c, file_of("one", broken[i][0]), error,
						 sizeof(error)));
		assert_string_equal(error + strlen(directory) + strlen("/one"),
				    broken[i][1]);
		haproxy_config_free(&c);
	}
	for (int i = 0; i < 2; i++) {
		struct haproxy_config c = {0};

		assert_false(haproxy_config_read(&c, i ? "" : "/nowhere/at/all", error,
						 sizeof(error)));
		assert_non_null(strstr(error, ": No such file or directory"));
		haproxy_config_free(&c);
	}
}

static void test_many(void **state)
{
	struct haproxy_config c = {0};
	static char text[100000];
	size_t len = 0, n = 0;

	for (int i = 0; i < 1000; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"defaults d%d\nbackend b%d from d%d\nfrontend "
					"f%d\n use_backend b%d\n",
					i, i, i / 2, i, i);
	read_text(&c, text);
	for (const struct haproxy_section *p = c.first; p; p = p->next, n++)
		assert_true(p->kind != HAPROXY_BACKEND ||
			    (!haproxy_fault(p) && haproxy_config_uses(&c, p->name)));
	assert_int_equal(n, 3000);
	haproxy_config_free(&c);
}

/* The three files that are started together */
static void test_our_own(void **state)
{
	static const char *const files[] = {"haproxy/haproxy.cfg", "haproxy/dicom.cfg",
					    "haproxy/pools.cfg"};
	struct haproxy_config c = {0};

	unsetenv("DICOM_DEFAULT_POOL");
	for (size_t i = 0; i < 3; i++)
		if (!haproxy_config_read(&c, files[i], error, sizeof(error)))
			fail_msg("%s", error);
	check(&c, "dicom-titles! dicom-agents! ct mr general* query");
	assert_string_equal(haproxy_fault(haproxy_config_find(&c, "dicom-agents")),
			    "is for agents");
	assert_false(haproxy_has_dicom_check(haproxy_config_find(&c, "dicom-agents")));
	assert_true(haproxy_has_dicom_check(haproxy_config_find(&c, "ct")));
	assert_string_equal(haproxy_config_find(&c, "ct")->file, files[2]);
	haproxy_config_free(&c);

	setenv("DICOM_DEFAULT_POOL", "query", 1);
	for (size_t i = 0; i < 3; i++)
		assert_true(haproxy_config_read(&c, files[2 - i], error, sizeof(error)));
	check(&c, "ct mr general query* dicom-titles! dicom-agents!");
	haproxy_config_free(&c);
	unsetenv("DICOM_DEFAULT_POOL");
}

static int make_directory(void **state)
{
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	static const char *const names[] = {"one",   "a.cfg",       "b.cfg",  "B.cfg",
					    "c.cfg", ".hidden.cfg", "c.cfg~", ".cfg"};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode),        cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_agents),      cmocka_unit_test(test_references),
		cmocka_unit_test(test_environment), cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_find),        cmocka_unit_test(test_affinity),
		cmocka_unit_test(test_dicom_check), cmocka_unit_test(test_several_files),
		cmocka_unit_test(test_directory),   cmocka_unit_test(test_errors),
		cmocka_unit_test(test_many),        cmocka_unit_test(test_our_own),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
