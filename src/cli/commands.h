// commands.h: the subcommands; each lives in a file of its own.
#ifndef ONR_CLI_COMMANDS_H
#define ONR_CLI_COMMANDS_H

#include "cli/args.h"

/// "2 is wrong usage, ...": exit codes beyond the library's statuses.
enum { ONR_EXIT_DIFFERENT = 1, ONR_EXIT_USAGE = 2 };

extern const onr_command onr_command_run, onr_command_compare, onr_command_info, onr_command_check, onr_command_plan,
    onr_command_dump, onr_command_bench, onr_command_profile, onr_command_test, onr_command_ops, onr_command_optimize,
    onr_command_extract, onr_command_diff, onr_command_completion;

/// All of them, in the order of the help; ends with NULL.
extern const onr_command *const onr_commands[];

#endif
