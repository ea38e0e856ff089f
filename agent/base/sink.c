/* SPDX-License-Identifier: MIT */
#include "base/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

static enum sink to = SINK_STDERR;

void sink_set(enum sink sink)
{
	to = sink;
	if (to == SINK_SYSLOG)
		openlog("dicom-spoa", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

enum sink sink_of_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat s;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2 ||
	    fstat(STDERR_FILENO, &s) != 0 || s.st_dev != device || s.st_ino != inode)
		return SINK_STDERR;
	return SINK_JOURNAL;
}

bool sink_stamps(void)
{
	return to != SINK_STDERR;
}

void sink_write(unsigned level, struct slice line)
{
	char mark[16];
	struct iovec parts[2] = {{mark, 0}, {(void *)(uintptr_t)line.ptr, line.len}};

	if (to == SINK_SYSLOG) {
		syslog((int)level, "%.*s", (int)line.len - 1, (const char *)line.ptr);
		return;
	}
	if (to == SINK_JOURNAL)
		parts[0].iov_len = (size_t)snprintf(mark, sizeof(mark), "<%u>", level);
	if (writev(STDERR_FILENO, parts, 2) < 0)
		return; /* there is nowhere to say it */
}
