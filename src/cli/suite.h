// suite.h: one ONNX backend test: a folder with model.onnx, test_data_set_N and perhaps data.json.
#ifndef ONR_CLI_SUITE_H
#define ONR_CLI_SUITE_H

#include "cli/args.h"

#include <stddef.h>

/// Folders that hold a model.onnx, sorted by name. A name is the path beneath the given folder, or the folder's own name.
typedef struct onr_cases {
    struct onr_case {
        char *path, *name;
    } * item;
    size_t n, cap;
} onr_cases;

/// Adds the test folders in and beneath `dir`. False: no memory, or `dir` cannot be read; an error line was printed.
bool onr_cases_find(const char *dir, onr_cases *out);
void onr_cases_sort(onr_cases *cases);
void onr_cases_free(onr_cases *cases);

typedef enum onr_verdict { ONR_PASSED, ONR_FAILED, ONR_SKIPPED } onr_verdict;
enum { ONR_DETAIL = 1200 };

/// Runs a test in this process. detail: why not, one line; empty when it passed. ulp: the largest error of a float that was
/// compared, in units of its last place.
onr_verdict onr_case_run(const onr_args *args, const struct onr_case *c, char detail[ONR_DETAIL], double *ulp);
/// Runs it in a process of its own, so that a crash or an endless loop is one failed test and no more.
onr_verdict onr_case_run_apart(const onr_args *args, const struct onr_case *c, char detail[ONR_DETAIL], double *ulp);

#endif
