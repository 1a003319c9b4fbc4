/* Fails the n-th operation on files below a folder, in the way it is armed for. Loaded with LD_PRELOAD; see preload.py.

   An operation counts where its path lies below the folder, or its descriptor was opened there. Only the process that
   armed it is disturbed: not what it forks, and not a vfork that is about to become another program. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { COUNT, KILL, TORN, FULL, IO, READONLY, DESCRIPTORS };
enum { DESCRIPTORS_MOST = 65536, LOG_MOST = 65536 };

static char folder[4096], operations[LOG_MOST], watched[DESCRIPTORS_MOST];
static size_t length;
static enum kind kind;
static long at, seen, fired;
static pid_t owner;

/* Watches `path`, and fails operation `moment` (from 0; every later one too where the kind lasts). */
void faults_arm(const char *path, long moment, int how) {
    length = strlen(path);
    memcpy(folder, path, length + 1);
    memset(operations, 0, sizeof operations);
    memset(watched, 0, sizeof watched);
    at = moment, kind = how, seen = fired = 0, owner = getpid();
}

void faults_disarm(void) { owner = 0; }
/* The letters of the operations so far, in their order. */
const char *faults_operations(void) { return operations; }
long faults_fired(void) { return fired; }

static int here(void) { return owner && getpid() == owner; }

static int known(int fd) { return fd >= 0 && fd < DESCRIPTORS_MOST && watched[fd]; }

static int below(int fd, const char *path) {
    if (!here() || !path) return 0;
    if (path[0] != '/') return known(fd);
    return !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

/* Which operations fail for good once a disk is full, read-only, or no descriptor is left. */
static int lasting(char operation) {
    switch (kind) {
    case FULL: return strchr("cwms", operation) ? ENOSPC : 0;
    case READONLY: return strchr("cmnudt", operation) ? EROFS : 0;
    case DESCRIPTORS: return strchr("oc", operation) ? EMFILE : 0;
    default: return 0;
    }
}

/* Counts an operation: the error that it shall have, or 0. It may not return. */
static int fault(char operation) {
    long place = seen++;
    if (place < LOG_MOST - 1) operations[place] = operation;
    int error = 0;
    if ((kind == KILL || kind == TORN) && place == at) raise(SIGKILL);
    if (kind == IO && place == at) error = EIO;
    if (place >= at) error = error ? error : lasting(operation);
    if (error) fired++, errno = error;
    return error;
}

/* Whether just this write shall be done by half. A full disk takes what there is room for; a torn one is the last. */
static int halved(void) { return seen == at && (kind == TORN || kind == FULL); }

static void tear(void) { if (kind == TORN) raise(SIGKILL); }

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int opened(int fd, int watch) {
    if (fd >= 0 && fd < DESCRIPTORS_MOST && here()) watched[fd] = watch;
    return fd;
}

static char opening(int flags) { return (flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT) ? 'o' : 'c'; }

#define MODE(flags) mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
#define OPEN(name) int name(const char *path, int flags, ...) { \
    REAL(name); MODE(flags) int watch = below(AT_FDCWD, path); \
    return watch && fault(opening(flags)) ? -1 : opened(real(path, flags, mode), watch); }
#define OPENAT(name) int name(int fd, const char *path, int flags, ...) { \
    REAL(name); MODE(flags) int watch = below(fd, path); \
    return watch && fault(opening(flags)) ? -1 : opened(real(fd, path, flags, mode), watch); }
OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)

#define CREAT(name) int name(const char *path, mode_t mode) { \
    REAL(name); int watch = below(AT_FDCWD, path); \
    return watch && fault('c') ? -1 : opened(real(path, mode), watch); }
CREAT(creat) CREAT(creat64)

int close(int fd) {
    REAL(close);
    if (here() && known(fd)) watched[fd] = 0;
    return real(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(write);
    if (!here() || !known(fd)) return real(fd, bytes, count);
    if (halved() && count > 1) {
        ssize_t half = real(fd, bytes, count / 2);
        tear();
        operations[seen++] = 'w', fired++;
        return half;
    }
    return fault('w') ? -1 : real(fd, bytes, count);
}

#define ON(fd, letter, call) (here() && known(fd) && fault(letter) ? -1 : (call))
#define AT(fd, path, letter, call) (below(fd, path) && fault(letter) ? -1 : (call))

ssize_t read(int fd, void *bytes, size_t count) { REAL(read); return ON(fd, 'r', real(fd, bytes, count)); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { REAL(pwrite); return ON(fd, 'w', real(fd, b, n, o)); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(pwrite64); return ON(fd, 'w', real(fd, b, n, o)); }
ssize_t writev(int fd, const struct iovec *v, int n) { REAL(writev); return ON(fd, 'w', real(fd, v, n)); }
ssize_t sendfile(int out, int in, off_t *o, size_t n) { REAL(sendfile); return ON(out, 'w', real(out, in, o, n)); }
ssize_t sendfile64(int out, int in, off64_t *o, size_t n) { REAL(sendfile64); return ON(out, 'w', real(out, in, o, n)); }
int fsync(int fd) { REAL(fsync); return ON(fd, 's', real(fd)); }
int fdatasync(int fd) { REAL(fdatasync); return ON(fd, 's', real(fd)); }
int ftruncate(int fd, off_t size) { REAL(ftruncate); return ON(fd, 't', real(fd, size)); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); return ON(fd, 't', real(fd, size)); }
int rename(const char *from, const char *to) { REAL(rename); return AT(AT_FDCWD, to, 'n', real(from, to)); }
int renameat(int a, const char *from, int b, const char *to) { REAL(renameat); return AT(b, to, 'n', real(a, from, b, to)); }
int unlink(const char *path) { REAL(unlink); return AT(AT_FDCWD, path, 'u', real(path)); }
int unlinkat(int fd, const char *path, int flags) { REAL(unlinkat); return AT(fd, path, flags ? 'd' : 'u', real(fd, path, flags)); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); return AT(AT_FDCWD, path, 'm', real(path, mode)); }
int mkdirat(int fd, const char *path, mode_t mode) { REAL(mkdirat); return AT(fd, path, 'm', real(fd, path, mode)); }
int rmdir(const char *path) { REAL(rmdir); return AT(AT_FDCWD, path, 'd', real(path)); }
