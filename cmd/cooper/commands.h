/*
 * commands.h - every command, in the order of `cooper help`; each is defined in its cmd_*.c
 *
 * X(NAME) once per command: commands.c makes the declarations and the table from this list.
 */
#ifndef COOPER_COMMANDS_H
#define COOPER_COMMANDS_H

#define COMMANDS(X)                                                                                                    \
	X(cmd_up)                                                                                                      \
	X(cmd_plan)                                                                                                    \
	X(cmd_status)                                                                                                  \
	X(cmd_start)                                                                                                   \
	X(cmd_stop)                                                                                                    \
	X(cmd_restart)                                                                                                 \
	X(cmd_rollback)                                                                                                \
	X(cmd_ssh)                                                                                                     \
	X(cmd_env)                                                                                                     \
	X(cmd_ssh_config)                                                                                              \
	X(cmd_cp)                                                                                                      \
	X(cmd_logs)                                                                                                    \
	X(cmd_timeline)                                                                                                \
	X(cmd_autostart_on)                                                                                            \
	X(cmd_autostart_off)                                                                                           \
	X(cmd_verify)                                                                                                  \
	X(cmd_snapshot_create)                                                                                         \
	X(cmd_snapshot_list)                                                                                           \
	X(cmd_snapshot_restore)                                                                                        \
	X(cmd_snapshot_delete)                                                                                         \
	X(cmd_clone)                                                                                                   \
	X(cmd_export)                                                                                                  \
	X(cmd_import)                                                                                                  \
	X(cmd_protect)                                                                                                 \
	X(cmd_unprotect)                                                                                               \
	X(cmd_destroy)                                                                                                 \
	X(cmd_gc)                                                                                                      \
	X(cmd_fetch)                                                                                                   \
	X(cmd_build)                                                                                                   \
	X(cmd_update)                                                                                                  \
	X(cmd_list)                                                                                                    \
	X(cmd_info)                                                                                                    \
	X(cmd_key)                                                                                                     \
	X(cmd_doctor)                                                                                                  \
	X(cmd_lint)                                                                                                    \
	X(cmd_trust)                                                                                                   \
	X(cmd_untrust)                                                                                                 \
	X(cmd_patch_edit)                                                                                              \
	X(cmd_patch_save)                                                                                              \
	X(cmd_completion)                                                                                              \
	X(cmd_machine_run)                                                                                             \
	X(cmd_machine_ports)                                                                                           \
	X(cmd_tool_fetch)                                                                                              \
	X(cmd_tool_unpack)                                                                                             \
	X(cmd_tool_unpack_child)                                                                                       \
	X(cmd_tool_inflate)                                                                                            \
	X(cmd_tool_patch)                                                                                              \
	X(cmd_tool_argv)                                                                                               \
	X(cmd_tool_ignition)                                                                                           \
	X(cmd_tool_sign)                                                                                               \
	X(cmd_tool_facts)                                                                                              \
	X(cmd_tool_canary)                                                                                             \
	X(cmd_tool_key)                                                                                                \
	X(cmd_tool_man)                                                                                                \
	X(cmd_tool_docs)                                                                                               \
	X(cmd_tool_rules)                                                                                              \
	X(cmd_tool_schema)

#endif
