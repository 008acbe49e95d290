#include "command.h"

extern const struct subcommand cmd_up, cmd_plan, cmd_status, cmd_start, cmd_stop, cmd_ssh, cmd_verify, cmd_destroy,
	cmd_fetch, cmd_build, cmd_list, cmd_info, cmd_lint, cmd_machine_run, cmd_tool_fetch, cmd_tool_unpack, cmd_tool_patch,
	cmd_tool_argv, cmd_tool_ignition, cmd_tool_canary, cmd_tool_key, cmd_tool_docs, cmd_tool_schema;

const struct subcommand *const *commands_all(void)
{
	static const struct subcommand *const all[] = {
		&cmd_up,          &cmd_plan,        &cmd_status,      &cmd_start,         &cmd_stop,        &cmd_ssh,
		&cmd_verify,      &cmd_destroy,     &cmd_fetch,       &cmd_build,         &cmd_list,        &cmd_info,
		&cmd_lint,        &cmd_machine_run, &cmd_tool_fetch,  &cmd_tool_unpack,   &cmd_tool_patch,  &cmd_tool_argv,
		&cmd_tool_ignition, &cmd_tool_canary, &cmd_tool_key,  &cmd_tool_docs,     &cmd_tool_schema, NULL,
	};
	return all;
}
