// test_base_cpu.c: detection is plausible and agrees with the compiler's own; capping by level.
// May assume: nothing about this machine. Never expects a certain CPU.
#include "base/cpu.h"

#include "support/cmocka.h"

#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void detection_is_plausible(void **state) {
    (void)state;
    onr_cpu cpu;
    onr_cpu_detect(&cpu);
    assert_in_range(cpu.l1d_bytes, 8 << 10, 1 << 20);
    assert_in_range(cpu.l2_bytes, 128 << 10, 64 << 20);
    assert_in_range(cpu.l3_bytes, 256 << 10, (size_t)4 << 30);
    assert_in_range(cpu.n_cores, 1, 1 << 16);
    assert_in_range(cpu.n_cores, 1, sysconf(_SC_NPROCESSORS_CONF));
    onr_cpu again;
    onr_cpu_detect(&again);
    assert_memory_equal(&again, &cpu, sizeof cpu);
}

#if ONR_HAVE_X86
static void detection_agrees_with_the_compiler(void **state) {
    (void)state;
    onr_cpu cpu;
    onr_cpu_detect(&cpu);
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    assert_int_equal(!!(cpu.features & ONR_CPU_AVX2), !!avx2);
    assert_int_equal(!!(cpu.features & ONR_CPU_AVX512), !!avx512);
    assert_int_equal(!!(cpu.features & ONR_CPU_AVX512VNNI), avx512 && __builtin_cpu_supports("avx512vnni"));
    assert_int_equal(cpu.features & ONR_CPU_NEON, 0);
}
#endif

static void affinity_limits_cores(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        cpu_set_t all, one;
        CPU_ZERO(&one);
        if (sched_getaffinity(0, sizeof all, &all) != 0) _exit(2);
        int cpu = 0;
        while (!CPU_ISSET(cpu, &all)) cpu++;
        CPU_SET(cpu, &one);
        if (sched_setaffinity(0, sizeof one, &one) != 0) _exit(2);
        onr_cpu c;
        onr_cpu_detect(&c);
        _exit(c.n_cores == 1 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void caps_by_level(void **state) {
    (void)state;
    const uint32_t all = ONR_CPU_AVX2 | ONR_CPU_AVX512 | ONR_CPU_AVX512VNNI | ONR_CPU_AVX512BF16;
    static const struct {
        const char *level;
        uint32_t features;
    } cases[] = {
        {"scalar", 0},
        {"avx2", ONR_CPU_AVX2},
        {"avx512", ONR_CPU_AVX2 | ONR_CPU_AVX512},
        {"avx512vnni", ONR_CPU_AVX2 | ONR_CPU_AVX512 | ONR_CPU_AVX512VNNI},
        {"avx512bf16", ONR_CPU_AVX2 | ONR_CPU_AVX512 | ONR_CPU_AVX512VNNI | ONR_CPU_AVX512BF16},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        onr_cpu cpu = {.features = all, .n_cores = 3};
        onr_err err = {0};
        assert_int_equal(onr_cpu_cap(&cpu, cases[i].level, &err), ONR_OK);
        assert_int_equal(cpu.features, cases[i].features);
        assert_int_equal(cpu.n_cores, 3);
        assert_string_equal(onr_cpu_level(cpu.features), cases[i].level);
        // What was capped away cannot be asked for again.
        for (size_t k = i + 1; k < sizeof cases / sizeof *cases; k++) {
            assert_int_equal(onr_cpu_cap(&cpu, cases[k].level, &err), ONR_UNSUPPORTED);
            assert_non_null(strstr(err.text, cases[i].level));
            assert_int_equal(cpu.features, cases[i].features);
        }
        assert_int_equal(onr_cpu_cap(&cpu, "native", &err), ONR_OK);
        assert_int_equal(cpu.features, cases[i].features);
    }
    onr_cpu arm = {.features = ONR_CPU_NEON};
    onr_err err = {0};
    assert_string_equal(onr_cpu_level(arm.features), "neon");
    assert_int_equal(onr_cpu_cap(&arm, "avx2", &err), ONR_UNSUPPORTED);
    assert_int_equal(onr_cpu_cap(&arm, "neon", &err), ONR_OK);
    assert_int_equal(onr_cpu_cap(&arm, "scalar", &err), ONR_OK);
    assert_int_equal(arm.features, 0);
    assert_int_equal(onr_cpu_cap(&arm, "AVX2", &err), ONR_USAGE);
    assert_int_equal(onr_cpu_cap(&arm, "", &err), ONR_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detection_is_plausible),
#if ONR_HAVE_X86
        cmocka_unit_test(detection_agrees_with_the_compiler),
#endif
        cmocka_unit_test(affinity_limits_cores),
        cmocka_unit_test(caps_by_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
