/* Records every call that changes files in a folder, in the order of their effects. Preloaded; real calls otherwise. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[PATH_MAX];
static int journal = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t real_write(int fd, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(fd, data, size);
}

/* What: c(reate) d(irectory) w(rite) t(runcate) s(ync) r(ename) u(nlink), and m(ark); one record is written at once. */
struct record { int64_t what, inode, at, first, second; };

static void note(char what, ino_t inode, int64_t at, const void *first, size_t one, const void *second, size_t two) {
    struct record head = {what, (int64_t)inode, at, (int64_t)one, (int64_t)two};
    const void *part[] = {&head, first, second};
    size_t size[] = {sizeof head, one, two};
    for (int i = 0; i < 3; i++)
        for (size_t done = 0; done < size[i];) {
            ssize_t more = real_write(journal, (const char *)part[i] + done, size[i] - done);
            if (more <= 0) _exit(99); /* a record with a hole would be no proof of anything */
            done += (size_t)more;
        }
}

/* From now on what happens in `folder` is appended to the file `to`. */
int record_start(const char *folder, const char *to) {
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    strncpy(root, folder, sizeof root - 1);
    return journal = fd;
}

void record_mark(const char *text) {
    pthread_mutex_lock(&lock);
    if (journal >= 0) note('m', 0, 0, text, strlen(text), NULL, 0);
    pthread_mutex_unlock(&lock);
}

void record_stop(void) {
    pthread_mutex_lock(&lock);
    close(journal);
    journal = -1;
    pthread_mutex_unlock(&lock);
}

static int under(const char *path) {
    size_t length = strlen(root);
    return journal >= 0 && path && strncmp(path, root, length) == 0 && (path[length] == '/' || !path[length]);
}

static int fd_under(int fd, struct stat *status) {
    char link[64], path[PATH_MAX];
    if (journal < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return under(path) && fstat(fd, status) == 0;
}

static void note_opened(const char *path, int fd, int was_there, int cut) {
    struct stat status;
    if (fd < 0 || fstat(fd, &status)) return;
    if (!was_there) note('c', status.st_ino, 0, path, strlen(path), NULL, 0);
    else if (cut) note('t', status.st_ino, 0, NULL, 0, NULL, 0);
}

#define WRAP_OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        mode_t mode = 0; \
        if (flags & O_CREAT) { va_list a; va_start(a, flags); mode = va_arg(a, mode_t); va_end(a); } \
        if (!(flags & (O_CREAT | O_TRUNC)) || !under(path)) return real(path, flags, mode); \
        struct stat before; \
        pthread_mutex_lock(&lock); \
        int was_there = stat(path, &before) == 0, fd = real(path, flags, mode); \
        note_opened(path, fd, was_there, flags & O_TRUNC); \
        pthread_mutex_unlock(&lock); \
        return fd; \
    }
WRAP_OPEN(open)
WRAP_OPEN(open64)

#define WRAP_FOPEN(name) \
    FILE *name(const char *path, const char *mode) { \
        REAL(FILE *, #name, const char *, const char *); \
        if (!strpbrk(mode, "wa") || !under(path)) return real(path, mode); \
        struct stat before; \
        pthread_mutex_lock(&lock); \
        int was_there = stat(path, &before) == 0; \
        FILE *file = real(path, mode); \
        note_opened(path, file ? fileno(file) : -1, was_there, mode[0] == 'w'); \
        pthread_mutex_unlock(&lock); \
        return file; \
    }
WRAP_FOPEN(fopen)
WRAP_FOPEN(fopen64)

/* `after` sees what the call `did`, and `status` of the file before it. */
#define WRAP_FD(type, name, params, args, before, after, ...) \
    type name params { \
        REAL(type, #name, __VA_ARGS__); \
        struct stat status; \
        if (!fd_under(fd, &status)) return real args; \
        pthread_mutex_lock(&lock); \
        before; \
        type did = real args; \
        if (did >= 0) after; \
        pthread_mutex_unlock(&lock); \
        return did; \
    }

static off_t place(int fd) {
    struct stat status;
    if (fcntl(fd, F_GETFL) & O_APPEND && fstat(fd, &status) == 0) return status.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

static void note_parts(ino_t inode, off_t at, const struct iovec *part, ssize_t left) {
    for (; left > 0; part++) {
        size_t size = part->iov_len < (size_t)left ? part->iov_len : (size_t)left;
        note('w', inode, at, part->iov_base, size, NULL, 0);
        at += (off_t)size;
        left -= (ssize_t)size;
    }
}

WRAP_FD(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n), off_t at = place(fd),
        note('w', status.st_ino, at, b, (size_t)did, NULL, 0), int, const void *, size_t)
WRAP_FD(ssize_t, pwrite, (int fd, const void *b, size_t n, off_t at), (fd, b, n, at), ,
        note('w', status.st_ino, at, b, (size_t)did, NULL, 0), int, const void *, size_t, off_t)
WRAP_FD(ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t at), (fd, b, n, at), ,
        note('w', status.st_ino, at, b, (size_t)did, NULL, 0), int, const void *, size_t, off64_t)
WRAP_FD(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), off_t at = place(fd),
        note_parts(status.st_ino, at, v, did), int, const struct iovec *, int)
WRAP_FD(int, ftruncate, (int fd, off_t n), (fd, n), , note('t', status.st_ino, n, NULL, 0, NULL, 0), int, off_t)
WRAP_FD(int, ftruncate64, (int fd, off64_t n), (fd, n), , note('t', status.st_ino, n, NULL, 0, NULL, 0), int, off64_t)
WRAP_FD(int, fsync, (int fd), (fd), , note('s', status.st_ino, 0, NULL, 0, NULL, 0), int)
WRAP_FD(int, fdatasync, (int fd), (fd), , note('s', status.st_ino, 0, NULL, 0, NULL, 0), int)

#define WRAP_PATH(name, params, args, after, ...) \
    int name params { \
        REAL(int, #name, __VA_ARGS__); \
        if (!under(path)) return real args; \
        pthread_mutex_lock(&lock); \
        int did = real args; \
        if (did == 0) after; \
        pthread_mutex_unlock(&lock); \
        return did; \
    }
WRAP_PATH(rename, (const char *path, const char *to), (path, to),
          note('r', 0, 0, path, strlen(path), to, strlen(to)), const char *, const char *)
WRAP_PATH(unlink, (const char *path), (path), note('u', 0, 0, path, strlen(path), NULL, 0), const char *)

static void note_folder(const char *path) {
    struct stat status;
    if (stat(path, &status) == 0) note('d', status.st_ino, 0, path, strlen(path), NULL, 0);
}

WRAP_PATH(mkdir, (const char *path, mode_t mode), (path, mode), note_folder(path), const char *, mode_t)
