/* SPDX-License-Identifier: MIT */
/* process.h - CPU time, memory and descriptors of this process, as proc(5) shows them. */
#ifndef METRICS_PROCESS_H
#define METRICS_PROCESS_H

#include <stdint.h>

/* -1: not known */
struct process {
	double cpu_seconds;     /* of all threads, in user mode and in the kernel's */
	int64_t virtual_bytes;  /* address space */
	int64_t resident_bytes; /* memory */
	int64_t open_fds;       /* file descriptors */
	int64_t max_fds;        /* how many there may be */
};

void process_read(struct process *p);

#endif
