/* SPDX-License-Identifier: BSD-3-Clause */
#include "pins.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#define PINS_BPFFS "/sys/fs/bpf"
#define PINS_TOP   PINS_BPFFS "/turnpike"

static bool pins_is_bpffs(void)
{
	struct statfs fs;

	return statfs(PINS_BPFFS, &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

/* systemd mounts it; a machine without has it mounted here, as bpftool does. */
static int pins_bpffs(void)
{
	if (pins_is_bpffs() || mount("bpf", PINS_BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") == 0)
		return 0;
	return errno == EBUSY && pins_is_bpffs() ? 0 : -errno;
}

static int pins_folder(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

/* Empties and removes a folder of pins; nothing where it is not there. */
static void pins_remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char file[PATH_MAX];

	if (!folder)
		return;
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.' || snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) >= (int)sizeof(file))
			continue;
		if (entry->d_type == DT_DIR)
			pins_remove_folder(file);
		else
			(void)unlink(file);
	}
	closedir(folder);
	(void)rmdir(path);
}

void pins_remove_all(const char *instance)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PINS_TOP "/%s", instance);
	pins_remove_folder(path);
	(void)rmdir(PINS_TOP);
}

void pins_remove(const char *instance, const char *port)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PINS_TOP "/%s/%s", instance, port);
	pins_remove_folder(path);
	snprintf(path, sizeof(path), PINS_TOP "/%s", instance);
	if (rmdir(path) == 0)
		(void)rmdir(PINS_TOP);
}

static int pins_put_maps(struct bpf_object *object, const char *folder)
{
	struct bpf_map *map;
	char path[PATH_MAX];

	bpf_object__for_each_map(map, object)
	{
		int rc;

		if (bpf_map__is_internal(map) || bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, bpf_map__name(map)) >= (int)sizeof(path))
			return -ENAMETOOLONG;
		rc = bpf_map__pin(map, path);
		if (rc)
			return rc;
	}
	return 0;
}

int pins_put(struct bpf_object *object, const char *instance, const char *port)
{
	char path[PATH_MAX];
	int rc = pins_bpffs();

	if (rc == 0)
		rc = pins_folder(PINS_TOP);
	snprintf(path, sizeof(path), PINS_TOP "/%s", instance);
	if (rc == 0)
		rc = pins_folder(path);
	snprintf(path, sizeof(path), PINS_TOP "/%s/%s", instance, port);
	if (rc == 0)
		rc = pins_folder(path);
	if (rc == 0)
		rc = pins_put_maps(object, path);
	if (rc)
		pins_remove(instance, port);
	return rc;
}
