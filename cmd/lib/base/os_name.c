#include "base/os_name.h"

#include "base/mem.h"

const char *const os_names[OS_COUNT] = {"linux", "macos"};

enum os os_of(const char *name)
{
	enum os os = OS_LINUX;
	while (os < OS_COUNT && !streq(os_name(os), name))
		os++;
	return os < OS_COUNT ? os : OS_UNKNOWN;
}

const char *os_name(enum os os)
{
	return os ? os_names[os - 1] : "unknown";
}
