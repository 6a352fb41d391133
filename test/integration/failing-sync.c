/* Once the file named by FAIL_SYNC_WHEN exists, fdatasync of a log's segment fails as it does on a dying disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fdatasync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  const char *when = getenv("FAIL_SYNC_WHEN");
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length > 4 && when != NULL && access(when, F_OK) == 0 && memcmp(path + length - 4, ".log", 4) == 0) {
    errno = EIO;
    return -1;
  }
  return real(fd);
}
