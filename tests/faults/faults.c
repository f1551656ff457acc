/* Makes the n-th call that changes files in a folder fail once, or end the process; or lets a file or folder be ill:
   whatever asks for it fails. Preloaded; real calls otherwise. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
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

enum { ASKED_FOR = 1, LISTED = 2, OPENED = 4, READ = 8 };
static char patient[PATH_MAX];
static int symptoms, ill_with;

/* From now on `path`, and what is below it, cannot be asked for, listed, opened or read (a sum of the above). */
void fault_ill(const char *path, int when, int error) {
    ill_with = error;
    symptoms = when;
    strncpy(patient, path, sizeof patient - 1);
}

static int under(const char *path) {
    size_t length = strlen(root);
    return length && path && strncmp(path, root, length) == 0;
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
    return length > 0;
}

static int fd_under(int fd) {
    char path[PATH_MAX];
    return root[0] && path_of(fd, path) && under(path);
}

static int ails(const char *path, int symptom) {
    size_t length = strlen(patient);
    if (!(symptoms & symptom) || !path || strncmp(path, patient, length) || (path[length] && path[length] != '/')) return 0;
    errno = ill_with;
    return 1;
}

static int fd_ails(int fd, int symptom) {
    char path[PATH_MAX];
    return symptoms & symptom && path_of(fd, path) && ails(path, symptom);
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
        if (ails(path, OPENED)) return -1; \
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

#define WRAP_ASKING(type, name, failed, symptom, params, args, ...) \
    type name params { \
        REAL(type, #name, __VA_ARGS__); \
        if (ails(path, symptom)) return failed; \
        return real args; \
    }
WRAP_ASKING(int, stat, -1, ASKED_FOR, (const char *path, struct stat *s), (path, s), const char *, struct stat *)
WRAP_ASKING(int, lstat, -1, ASKED_FOR, (const char *path, struct stat *s), (path, s), const char *, struct stat *)
WRAP_ASKING(int, stat64, -1, ASKED_FOR, (const char *path, struct stat64 *s), (path, s), const char *, struct stat64 *)
WRAP_ASKING(int, lstat64, -1, ASKED_FOR, (const char *path, struct stat64 *s), (path, s), const char *, struct stat64 *)
WRAP_ASKING(int, statvfs, -1, ASKED_FOR, (const char *path, struct statvfs *s), (path, s), const char *, struct statvfs *)
WRAP_ASKING(int, statvfs64, -1, ASKED_FOR, (const char *path, struct statvfs64 *s), (path, s), const char *,
            struct statvfs64 *)
WRAP_ASKING(DIR *, opendir, NULL, ASKED_FOR, (const char *path), (path), const char *)

struct dirent64 *readdir64(DIR *folder) {
    REAL(struct dirent64 *, "readdir64", DIR *);
    return fd_ails(dirfd(folder), LISTED) ? NULL : real(folder);
}

ssize_t read(int fd, void *b, size_t n) {
    REAL(ssize_t, "read", int, void *, size_t);
    return fd_ails(fd, READ) ? -1 : real(fd, b, n);
}
