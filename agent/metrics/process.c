/* SPDX-License-Identifier: MIT */
/* proc(5) */
#include "metrics/process.h"
#include "base/clock.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void read_memory(struct process *p)
{
	FILE *statm = fopen("/proc/self/statm", "re");
	long all = 0, resident = 0;
	int64_t page = sysconf(_SC_PAGESIZE);

	p->virtual_bytes = p->resident_bytes = -1;
	if (!statm)
		return;
	if (fscanf(statm, "%ld %ld", &all, &resident) == 2) {
		p->virtual_bytes = all * page;
		p->resident_bytes = resident * page;
	}
	fclose(statm);
}

/* Without the one that this function opens. */
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
	p->cpu_seconds = (double)clock_cpu_ns() / 1e9;
	read_memory(p);
	p->open_fds = open_fds();
	p->max_fds = max_fds();
}
