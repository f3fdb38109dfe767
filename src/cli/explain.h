// explain.h: --explain-opt: what the passes did, for people and within a command's JSON.
#ifndef ONR_CLI_EXPLAIN_H
#define ONR_CLI_EXPLAIN_H

#include "cli/args.h"
#include "io/file.h"
#include "onnxrun.h"

#include <stdio.h>

/// Prints the text on `to` when it was asked for and no JSON was.
onnxrun_status onr_explain_print(const onr_args *args, const onnxrun_session *s, FILE *to, onnxrun_error *err);
/// Adds `, "optimization": {...}` when it was asked for.
onnxrun_status onr_explain_member(const onr_args *args, const onnxrun_session *s, onr_str *out, onnxrun_error *err);

#endif
