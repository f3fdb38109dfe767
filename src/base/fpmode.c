// fpmode.c: MXCSR on x86-64, FPCR on 64-bit Arm.
// May assume: nothing. Never changes rounding or which exceptions trap.
#include "base/fpmode.h"

#if defined(__x86_64__)

enum { FLUSH_RESULTS = 1u << 15, OPERANDS_ARE_ZERO = 1u << 6 }; // FTZ and DAZ

bool onr_fp_can_flush(void) { return true; }

onr_fp_mode onr_fp_flush(void) {
    unsigned old = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(old | FLUSH_RESULTS | OPERANDS_ARE_ZERO);
    return old;
}

void onr_fp_restore(onr_fp_mode mode) { __builtin_ia32_ldmxcsr((unsigned)mode); }

#elif defined(__aarch64__)

enum { FLUSH = 1u << 24 }; // FZ: operands and results of single and double precision

bool onr_fp_can_flush(void) { return true; }

onr_fp_mode onr_fp_flush(void) {
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile("msr fpcr, %0" : : "r"(old | FLUSH));
    return old;
}

void onr_fp_restore(onr_fp_mode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }

#else

bool onr_fp_can_flush(void) { return false; }
onr_fp_mode onr_fp_flush(void) { return 0; }
void onr_fp_restore(onr_fp_mode mode) { (void)mode; }

#endif
