// file_out.c: files written aside and renamed.
// May assume: Linux. Never leaves a half-written file behind. No fsync: "whole or absent" is promised to readers, not across a
// power cut, and results are cheap to make.
#include "base/arena.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WHY_TEXT = 128, MAX_NAMES = 1000, BUFFER = 64 << 10 };

struct onr_file_out {
    int fd, why; // why: 0, or the errno value of the first failure
    bool aside;  // `name` becomes `path` at the end
    size_t n;    // bytes in the buffer
    char path[PATH_MAX], name[PATH_MAX];
    uint8_t buffer[BUFFER];
};

static const char *describe(int number, char *text, size_t cap) {
#ifdef __GLIBC__
    return strerror_r(number, text, cap);
#else
    return strerror_r(number, text, cap) == 0 ? text : "unknown error"; // POSIX's, which other C libraries have
#endif
}

onr_status onr_fail_errno(onr_err *err, onr_status code, const char *verb, const char *path, int number) {
    char text[WHY_TEXT];
    bool limit = number == ENOMEM || number == ENOSPC || number == EMFILE || number == ENFILE || number == EDQUOT ||
                 number == EFBIG;
    return onr_fail(err, limit ? ONR_LIMIT : code, "cannot %s '%s': %s", verb, path, describe(number, text, sizeof text));
}

// 0 or an errno value.
static int write_all(int fd, const uint8_t *data, size_t bytes) {
    while (bytes > 0) {
        ssize_t n = write(fd, data, bytes);
        if (n < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        data += n;
        bytes -= (size_t)n;
    }
    return 0;
}

// A new file beside `path`, its name in `name`; the umask sets its mode. -1 with errno set.
static int create_beside(const char *path, char *name, size_t cap) {
    for (int i = 0; i < MAX_NAMES; i++) {
        int n = snprintf(name, cap, "%s.%ld-%d.tmp", path, (long)getpid(), i);
        if (n < 0 || (size_t)n >= cap) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

static int open_aside(onr_file_out *f, const char *path, const struct stat *old) {
    if (strlen(path) >= sizeof f->path) return ENAMETOOLONG;
    strcpy(f->path, path);
    f->fd = create_beside(path, f->name, sizeof f->name);
    if (f->fd < 0) return errno;
    f->aside = true;
    return old && fchmod(f->fd, old->st_mode & 07777) != 0 ? errno : 0;
}

static int open_for(onr_file_out *f, const char *path) {
    struct stat st;
    char real[PATH_MAX];
    if (strcmp(path, "-") == 0) return f->fd = STDOUT_FILENO, 0;
    if (stat(path, &st) != 0) return open_aside(f, path, NULL);
    if (S_ISDIR(st.st_mode)) return EISDIR;
    if (!S_ISREG(st.st_mode)) { // a pipe or a device is written to, not replaced
        f->fd = open(path, O_WRONLY | O_CLOEXEC);
        return f->fd < 0 ? errno : 0;
    }
    // Through a link, the file behind it is replaced, and the link stays.
    return access(path, W_OK) != 0 || !realpath(path, real) ? errno : open_aside(f, real, &st);
}

static const char *shown(const char *path) { return strcmp(path, "-") == 0 ? "standard output" : path; }

onr_status onr_file_out_open(const char *path, onr_file_out **out, onr_err *err) {
    onr_file_out *f = onr_malloc(sizeof *f);
    *out = NULL;
    if (!f) return onr_no_memory(err, sizeof *f);
    f->fd = -1;
    f->aside = false;
    f->n = 0;
    snprintf(f->path, sizeof f->path, "%s", shown(path));
    f->why = open_for(f, path);
    if (f->why) {
        onr_status s = onr_fail_errno(err, ONR_USAGE, "write", shown(path), f->why);
        onr_file_out_close(f, false, NULL);
        return s;
    }
    *out = f;
    return ONR_OK;
}

static void flush(onr_file_out *f) {
    if (!f->why) f->why = write_all(f->fd, f->buffer, f->n);
    f->n = 0;
}

bool onr_file_out_add(onr_file_out *f, const void *data, size_t bytes) {
    if (bytes > BUFFER - f->n) flush(f);
    if (bytes > BUFFER && !f->why) {
        f->why = write_all(f->fd, data, bytes);
    } else if (bytes && !f->why) {
        memcpy(f->buffer + f->n, data, bytes);
        f->n += bytes;
    }
    return f->why == 0;
}

bool onr_file_out_failed(const onr_file_out *f) { return f->why != 0; }

onr_status onr_file_out_close(onr_file_out *f, bool keep, onr_err *err) {
    if (!f) return ONR_OK;
    if (keep) flush(f);
    if (f->fd >= 0 && f->fd != STDOUT_FILENO && close(f->fd) != 0 && !f->why) f->why = errno;
    if (f->aside && keep && !f->why && rename(f->name, f->path) != 0) f->why = errno;
    if (f->aside && (!keep || f->why)) unlink(f->name);
    onr_status s = keep && f->why ? onr_fail_errno(err, ONR_USAGE, "write", f->path, f->why) : ONR_OK;
    onr_free(f);
    return s;
}

onr_status onr_file_write(const char *path, const void *data, size_t bytes, onr_err *err) {
    onr_file_out *f;
    ONR_TRY(onr_file_out_open(path, &f, err));
    onr_file_out_add(f, data, bytes);
    return onr_file_out_close(f, true, err);
}
