/* SPDX-License-Identifier: MIT */
/* replay.h - main() of a fuzz target without libFuzzer: it is given each file of REPLAY,
 * a list of folders.  One case for tests/run; if it fails, the last "#" names the file.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include <dirent.h>
#include <stdio.h>

#include "check.h"

/* In memory of its size, so that a sanitizer or valgrind sees what is read behind it */
static void replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	printf("# %s\n", path);
	fflush(stdout);
	CHECK(file && fseek(file, 0, SEEK_END) == 0);
	size = ftell(file);
	CHECK(size >= 0 && (data = malloc((size_t)size + (size == 0))));
	rewind(file);
	CHECK(fread(data, 1, (size_t)size, file) == (size_t)size);
	fclose(file);
	(void)LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
}

/* A folder that does not exist has no files. */
static unsigned replay_folder(const char *folder)
{
	DIR *open = opendir(folder);
	unsigned files = 0;

	for (struct dirent *entry; open && (entry = readdir(open));) {
		char path[512];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		replay_file(path);
		files++;
	}
	if (open)
		closedir(open);
	return files;
}

int main(void)
{
	static const char *const folders[] = {REPLAY};
	const uint8_t nothing = 0;
	unsigned files = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		files += replay_folder(folders[i]);
	(void)LLVMFuzzerTestOneInput(&nothing, 0);
	printf("ok 1 - %u files\n", files);
	return 0;
}

#endif
