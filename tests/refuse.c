/* An operating system that refuses, to be put before the C library by LD_PRELOAD.

   REFUSE="CALL NTH ERRNO TEXT" in the environment, or refuse(...): the NTH use of CALL (open, read
   or flock) on a file whose path holds TEXT fails with ERRNO, and each later one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char call[16] = "", text[256] = "";
static int nth, number, used;

/* Returns how many uses were seen since the last time. */
int refuse(const char *of, int which, int error, const char *part) {
    int before = used;
    snprintf(call, sizeof call, "%s", of);
    snprintf(text, sizeof text, "%s", part);
    nth = which, number = error, used = 0;
    return before;
}

__attribute__((constructor)) static void begin(void) {
    const char *given = getenv("REFUSE");
    if (given) sscanf(given, "%15s %d %d %255s", call, &nth, &number, text);
}

static int refused(const char *of, const char *path) {
    if (strcmp(of, call) || !strstr(path, text)) return 0;
    if (++used < nth) return 0;
    errno = number;
    return 1;
}

static int refused_of(const char *of, int file) {
    char link[64], path[PATH_MAX];
    if (strcmp(of, call)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return refused(of, path);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                                                              \
    int name(const char *path, int flags, ...) {                                                \
        va_list more;                                                                           \
        va_start(more, flags);                                                                  \
        int mode = va_arg(more, int);                                                           \
        va_end(more);                                                                           \
        int reads = (flags & O_ACCMODE) == O_RDONLY;                                            \
        return reads && refused("open", path) ? -1 : NEXT(name)(path, flags, mode);             \
    }
OPEN(open)
OPEN(open64)

ssize_t read(int file, void *to, size_t size) {
    return refused_of("read", file) ? -1 : NEXT(read)(file, to, size);
}

#define PREAD(name, offset)                                                                     \
    ssize_t name(int file, void *to, size_t size, offset from) {                                \
        return refused_of("read", file) ? -1 : NEXT(name)(file, to, size, from);                \
    }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

int flock(int file, int operation) {
    return refused_of("flock", file) ? -1 : NEXT(flock)(file, operation);
}
