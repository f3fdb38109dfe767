// suite_find.c: finds test folders.
// May assume: nothing about the tree. Never follows links to folders, so that a loop cannot catch it.
#include "cli/suite.h"

#include "cli/term.h"
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 16, MAX_PATH = 4096 };

static bool add(onr_cases *out, const char *path, const char *name) {
    if (!onr_io_grow((void **)&out->item, out->n, &out->cap, sizeof *out->item)) return false;
    struct onr_case c = {onr_io_strdup(path), onr_io_strdup(name)};
    if (!c.path || !c.name) {
        onr_io_free(c.path);
        onr_io_free(c.name);
        return false;
    }
    out->item[out->n++] = c;
    return true;
}

// The last part of a path, without slashes behind it.
static const char *base_name(const char *path, char out[MAX_PATH]) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    size_t start = n;
    while (start > 0 && path[start - 1] != '/') start--;
    snprintf(out, MAX_PATH, "%.*s", (int)(n - start), path + start);
    return out;
}

static bool is_folder(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

// `name` is the path beneath the given folder; empty for the folder itself.
static bool walk(const char *path, const char *name, int depth, onr_cases *out) {
    char sub[MAX_PATH], sub_name[MAX_PATH];
    snprintf(sub, sizeof sub, "%s/model.onnx", path);
    if (access(sub, F_OK) == 0) return add(out, path, *name ? name : base_name(path, sub_name));
    DIR *dir = opendir(path);
    if (!dir) {
        onr_term_error("cannot read '%s': %s", path, strerror(errno));
        return false;
    }
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(dir));) {
        if (e->d_name[0] == '.' || depth == MAX_DEPTH) continue;
        int n = snprintf(sub, sizeof sub, "%s%s%s", path, path[0] && path[strlen(path) - 1] == '/' ? "" : "/", e->d_name);
        int m = snprintf(sub_name, sizeof sub_name, "%s%s%s", name, *name ? "/" : "", e->d_name);
        if (n < MAX_PATH && m < MAX_PATH && is_folder(sub)) ok = walk(sub, sub_name, depth + 1, out);
    }
    closedir(dir);
    return ok;
}

bool onr_cases_find(const char *dir, onr_cases *out) { return walk(dir, "", 0, out); }

static int by_name(const void *a, const void *b) {
    const struct onr_case *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->path, y->path);
}

void onr_cases_sort(onr_cases *cases) {
    if (cases->n) qsort(cases->item, cases->n, sizeof *cases->item, by_name);
}

void onr_cases_free(onr_cases *cases) {
    for (size_t i = 0; i < cases->n; i++) {
        onr_io_free(cases->item[i].path);
        onr_io_free(cases->item[i].name);
    }
    onr_io_free(cases->item);
    memset(cases, 0, sizeof *cases);
}
