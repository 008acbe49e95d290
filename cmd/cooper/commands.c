#include "command.h"
#include "commands.h"

#define DECLARE(name) extern const struct subcommand name;
#define ENTRY(name) &name,
COMMANDS(DECLARE)

const struct subcommand *const *commands_all(void)
{
	static const struct subcommand *const all[] = {COMMANDS(ENTRY) NULL};
	return all;
}
