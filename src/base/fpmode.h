// fpmode.h: the calling thread's floating point mode: whether denormal numbers count as zero.
#ifndef ONR_BASE_FPMODE_H
#define ONR_BASE_FPMODE_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t onr_fp_mode;

/// Has this CPU a mode that takes denormal operands as zero and gives zero for denormal results?
bool onr_fp_can_flush(void);
/// Turns it on for this thread; returns the mode before, all of it, for onr_fp_restore.
onr_fp_mode onr_fp_flush(void);
void onr_fp_restore(onr_fp_mode mode);

#endif
