/* SPDX-License-Identifier: BSD-3-Clause */
#include "asker_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASKER_GROUPS 1024

static bool asker_file_in_group(uid_t uid, gid_t gid, gid_t wanted)
{
	char room[4096];
	struct passwd user, *found = NULL;
	gid_t groups[ASKER_GROUPS];
	int n = ASKER_GROUPS;

	if (gid == wanted)
		return true;
	if (getpwuid_r(uid, &user, room, sizeof(room), &found) || !found || getgrouplist(user.pw_name, gid, groups, &n) < 0)
		return false;
	for (int i = 0; i < n; i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

/* As the kernel decides: the first of owner, group and others that fits. bit: S_IROTH or S_IXOTH. */
static bool asker_file_may(const struct stat *st, uid_t uid, gid_t gid, mode_t bit)
{
	if (uid == 0 || uid == geteuid())
		return true;
	if (st->st_uid == uid)
		return st->st_mode & bit << 6;
	if (asker_file_in_group(uid, gid, st->st_gid))
		return st->st_mode & bit << 3;
	return st->st_mode & bit;
}

/* Whether every folder on the way to what is open lets the asker through. */
static bool asker_file_reaches(const char *opened, uid_t uid, gid_t gid)
{
	char path[PATH_MAX];
	ssize_t n = readlink(opened, path, sizeof(path) - 1);
	bool may = n > 0 && n < (ssize_t)sizeof(path) - 1;
	struct stat st;

	if (!may)
		return false;
	path[n] = '\0';
	for (char *slash = strchr(path + 1, '/'); may && slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		may = stat(path, &st) == 0 && asker_file_may(&st, uid, gid, S_IXOTH);
		*slash = '/';
	}
	return may;
}

static int asker_file_fill(int fd, const struct stat *st, char **text, size_t *n)
{
	size_t size = (size_t)st->st_size, done = 0;
	ssize_t now = 1;

	*text = malloc(size + 1);
	if (!*text)
		return -ENOMEM;
	while (done < size && now > 0) {
		now = read(fd, *text + done, size - done);
		if (now < 0) {
			now = -errno;
			free(*text);
			*text = NULL;
			return (int)now;
		}
		done += (size_t)now;
	}
	(*text)[done] = '\0';
	*n = done;
	return 0;
}

/* opened: its place in /proc. */
static int asker_file_look(const char *opened, const struct stat *st, uid_t uid, gid_t gid, const char **why)
{
	if (!S_ISREG(st->st_mode)) {
		*why = "found no regular file; expected one";
		return -EINVAL;
	}
	if (!asker_file_may(st, uid, gid, S_IROTH) || !asker_file_reaches(opened, uid, gid)) {
		*why = "you may not read it, by owner, group and mode of the file and its folders";
		return -EACCES;
	}
	if ((size_t)st->st_size > TP_ASKER_FILE_MAX) {
		*why = "found more than 64 MiB; expected a configuration";
		return -EFBIG;
	}
	return 0;
}

/* Looks before it opens: to open a device can be an act of its own. */
static int asker_file_open(const char *path, uid_t uid, gid_t gid, struct stat *st, const char **why)
{
	int named = open(path, O_PATH | O_CLOEXEC), fd = -1, rc = named < 0 || fstat(named, st) ? -errno : 0;
	char again[64];

	snprintf(again, sizeof(again), "/proc/self/fd/%d", named);
	if (rc == 0)
		rc = asker_file_look(again, st, uid, gid, why);
	if (rc == 0) {
		fd = open(again, O_RDONLY | O_CLOEXEC);
		rc = fd < 0 ? -errno : fd;
	}
	if (named >= 0)
		close(named);
	return rc;
}

int tp_asker_file_read(const char *path, uid_t uid, gid_t gid, char **text, size_t *n, struct stat *st, FILE *out)
{
	const char *why = NULL;
	int fd = asker_file_open(path, uid, gid, st, &why), rc = fd;

	*text = NULL;
	if (fd >= 0) {
		rc = asker_file_fill(fd, st, text, n);
		close(fd);
	}
	if (rc)
		fprintf(out, "cannot read '%s': %s%s\n", path, why ? why : strerror(-rc),
		        !why && rc == -EACCES ? " for the user that turnpiked runs as" : "");
	return rc;
}
