// op_case.h: one operator on given tensors, written as text: a test is a table of lines.
// May assume: cmocka. Every case runs with reference kernels and with the best ones, with and without threads.
// Never for models: graphs have their own tests.
#ifndef ONR_TESTS_SUPPORT_OP_CASE_H
#define ONR_TESTS_SUPPORT_OP_CASE_H

#include <stddef.h>

/// Tensors: "float32[2x3] 1 2 3 4 5 6", "int64[] 7", "string[2] 'a' 'b c'", "float32[0x3]"; one value alone fills the tensor;
/// maps: "{int64[2] 1 2 : float32[2] 0.5 1}"; sequences: "<float32[1] 1 ; float32[1] 2>"; separated by "|"; "_" leaves an input
/// out (or does not look at an output). Attributes: "axis=1 alpha=0.5 mode='edge' pads=[1,2] value=(int64[1] 7)"; a number with
/// a point, nan or inf is a float. `out` may be "! words": the operator must fail with ONR_INVALID (or "!? words": any failure)
/// and a message that holds the words. `op` is "Name" or "domain.Name".
typedef struct op_case {
    const char *op;
    int opset;
    const char *attrs, *in, *out;
    double tolerance; ///< relative and absolute, for floats; 0: 1e-6
} op_case;

/// Rows of a table: exact (floats within 1e-6), and with a tolerance.
#define OP_CASE(op, opset, attrs, in, out) \
    { op, opset, attrs, in, out, 0 }
#define OP_NEAR(op, opset, attrs, in, out, tolerance) \
    { op, opset, attrs, in, out, tolerance }

/// Fails the running cmocka test with the case's line when a result differs.
void op_case_run(const op_case *c);
void op_cases_run(const op_case *cases, size_t n);
#define OP_CASES_RUN(table) op_cases_run(table, sizeof(table) / sizeof((table)[0]))

#endif
