// test_base_file.c: mapping, mapping beneath a folder with every way out tried, writing whole or not at all.
// May assume: a writable temporary folder, Linux. Never leaves files behind when it passes.
#include "base/file.h"

#include "support/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char dir[256];

static const char *in_dir(const char *name) {
    static char path[4][512];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static void put(const char *name, const void *data, size_t bytes) {
    FILE *f = fopen(in_dir(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
}

// dir/model/{weights.bin, sub/w.bin, empty.bin, fifo, links...}, dir/secret.bin, dir/model-2/w.bin
static int make_tree(void **state) {
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/onr_file_XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(dir)) return -1;
    mkdir(in_dir("model"), 0777);
    mkdir(in_dir("model/sub"), 0777);
    mkdir(in_dir("model-2"), 0777);
    static uint8_t big[20000];
    for (size_t i = 0; i < sizeof big; i++) big[i] = (uint8_t)(i * 7 + i / 256);
    put("model/weights.bin", big, sizeof big);
    put("model/sub/w.bin", "inside", 6);
    put("model/empty.bin", "", 0);
    put("secret.bin", "secret", 6);
    put("model-2/w.bin", "beside", 6);
    int bad = mkfifo(in_dir("model/fifo"), 0666);
    bad |= symlink("sub/w.bin", in_dir("model/good_link"));
    bad |= symlink("../secret.bin", in_dir("model/bad_link"));
    bad |= symlink(in_dir("secret.bin"), in_dir("model/absolute_link"));
    bad |= symlink("..", in_dir("model/up"));
    bad |= symlink("../model-2", in_dir("model/beside"));
    bad |= symlink("loop", in_dir("model/loop"));
    bad |= symlink("/proc/self/fd/0", in_dir("model/magic"));
    return bad;
}

static int remove_tree(void **state) {
    (void)state;
    char command[512];
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    return system(command);
}

static void map_regular(void **state) {
    (void)state;
    onr_map_file f;
    onr_err err = {0};
    assert_int_equal(onr_file_map(in_dir("model/weights.bin"), &f, &err), ONR_OK);
    assert_true(f.mapped);
    assert_int_equal(f.bytes, 20000);
    for (size_t i = 0; i < f.bytes; i++) assert_int_equal(f.data[i], (uint8_t)(i * 7 + i / 256));
    onr_file_unmap(&f);
    assert_null(f.data);
    onr_file_unmap(&f);
    assert_int_equal(onr_file_map(in_dir("model/empty.bin"), &f, &err), ONR_OK);
    assert_null(f.data);
    assert_int_equal(f.bytes, 0);
    onr_file_unmap(&f);
}

static void map_fails_with_a_reason(void **state) {
    (void)state;
    onr_map_file f;
    onr_err err = {0};
    assert_int_equal(onr_file_map(in_dir("nothing"), &f, &err), ONR_INVALID);
    assert_non_null(strstr(err.text, "nothing': No such file"));
    assert_int_equal(onr_file_map(in_dir("model"), &f, &err), ONR_INVALID);
    assert_non_null(strstr(err.text, "directory"));
    assert_null(f.data);
}

// Standard input is a pipe that a child fills; sizes around the first buffer and its growth.
static void map_pipe(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 300000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        int fds[2], saved = dup(0);
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        if (child == 0) {
            close(fds[0]);
            for (size_t i = 0; i < sizes[k]; i++) {
                char c = (char)(i % 251);
                if (i % 4096 == 0 && sizes[k] - i >= 4096) {
                    char block[4096];
                    for (size_t j = 0; j < sizeof block; j++) block[j] = (char)((i + j) % 251);
                    if (write(fds[1], block, sizeof block) != sizeof block) _exit(1);
                    i += sizeof block - 1;
                } else if (write(fds[1], &c, 1) != 1) {
                    _exit(1);
                }
            }
            _exit(0);
        }
        close(fds[1]);
        dup2(fds[0], 0);
        close(fds[0]);
        onr_map_file f;
        onr_err err = {0};
        assert_int_equal(onr_file_map("-", &f, &err), ONR_OK);
        dup2(saved, 0);
        close(saved);
        assert_int_equal(f.bytes, sizes[k]);
        assert_false(f.mapped);
        for (size_t i = 0; i < f.bytes; i++) assert_int_equal(f.data[i], (uint8_t)(i % 251));
        onr_file_unmap(&f);
    }
}

static void map_proc_file(void **state) {
    (void)state;
    onr_map_file f;
    onr_err err = {0};
    assert_int_equal(onr_file_map("/proc/self/status", &f, &err), ONR_OK); // says its size is 0
    assert_true(f.bytes > 10);
    assert_memory_equal(f.data, "Name:", 5);
    onr_file_unmap(&f);
}

static onr_status beneath(const char *rel, int64_t offset, int64_t length, onr_map_file *f, onr_err *err) {
    return onr_file_map_beneath(in_dir("model"), rel, offset, length, f, err);
}

static void beneath_maps_any_range(void **state) {
    (void)state;
    static const int64_t offsets[] = {0, 1, 63, 4095, 4096, 4097, 12288, 19999, 20000};
    onr_map_file f;
    onr_err err = {0};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        int64_t offset = offsets[i], left = 20000 - offset;
        for (int whole = 0; whole < 2; whole++) {
            int64_t length = whole ? -1 : left / 2;
            assert_int_equal(beneath("weights.bin", offset, length, &f, &err), ONR_OK);
            assert_int_equal(f.bytes, whole ? left : left / 2);
            for (size_t k = 0; k < f.bytes; k++) {
                size_t at = k + (size_t)offset;
                assert_int_equal(f.data[k], (uint8_t)(at * 7 + at / 256));
            }
            onr_file_unmap(&f);
        }
    }
    assert_int_equal(beneath("sub/w.bin", 2, 3, &f, &err), ONR_OK);
    assert_memory_equal(f.data, "sid", 3);
    onr_file_unmap(&f);
    assert_int_equal(beneath("./sub//w.bin", 0, -1, &f, &err), ONR_OK);
    onr_file_unmap(&f);
    assert_int_equal(beneath("good_link", 0, -1, &f, &err), ONR_OK);
    assert_memory_equal(f.data, "inside", 6);
    onr_file_unmap(&f);
}

