/* Stands between a program and its disk: preloaded (LD_PRELOAD) where the tests may
 * neither trace a program nor mount a small file system.
 *
 * DISK_TRACE   a file that gets a line for each write that contains a word beginning
 *              with DISK_WORD, and for each sync:
 *                W <begun> <ended> <word> <path>
 *                S <begun> <ended> - <path>
 *              with times in seconds since 1970.
 * DISK_FULL    while this file exists, no file whose path contains DISK_FOLDER may
 *              grow: the disk is full.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_WORD 64

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_fallocate)(int, off_t, off_t);

static const char *full, *folder, *word;
static int trace = -1;

/* PostgreSQL writes its processes' titles over the environment that it started with. */
static const char *kept(const char *name)
{
    const char *value = getenv(name);
    return value ? strdup(value) : NULL;
}

__attribute__((constructor)) static void begin(void)
{
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_writev = dlsym(RTLD_NEXT, "writev");
    real_pwritev = dlsym(RTLD_NEXT, "pwritev64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_fallocate = dlsym(RTLD_NEXT, "posix_fallocate64");
    full = kept("DISK_FULL");
    folder = kept("DISK_FOLDER");
    word = kept("DISK_WORD");
    const char *path = getenv("DISK_TRACE");
    /* A number that no program closes by habit. */
    int opened = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (opened >= 0) {
        /* Whoever starts the program as somebody else gets here first. */
        fchmod(opened, 0666);
        trace = fcntl(opened, F_DUPFD_CLOEXEC, 900);
        close(opened);
    }
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void path_of(int file, char *path, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, size - 1);
    path[length < 0 ? 0 : length] = '\0';
}

static void note(char kind, double begun, double ended, const char *what, int file)
{
    char path[1024], line[1400];
    path_of(file, path, sizeof path);
    int length = snprintf(line, sizeof line, "%c %.6f %.6f %s %s\n", kind, begun, ended, what, path);
    if (length > 0 && real_write(trace, line, length) < 0)
        abort();
}

static void note_words(double begun, double ended, const void *bytes, size_t size, int file)
{
    if (trace < 0 || !word || file == trace)
        return;
    const char *place = bytes, *end = place + size;
    while ((place = memmem(place, end - place, word, strlen(word)))) {
        char found[LONGEST_WORD];
        size_t length = 0;
        while (place < end && length < sizeof found - 1 && (isalnum((unsigned char)*place) || *place == '-'))
            found[length++] = *place++;
        found[length] = '\0';
        note('W', begun, ended, found, file);
    }
}

static int is_full(int file, off_t end)
{
    struct stat status;
    char path[1024];
    if (!full || access(full, F_OK) != 0)
        return 0;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        return 0;
    if (end < 0)
        end = -end + ((fcntl(file, F_GETFL) & O_APPEND) ? status.st_size : lseek(file, 0, SEEK_CUR));
    path_of(file, path, sizeof path);
    return end > status.st_size && (!folder || strstr(path, folder));
}

static size_t total(const struct iovec *parts, int count)
{
    size_t size = 0;
    for (int part = 0; part < count; part++)
        size += parts[part].iov_len;
    return size;
}

static ssize_t no_space(void)
{
    errno = ENOSPC;
    return -1;
}

ssize_t write(int file, const void *bytes, size_t size)
{
    double begun = now();
    if (is_full(file, -(off_t)size))
        return no_space();
    ssize_t written = real_write(file, bytes, size);
    note_words(begun, now(), bytes, written > 0 ? written : 0, file);
    return written;
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off_t offset)
{
    double begun = now();
    if (is_full(file, offset + size))
        return no_space();
    ssize_t written = real_pwrite(file, bytes, size, offset);
    note_words(begun, now(), bytes, written > 0 ? written : 0, file);
    return written;
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset)
{
    return pwrite64(file, bytes, size, offset);
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    double begun = now();
    if (is_full(file, -(off_t)total(parts, count)))
        return no_space();
    ssize_t written = real_writev(file, parts, count);
    for (int part = 0; part < count && written > 0; part++)
        note_words(begun, now(), parts[part].iov_base, parts[part].iov_len, file);
    return written;
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off_t offset)
{
    double begun = now();
    if (is_full(file, offset + total(parts, count)))
        return no_space();
    ssize_t written = real_pwritev(file, parts, count, offset);
    for (int part = 0; part < count && written > 0; part++)
        note_words(begun, now(), parts[part].iov_base, parts[part].iov_len, file);
    return written;
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset)
{
    return pwritev64(file, parts, count, offset);
}

int posix_fallocate64(int file, off_t offset, off_t length)
{
    return is_full(file, offset + length) ? ENOSPC : real_fallocate(file, offset, length);
}

int posix_fallocate(int file, off_t offset, off_t length)
{
    return posix_fallocate64(file, offset, length);
}

static int synced(int (*sync)(int), int file)
{
    double begun = now();
    int result = sync(file);
    double ended = now();
    if (trace >= 0 && result == 0) {
        int error = errno;
        note('S', begun, ended, "-", file);
        errno = error;
    }
    return result;
}

int fsync(int file)
{
    return synced(real_fsync, file);
}

int fdatasync(int file)
{
    return synced(real_fdatasync, file);
}
