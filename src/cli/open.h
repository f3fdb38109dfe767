// open.h: models and sessions as the options ask for them, and how failures end a command.
#ifndef ONR_CLI_OPEN_H
#define ONR_CLI_OPEN_H

#include "cli/args.h"
#include "onnxrun.h"

/// Prints a failure and returns its exit code.
int onr_report(const onnxrun_error *err);

onnxrun_status onr_open_model(const onr_args *args, const char *path, onnxrun_model **out, onnxrun_error *err);
/// What the options say of a session.
onnxrun_status onr_open_options(const onr_args *args, onnxrun_session_options *out, onnxrun_error *err);
onnxrun_status onr_open_session(const onr_args *args, const onnxrun_model *m, onnxrun_session **out, onnxrun_error *err);

/// Milliseconds of the monotonic clock.
double onr_now_ms(void);

/// A write function for onnxrun_dump and its like that prints on standard output; user is ignored.
bool onr_print_piece(void *user, const char *text, size_t bytes);

#endif