static void beneath_refuses_ranges_outside(void **state) {
    (void)state;
    static const int64_t bad[][2] = {{-1, 1},        {0, 20001},      {20001, -1},
                                     {20001, 0},     {19999, 2},      {INT64_MAX, 1},
                                     {1, INT64_MAX}, {INT64_MIN, -1}, {INT64_MAX, INT64_MAX}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        onr_map_file f;
        onr_err err = {0};
        assert_int_equal(beneath("weights.bin", bad[i][0], bad[i][1], &f, &err), ONR_INVALID);
        assert_non_null(strstr(err.text, "weights.bin"));
        assert_null(f.data);
    }
}

static void beneath_refuses_ways_out(void **state) {
    (void)state;
    static const char *const bad[] = {"",         "/etc/hostname", "../secret.bin", "sub/../../secret.bin", "..",     "sub/..",
                                      "bad_link", "absolute_link", "up/secret.bin", "beside/w.bin",         "loop",   "magic",
                                      "fifo",     "sub",           "nothing",       "weights.bin/x",        "up/up/x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        onr_map_file f;
        onr_err err = {0};
        assert_int_equal(beneath(bad[i], 0, -1, &f, &err), ONR_INVALID);
        assert_true(err.text[0] != '\0');
        assert_null(f.data);
    }
    onr_map_file f;
    onr_err err = {0};
    assert_int_equal(beneath("bad_link", 0, -1, &f, &err), ONR_INVALID);
    assert_non_null(strstr(err.text, "leads out"));
    assert_int_equal(onr_file_map_beneath(in_dir("absent"), "w.bin", 0, -1, &f, &err), ONR_INVALID);
}

// An empty folder name is the working folder, as for a model given without a folder.
static void beneath_the_working_folder(void **state) {
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(in_dir("model")), 0);
    onr_map_file f;
    onr_err err = {0};
    assert_int_equal(onr_file_map_beneath("", "sub/w.bin", 0, -1, &f, &err), ONR_OK);
    onr_file_unmap(&f);
    assert_int_equal(onr_file_map_beneath("", "bad_link", 0, -1, &f, &err), ONR_INVALID);
    assert_int_equal(chdir(before), 0);
}

static void dropped_pages_read_the_same(void **state) {
    (void)state;
    onr_map_file f;
    onr_err err = {0};
    assert_int_equal(beneath("weights.bin", 100, -1, &f, &err), ONR_OK);
    onr_file_drop_pages(&f, f.data, f.bytes);
    onr_file_drop_pages(&f, f.data + 5000, 10);
    onr_file_drop_pages(&f, f.data - 50, SIZE_MAX);
    onr_file_drop_pages(&f, f.data + f.bytes + 1, 100);
    onr_file_drop_pages(&f, NULL, 100);
    for (size_t k = 0; k < f.bytes; k++) assert_int_equal(f.data[k], (uint8_t)((k + 100) * 7 + (k + 100) / 256));
    onr_file_unmap(&f);
}

static size_t count_files(const char *name_part) {
    char command[600], text[32] = "";
    snprintf(command, sizeof command, "ls -A '%s' | grep -c '%s'", dir, name_part);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    assert_non_null(fgets(text, sizeof text, p));
    pclose(p);
    return (size_t)atol(text);
}

static void same(const char *name, const char *expected) {
    onr_map_file f;
    onr_err err = {0};
    assert_int_equal(onr_file_map(in_dir(name), &f, &err), ONR_OK);
    assert_int_equal(f.bytes, strlen(expected));
    assert_memory_equal(f.data, expected, f.bytes);
    onr_file_unmap(&f);
}

