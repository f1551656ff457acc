/* Makes the n-th call that changes files in a folder fail once, or end the process. Preloaded; real calls otherwise. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[PATH_MAX];
static long fail_at, calls;
static int fail_with; /* an errno, or -1 to end the process */

/* Counts from now on, and strikes at the nth call; 0 only counts. An empty folder stops it. */
void fault_arm(const char *folder, long nth, int error) {
    calls = 0;
    fail_at = nth;
    fail_with = error;
    strncpy(root, folder, sizeof root - 1);
}

long fault_calls(void) { return calls; }

static int under(const char *path) {
    size_t length = strlen(root);
    return length && path && strncmp(path, root, length) == 0;
}

static int fd_under(int fd) {
    char link[64], path[PATH_MAX];
    if (!root[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return under(path);
}

static int strikes(void) {
    if (__sync_add_and_fetch(&calls, 1) != fail_at) return 0;
    if (fail_with < 0) kill(getpid(), SIGKILL);
    errno = fail_with;
    return 1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define WRAP_OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        mode_t mode = 0; \
        if (flags & O_CREAT) { va_list a; va_start(a, flags); mode = va_arg(a, mode_t); va_end(a); } \
        if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && under(path) && strikes()) return -1; \
        return real(path, flags, mode); \
    }
WRAP_OPEN(open)
WRAP_OPEN(open64)

#define WRAP_FOPEN(name) \
    FILE *name(const char *path, const char *mode) { \
        REAL(FILE *, #name, const char *, const char *); \
        if (strpbrk(mode, "wa+") && under(path) && strikes()) return NULL; \
        return real(path, mode); \
    }
WRAP_FOPEN(fopen)
WRAP_FOPEN(fopen64)

#define WRAP_FD(type, name, params, args, ...) \
    type name params { \
        REAL(type, #name, __VA_ARGS__); \
        if (fd_under(fd) && strikes()) return -1; \
        return real args; \
    }
WRAP_FD(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n), int, const void *, size_t)
WRAP_FD(ssize_t, pwrite, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o), int, const void *, size_t, off_t)
WRAP_FD(ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o), int, const void *, size_t, off64_t)
WRAP_FD(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), int, const struct iovec *, int)
WRAP_FD(int, ftruncate, (int fd, off_t n), (fd, n), int, off_t)
WRAP_FD(int, ftruncate64, (int fd, off64_t n), (fd, n), int, off64_t)
WRAP_FD(int, fsync, (int fd), (fd), int)
WRAP_FD(int, fdatasync, (int fd), (fd), int)

#define WRAP_PATH(name, params, args, ...) \
    int name params { \
        REAL(int, #name, __VA_ARGS__); \
        if (under(path) && strikes()) return -1; \
        return real args; \
    }
WRAP_PATH(rename, (const char *path, const char *to), (path, to), const char *, const char *)
WRAP_PATH(unlink, (const char *path), (path), const char *)
WRAP_PATH(mkdir, (const char *path, mode_t mode), (path, mode), const char *, mode_t)
