// pool.h: the thread pool: one parallel loop, over indices. Wraps pthreadpool.
#ifndef ONR_BASE_POOL_H
#define ONR_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct onr_pool onr_pool;

/// A pool of n_threads (>= 1; 1 needs no thread). NULL when threads or memory are lacking. Returns at once, while the threads
/// are still being made: loops run here until they are there (no thread for all of them: for ever).
onr_pool *onr_pool_new(int n_threads);
/// Waits until the threads are there: before what takes long as one loop.
void onr_pool_await(onr_pool *p);
void onr_pool_free(onr_pool *p);
/// 1 for a NULL pool.
int onr_pool_threads(const onr_pool *p);

/// Equals `for (i = 0; i < n; i += grain) fn(ctx, i, min(i + grain, n));` with the calls spread over the threads in any order.
/// A NULL pool runs them here. Work must be cut by n and grain alone, never by thread count, so that results are the same for
/// every number of threads. Calls from inside fn are not allowed on the same pool.
void onr_pool_for(onr_pool *p, size_t n, size_t grain, void (*fn)(void *ctx, size_t begin, size_t end), void *ctx);

enum { ONR_POOL_MAX_WORKERS = 64 };
/// As onr_pool_for with grain 1, and tells fn which worker it is on (0 <= worker < onr_pool_threads and ONR_POOL_MAX_WORKERS):
/// for per-thread scratch. A worker starts with its own part of the indices: worker 0 with the first ones.
void onr_pool_for_worker(onr_pool *p, size_t n, void (*fn)(void *ctx, size_t worker, size_t i), void *ctx);

/// Do the workers take denormal numbers as zero from now on? (The caller's own thread is the caller's business: base/fpmode.h.)
void onr_pool_flush_denormals(onr_pool *p, bool flush);

/// Calls fn(ctx) once, on this thread, and keeps the workers at hand for the loops in it: they are woken once, and sleep again
/// when fn returns. A loop then starts and ends in a fraction of a microsecond, and does not wait for a worker that is still
/// waking up. For what takes some hundred microseconds at least; fn may not gather again. A NULL pool, and one whose threads
/// are still being made, just calls fn.
void onr_pool_gather(onr_pool *p, void (*fn)(void *ctx), void *ctx);

/// Puts the workers to sleep at once instead of letting them spin for the next loop; called when a run ends.
void onr_pool_quiet(onr_pool *p);

#endif
