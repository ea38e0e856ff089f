/* SPDX-License-Identifier: MIT */
/* proc(5) */
#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double cpu_seconds(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
		return -1;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t resident_bytes(void)
{
	FILE *statm = fopen("/proc/self/statm", "re");
	long pages = 0;
	int found;

	if (!statm)
		return -1;
	found = fscanf(statm, "%*s %ld", &pages);
	fclose(statm);
	return found == 1 ? (int64_t)pages * sysconf(_SC_PAGESIZE) : -1;
}

/* Without the one that this takes. */
static int64_t open_fds(void)
{
	DIR *fds = opendir("/proc/self/fd");
	const struct dirent *entry;
	int64_t n = -1;

	if (!fds)
		return -1;
	while ((entry = readdir(fds)))
		n += entry->d_name[0] != '.';
	closedir(fds);
	return n;
}

static int64_t max_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return -1;
	return (int64_t)limit.rlim_cur;
}

void process_read(struct process *p)
{
	p->cpu_seconds = cpu_seconds();
	p->resident_bytes = resident_bytes();
	p->open_fds = open_fds();
	p->max_fds = max_fds();
}
