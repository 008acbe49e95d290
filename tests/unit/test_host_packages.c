#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host_packages.h"
#include "sys/file.h"

static const struct host_facts mac = {.os = OS_MACOS};
static const struct host_facts debian = {.os = OS_LINUX, .distro = "debian", .apt = "yes"};
static const struct host_facts fedora = {.os = OS_LINUX, .distro = "fedora", .apt = "no"};

/* answers as `brew list --versions` does, and notes how often it was asked */
static const char brew[] =
	"#!/bin/sh\n"
	"echo \"$*\" >>\"$BREW_LOG\"\n"
	"for f; do case $f in glib) echo 'glib 2.88.2 2.88.3' ;; openssl@3) echo 'openssl@3 3.6.0' ;; esac; done\n"
	"exit 1\n";

static char path_var[4096], log_var[4096];

static void install_brew(const char *dir)
{
	AUTO_FREE char *path = mem_printf("%s/brew", dir);

	assert_ok(file_write(path, brew, strlen(brew), 0755));
	snprintf(path_var, sizeof(path_var), "PATH=%s:/usr/bin:/bin", dir);
	snprintf(log_var, sizeof(log_var), "BREW_LOG=%s/asked", dir);
	putenv(path_var);
	putenv(log_var);
}

static void test_brew(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *asked_path = mem_printf("%s/asked", dir);
	AUTO_FREE char *asked = NULL;
	AUTO(strs) names = STRS_INIT;
	AUTO(strs) missing = STRS_INIT;

	(void)state;
	install_brew(dir);
	strs_add(&names, "glib");
	strs_add(&names, "meson");
	strs_add(&names, "openssl@3");
	strs_add(&names, "ninja");
	assert_ok(host_packages_missing(&mac, &names, &missing));
	AUTO_FREE char *list = strs_join(&missing, " ");
	assert_string_equal(list, "meson ninja");
	assert_ok(file_read(asked_path, 4096, &asked, NULL));
	assert_string_equal(asked, "list --versions glib meson openssl@3 ninja\n"); /* one call */
	AUTO_FREE char *brewfile = host_packages_brewfile(&missing);
	assert_string_equal(brewfile, "brew \"meson\"\nbrew \"ninja\"\n");
}

static void test_elsewhere(void **state)
{
	AUTO(strs) names = STRS_INIT;
	AUTO(strs) missing = STRS_INIT;

	(void)state;
	strs_add(&names, "no-package-has-such-a-name");
	assert_ok(host_packages_missing(&fedora, &names, &missing));
	assert_int_equal(missing.count, 0);
	assert_false(host_packages_askable(&fedora));
	assert_true(host_packages_askable(&debian));
	assert_true(host_packages_askable(&mac));
	if (!is_file("/usr/bin/dpkg-query"))
		return;
	assert_ok(host_packages_missing(&debian, &names, &missing));
	assert_int_equal(missing.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_brew),
		cmocka_unit_test(test_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
