// file.c: maps files for reading.
// May assume: Linux. Never follows a path out of the folder it was told.
#include "base/file.h"

#include "base/arena.h"
#include "base/mathx.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<linux/openat2.h>) // the kernel's headers are not everywhere where another C library's are
#include <linux/openat2.h>
#endif

enum { FIRST_READ = 64 << 10 };

static uintptr_t page_bytes(void) { return (uintptr_t)sysconf(_SC_PAGESIZE); }

// Reads a descriptor to its end: pipes, terminals, files of /proc, and whatever shall not be mapped. `expect` may be 0.
static onr_status read_all(int fd, const char *path, size_t expect, size_t max_bytes, onr_map_file *out, onr_err *err) {
    size_t n = 0, cap = FIRST_READ;
    if (expect > cap && !onr_add_size(expect, 1, &cap)) return onr_no_memory(err, expect); // one more, to see the end
    uint8_t *data = onr_malloc(cap);
    if (!data) return onr_no_memory(err, cap);
    for (;;) {
        if (n == cap) {
            uint8_t *grown = onr_mul_size(cap, 2, &cap) ? onr_realloc(data, cap) : NULL;
            if (!grown) {
                onr_free(data);
                return onr_no_memory(err, cap);
            }
            data = grown;
        }
        ssize_t got = read(fd, data + n, cap - n);
        if (got == 0) break;
        if (got > 0) {
            n += (size_t)got;
            if (max_bytes && n > max_bytes) {
                onr_free(data);
                return onr_fail(err, ONR_LIMIT, "'%s' has more than %zu bytes, the limit", path, max_bytes);
            }
        } else if (errno != EINTR) {
            int why = errno;
            onr_free(data);
            return onr_fail_errno(err, ONR_INVALID, "read", path, why);
        }
    }
    if (n == 0) {
        onr_free(data);
        data = NULL;
    }
    *out = (onr_map_file){data, n, false};
    return ONR_OK;
}

// Maps bytes [offset, offset + bytes) of an open regular file; the kernel wants the start of a page.
static onr_status map_range(int fd, const char *path, uint64_t offset, size_t bytes, onr_map_file *out, onr_err *err) {
    if (bytes == 0) {
        *out = (onr_map_file){NULL, 0, true};
        return ONR_OK;
    }
    size_t before = (size_t)(offset % page_bytes()), length;
    if (!onr_add_size(bytes, before, &length)) return onr_no_memory(err, bytes);
    void *p = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, (off_t)(offset - before));
    if (p == MAP_FAILED) return onr_fail_errno(err, ONR_INVALID, "map", path, errno);
    *out = (onr_map_file){(uint8_t *)p + before, bytes, true};
    return ONR_OK;
}

static onr_status map_open_file(int fd, const char *path, onr_map_file *out, onr_err *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return onr_fail_errno(err, ONR_INVALID, "read", path, errno);
    if (S_ISDIR(st.st_mode)) return onr_fail(err, ONR_INVALID, "cannot read '%s': it is a directory", path);
    // Files of /proc are regular, of size 0, and full.
    if (!S_ISREG(st.st_mode) || st.st_size == 0) return read_all(fd, path, 0, 0, out, err);
    return map_range(fd, path, 0, (size_t)st.st_size, out, err);
}