static void write_makes_and_replaces(void **state) {
    (void)state;
    onr_err err = {0};
    assert_int_equal(onr_file_write(in_dir("out.bin"), "first", 5, &err), ONR_OK);
    same("out.bin", "first");
    assert_int_equal(chmod(in_dir("out.bin"), 0640), 0);
    assert_int_equal(onr_file_write(in_dir("out.bin"), "second one", 10, &err), ONR_OK);
    same("out.bin", "second one");
    struct stat st;
    assert_int_equal(stat(in_dir("out.bin"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    // Through a link: the file changes, the link stays.
    assert_int_equal(symlink("out.bin", in_dir("out_link")), 0);
    assert_int_equal(onr_file_write(in_dir("out_link"), "", 0, &err), ONR_OK);
    assert_int_equal(lstat(in_dir("out_link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(in_dir("out.bin"), &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(onr_file_write("/dev/null", "gone", 4, &err), ONR_OK);
    assert_int_equal(count_files("tmp"), 0);
}

static void pieces_make_a_whole(void **state) {
    (void)state;
    enum { N = 200000 };
    static uint8_t data[N];
    onr_err err = {0};
    onr_file_out *f;
    onr_map_file got;
    for (size_t i = 0; i < N; i++) data[i] = (uint8_t)(i * 11 + i / 251);
    assert_int_equal(onr_file_out_open(in_dir("pieces.bin"), &f, &err), ONR_OK);
    for (size_t at = 0, n = 1; at < N; at += n, n = 2 * n + 3) { // from one byte to more than any buffer
        if (n > N - at) n = N - at;
        assert_true(onr_file_out_add(f, data + at, n));
    }
    assert_true(onr_file_out_add(f, NULL, 0));
    assert_int_equal(access(in_dir("pieces.bin"), F_OK), -1); // not there before it is whole
    assert_int_equal(onr_file_out_close(f, true, &err), ONR_OK);
    assert_int_equal(onr_file_map(in_dir("pieces.bin"), &got, &err), ONR_OK);
    assert_int_equal(got.bytes, N);
    assert_memory_equal(got.data, data, N);
    onr_file_unmap(&got);
    assert_int_equal(onr_file_out_open(in_dir("pieces.bin"), &f, &err), ONR_OK);
    assert_true(onr_file_out_add(f, "half", 4));
    assert_int_equal(onr_file_out_close(f, false, &err), ONR_OK); // given up: the old one stays
    assert_int_equal(onr_file_map(in_dir("pieces.bin"), &got, &err), ONR_OK);
    assert_int_equal(got.bytes, N);
    onr_file_unmap(&got);
    assert_int_equal(onr_file_out_close(NULL, true, &err), ONR_OK);
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(onr_file_out_open("/dev/full", &f, &err), ONR_OK);
        assert_false(onr_file_out_add(f, data, N));
        assert_true(onr_file_out_failed(f));
        assert_int_equal(onr_file_out_close(f, true, &err), ONR_LIMIT);
    }
    assert_int_equal(count_files("tmp"), 0);
}

static void write_fails_and_leaves_nothing(void **state) {
    (void)state;
    onr_err err = {0};
    assert_int_equal(onr_file_write(in_dir("no/such/out.bin"), "x", 1, &err), ONR_USAGE);
    assert_non_null(strstr(err.text, "out.bin': No such file"));
    assert_int_equal(onr_file_write(in_dir("model"), "x", 1, &err), ONR_USAGE);
    assert_non_null(strstr(err.text, "Is a directory"));
    if (access("/dev/full", W_OK) == 0) assert_int_equal(onr_file_write("/dev/full", "x", 1, &err), ONR_LIMIT);
    assert_int_equal(count_files("tmp"), 0);
}

// Makes openat2 fail from here to the end of the process, as on a kernel before 5.6: the tests above run again on the
// checked way.
static void without_openat2(void **state) {
    (void)state;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        skip(); // a sandbox that does not allow sandboxes
    }
    assert_int_equal(syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0), -1);
    assert_int_equal(errno, ENOSYS);
    beneath_maps_any_range(state);
    beneath_refuses_ranges_outside(state);
    beneath_refuses_ways_out(state);
    beneath_the_working_folder(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_regular),
        cmocka_unit_test(map_fails_with_a_reason),
        cmocka_unit_test(map_pipe),
        cmocka_unit_test(map_proc_file),
        cmocka_unit_test(beneath_maps_any_range),
        cmocka_unit_test(beneath_refuses_ranges_outside),
        cmocka_unit_test(beneath_refuses_ways_out),
        cmocka_unit_test(beneath_the_working_folder),
        cmocka_unit_test(dropped_pages_read_the_same),
        cmocka_unit_test(write_makes_and_replaces),
        cmocka_unit_test(pieces_make_a_whole),
        cmocka_unit_test(write_fails_and_leaves_nothing),
        cmocka_unit_test(without_openat2),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
