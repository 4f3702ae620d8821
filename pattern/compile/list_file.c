/* SPDX-License-Identifier: BSD-3-Clause */
/* A list file into memory, and from there into entries. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compile/list.h"

#define LIST_FILE_MAX (INT64_C(1) << 30)

/* Adds a mistake and returns -1 where the file is not one that can be read. */
static int list_file_check(int fd, const char *path, struct mistakes *m, size_t *size)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		mistakes_add(m, -errno, "%s: %s, expected a CSV file", path, strerror(errno));
		return -1;
	}
	if (S_ISDIR(st.st_mode)) {
		mistakes_add(m, -EISDIR, "%s: found a directory, expected a CSV file", path);
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		mistakes_add(m, -EINVAL, "%s: found a device, pipe or socket, expected a CSV file", path);
		return -1;
	}
	if (st.st_size > LIST_FILE_MAX) {
		mistakes_add(m, -EFBIG, "%s: found %lld octets, expected at most 1 GiB", path, (long long)st.st_size);
		return -1;
	}
	*size = (size_t)st.st_size;
	return 0;
}

/* Reads up to size octets; returns how many, or -1 with a mistake. */
static ssize_t list_file_fill(int fd, const char *path, uint8_t *data, size_t size, struct mistakes *m)
{
	size_t n = 0;
	ssize_t r = 1;

	while (n < size && r != 0) {
		r = read(fd, data + n, size - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			mistakes_add(m, -errno, "%s: %s while reading", path, strerror(errno));
			return -1;
		}
		n += (size_t)r;
	}
	return (ssize_t)n;
}

static int list_file_load(struct tp_pattern_db *db, const struct tp_list_spec *spec, int fd, struct mistakes *m)
{
	uint8_t *data;
	size_t size;
	ssize_t n;
	int rc = 0;

	if (list_file_check(fd, spec->path, m, &size) != 0)
		return 0;
	data = malloc(size + 1);
	if (data == NULL)
		return -ENOMEM;
	n = list_file_fill(fd, spec->path, data, size + 1, m);
	if (n > (ssize_t)size)
		mistakes_add(m, -EAGAIN, "%s: the file grows while it is read, expected one that is complete", spec->path);
	else if (n >= 0)
		rc = list_parse(db, spec, data, (size_t)n, m);
	free(data);
	return rc;
}

int list_load(struct tp_pattern_db *db, const struct tp_list_spec *spec, struct mistakes *m)
{
	/* O_NONBLOCK: a pipe that nobody writes to must not stop the start. */
	int fd = open(spec->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc;

	if (fd < 0) {
		mistakes_add(m, -errno, "%s: %s, expected a CSV file", spec->path, strerror(errno));
		return 0;
	}
	rc = list_file_load(db, spec, fd, m);
	close(fd);
	return rc;
}
