// replay.c: runs a fuzz target over the files of folders, so that a corpus is a plain test in every build.
// May assume: nothing about the files. Never passes when there are none.
#include "target.h"

#include "base/file.h"
#include "base/time.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SLOW_MS = 20000 }; // one input; sanitizers and busy machines included

static int replay_file(const char *path) {
    onr_map_file f;
    onr_err err = {0};
    if (onr_file_map(path, &f, &err) != ONR_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(2);
    }
    uint8_t *copy = malloc(f.bytes ? f.bytes : 1); // of exactly this size, so that a read past the end is seen
    if (!copy) exit(2);
    if (f.bytes) memcpy(copy, f.data, f.bytes);
    uint64_t start = onr_time_ns();
    fprintf(stderr, "%s\n", path); // the last line before a crash
    LLVMFuzzerTestOneInput(copy, f.bytes);
    uint64_t ms = (onr_time_ns() - start) / 1000000;
    free(copy);
    onr_file_unmap(&f);
    if (ms > SLOW_MS) {
        fprintf(stderr, "%s took %llu ms\n", path, (unsigned long long)ms);
        exit(1);
    }
    return 1;
}

static int replay(const char *path) {
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) return replay_file(path);
    struct dirent **list;
    int n = scandir(path, &list, NULL, alphasort), done = 0;
    for (int i = 0; i < n; i++) {
        char inner[4096];
        if (list[i]->d_name[0] != '.') {
            snprintf(inner, sizeof inner, "%s/%s", path, list[i]->d_name);
            done += replay(inner);
        }
        free(list[i]);
    }
    if (n >= 0) free(list);
    return done;
}

int main(int argc, char **argv) {
    int n = 0;
    for (int i = 1; i < argc; i++) n += replay(argv[i]);
    printf("%d inputs replayed\n", n);
    return n ? 0 : 2;
}
