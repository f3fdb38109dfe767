// suite_apart.c: runs a test in a child process.
// May assume: this process has one thread. Never waits longer than the timeout.
#include "cli/suite.h"

#include "cli/open.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// What the child tells; a record smaller than PIPE_BUF arrives in one piece.
typedef struct report {
    onr_verdict verdict;
    double ulp;
    char detail[ONR_DETAIL];
} report;

// The child's whole life. It ends by exit, so that a leak checker sees it end.
static void child(const onr_args *args, const struct onr_case *c, int fd) {
    report r;
    memset(&r, 0, sizeof r);
    r.verdict = onr_case_run(args, c, r.detail, &r.ulp);
    bool told = write(fd, &r, sizeof r) == (ssize_t)sizeof r;
    close(fd);
    exit(told ? 0 : 99);
}

// Reads the report until the child closes the pipe; false when `end` (onr_now_ms) came before.
static bool listen_to(int fd, double end, report *r, size_t *got) {
    for (*got = 0;;) {
        double left = end - onr_now_ms();
        struct pollfd p = {fd, POLLIN, 0};
        int ready = left <= 0 ? 0 : poll(&p, 1, left > 1e9 ? 1000000000 : (int)left + 1);
        if (ready == 0) return false;
        if (ready < 0) {
            if (errno == EINTR) continue;
            return true;
        }
        ssize_t n = read(fd, (char *)r + *got, sizeof *r - *got);
        if (n <= 0) return true;
        *got += (size_t)n;
        if (*got == sizeof *r) return onr_now_ms() <= end; // poll waits whole milliseconds
    }
}

onr_verdict onr_case_run_apart(const onr_args *args, const struct onr_case *c, char detail[ONR_DETAIL], double *ulp) {
    int fd[2], status = 0;
    report r;
    size_t got = 0;
    const double end = onr_now_ms() + args->timeout * 1e3;
    *ulp = 0;
    fflush(stdout);
    fflush(stderr);
    pid_t pid = pipe(fd) == 0 ? fork() : -1;
    if (pid < 0) {
        snprintf(detail, ONR_DETAIL, "no process could be started: %s", strerror(errno));
        return ONR_FAILED;
    }
    if (pid == 0) {
        close(fd[0]);
        child(args, c, fd[1]);
    }
    close(fd[1]);
    bool in_time = listen_to(fd[0], end, &r, &got);
    close(fd[0]);
    if (!in_time) kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (!in_time) {
        snprintf(detail, ONR_DETAIL, "took longer than %g seconds", args->timeout);
    } else if (WIFSIGNALED(status)) {
        snprintf(detail, ONR_DETAIL, "crashed (signal %d)", WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0 || got != sizeof r) {
        snprintf(detail, ONR_DETAIL, "the test's process ended with code %d", WEXITSTATUS(status));
    } else {
        memcpy(detail, r.detail, ONR_DETAIL);
        *ulp = r.ulp;
        return r.verdict;
    }
    return ONR_FAILED;
}
