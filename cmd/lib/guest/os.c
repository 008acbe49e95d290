#include "guest/os.h"

#include "base/quote.h"
#include "recipe/guest_oses.h"

#define DECLARED(name, symbol) extern const struct guest_os guest_os_##symbol;
#define LISTED(name, symbol) &guest_os_##symbol,
GUEST_OSES(DECLARED)
static const struct guest_os *const oses[] = {GUEST_OSES(LISTED)};

const struct guest_os *guest_os_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(oses); i++)
		if (streq(oses[i]->name, name))
			return oses[i];
	return NULL;
}

char *guest_packages_quoted(const struct strs *packages)
{
	AUTO(str) s = STR_INIT;

	for (size_t i = 0; i < packages->count; i++) {
		str_add_char(&s, ' ');
		quote_word(&s, packages->items[i]);
	}
	return str_take(&s);
}