onr_status onr_file_map(const char *path, onr_map_file *out, onr_err *err) {
    *out = (onr_map_file){NULL, 0, false};
    if (strcmp(path, "-") == 0) return read_all(STDIN_FILENO, "standard input", 0, 0, out, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return onr_fail_errno(err, ONR_INVALID, "read", path, errno);
    onr_status st = map_open_file(fd, path, out, err);
    close(fd);
    return st;
}

onr_status onr_file_read(const char *path, size_t max_bytes, onr_map_file *out, onr_err *err) {
    *out = (onr_map_file){NULL, 0, false};
    if (strcmp(path, "-") == 0) return read_all(STDIN_FILENO, "standard input", 0, max_bytes, out, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return onr_fail_errno(err, ONR_INVALID, "read", path, errno);
    struct stat s;
    onr_status st = ONR_OK;
    if (fstat(fd, &s) != 0)
        st = onr_fail_errno(err, ONR_INVALID, "read", path, errno);
    else if (S_ISREG(s.st_mode) && max_bytes && (uint64_t)s.st_size > max_bytes)
        st = onr_fail(err, ONR_LIMIT, "'%s' has %lld bytes, the limit is %zu", path, (long long)s.st_size, max_bytes);
    else
        st = read_all(fd, path, S_ISREG(s.st_mode) ? (size_t)s.st_size : 0, max_bytes, out, err);
    close(fd);
    return st;
}

static bool is_plain_relative(const char *rel) {
    if (rel[0] == '\0' || rel[0] == '/') return false;
    for (const char *p = rel; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.') return false;
        p += n;
        while (*p == '/') p++;
    }
    return true;
}

// Is the object behind `fd` beneath the folder behind `dir_fd`? The kernel's own names for the two descriptors decide, so
// nothing can change between the check and the use. -1 with errno set when the names are not known.
static int names_are_nested(int dir_fd, int fd) {
    char link[64], dir[PATH_MAX], file[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", dir_fd);
    ssize_t dir_n = readlink(link, dir, sizeof dir);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t file_n = readlink(link, file, sizeof file);
    if (dir_n < 0 || file_n < 0) return -1;
    if (dir_n == sizeof dir || file_n == sizeof file) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (dir_n == 1) dir_n = 0; // "/"
    return file_n > dir_n && memcmp(dir, file, (size_t)dir_n) == 0 && file[dir_n] == '/';
}

// For kernels before 5.6, and sandboxes that refuse openat2. O_PATH gets a descriptor without opening the object, so that a
// link to a device does nothing; only what passed the check is opened, through that descriptor.
static int open_beneath_checked(int dir_fd, const char *rel) {
    int fd = openat(dir_fd, rel, O_PATH | O_CLOEXEC);
    if (fd < 0) return -1;
    int nested = names_are_nested(dir_fd, fd);
    if (nested <= 0) {
        int why = nested == 0 ? EXDEV : errno;
        close(fd);
        errno = why;
        return -1;
    }
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int opened = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int why = errno;
    close(fd);
    errno = why;
    return opened;
}

// EXDEV in errno says that a link leads out of the folder.
static int open_beneath(int dir_fd, const char *rel) {
#ifdef RESOLVE_BENEATH
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    for (int tries = 0; tries < 8; tries++) {
        long fd = syscall(SYS_openat2, dir_fd, rel, &how, sizeof how);
        if (fd >= 0) return (int)fd;
        if (errno == ENOSYS || errno == EPERM) return open_beneath_checked(dir_fd, rel);
        if (errno != EAGAIN) return -1; // EAGAIN: something was renamed meanwhile
    }
    return -1;
#else
    return open_beneath_checked(dir_fd, rel);
#endif
}

// The checks on the opened descriptor, then the map.
static onr_status map_beneath_open(int fd, const char *rel, int64_t offset, int64_t length, onr_map_file *out, onr_err *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return onr_fail_errno(err, ONR_INVALID, "read", rel, errno);
    if (!S_ISREG(st.st_mode)) return onr_fail(err, ONR_INVALID, "cannot read '%s': it is not a regular file", rel);
    int64_t size = st.st_size;
    if (offset < 0) return onr_fail(err, ONR_INVALID, "'%s': offset %lld is negative", rel, (long long)offset);
    if (offset > size || (length >= 0 && length > size - offset)) {
        return onr_fail(err, ONR_INVALID, "'%s' has %lld bytes, but %lld bytes from offset %lld are wanted", rel,
                        (long long)size, (long long)(length < 0 ? 0 : length), (long long)offset);
    }
    return map_range(fd, rel, (uint64_t)offset, (size_t)(length < 0 ? size - offset : length), out, err);
}

onr_status onr_file_map_beneath(const char *dir, const char *rel, int64_t offset, int64_t length, onr_map_file *out,
                                onr_err *err) {
    *out = (onr_map_file){NULL, 0, false};
    if (!is_plain_relative(rel)) return onr_fail(err, ONR_INVALID, "path '%s' must be relative and without '..'", rel);
    int dir_fd = open(*dir ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) return onr_fail_errno(err, ONR_INVALID, "open folder", dir, errno);
    int fd = open_beneath(dir_fd, rel), why = errno;
    close(dir_fd);
    if (fd < 0 && why == EXDEV) return onr_fail(err, ONR_INVALID, "path '%s' leads out of '%s'", rel, dir);
    if (fd < 0) return onr_fail_errno(err, ONR_INVALID, "read", rel, why);
    onr_status st = map_beneath_open(fd, rel, offset, length, out, err);
    close(fd);
    return st;
}

void onr_file_unmap(onr_map_file *f) {
    if (f->data && f->mapped) {
        size_t before = (uintptr_t)f->data % page_bytes();
        munmap((void *)(f->data - before), f->bytes + before);
    } else if (f->data) {
        onr_free((void *)f->data);
    }
    *f = (onr_map_file){NULL, 0, false};
}

void onr_file_drop_pages(const onr_map_file *f, const void *start, size_t bytes) {
    if (!f->mapped || !f->data) return;
    // Only pages that lie wholly in the range: their neighbours may still be read. A read after this reads the file again.
    uintptr_t page = page_bytes(), first = (uintptr_t)f->data, last = first + f->bytes;
    uintptr_t lo = (uintptr_t)start, hi = bytes > UINTPTR_MAX - lo ? UINTPTR_MAX : lo + bytes;
    if (lo < first) lo = first;
    if (hi > last) hi = last;
    lo = (lo + page - 1) & ~(page - 1);
    hi &= ~(page - 1);
    if (lo < hi) madvise((void *)lo, hi - lo, MADV_DONTNEED);
}
