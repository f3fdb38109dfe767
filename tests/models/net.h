// net.h: whole models through the public interface, for tests: open, run, compare, with one line each.
// May assume: cmocka; what goes wrong fails the running test with the library's own words.
#ifndef ONR_TESTS_MODELS_NET_H
#define ONR_TESTS_MODELS_NET_H

#include "onnxrun.h"

typedef struct net {
    onnxrun_model *model;
    onnxrun_session *session;
    char name[160]; ///< for messages: file, level, threads
} net;

/// Loads the model and makes a session at this level (0 to 2) with this many threads.
net net_open(const char *path, int level, int n_threads);
void net_close(net *n);
/// Runs a model of one input and one output. The value is the caller's.
onnxrun_value *net_run(const net *n, const onnxrun_value *x);
/// A random input for the model's only input, free dimensions set to `batch`; the same for the same seed.
onnxrun_value *net_input(const net *n, int64_t batch, uint64_t seed);

/// Types and shapes must be equal, and float elements within `tolerance` times the largest magnitude in `want`.
void net_assert_near(const char *what, const onnxrun_value *got, const onnxrun_value *want, double tolerance);
/// The same bits.
void net_assert_same(const char *what, const onnxrun_value *got, const onnxrun_value *want);

#endif
