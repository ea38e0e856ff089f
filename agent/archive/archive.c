/* SPDX-License-Identifier: MIT */
#include "archive/archive.h"

#include <stdio.h>

void archive_key(const struct archive *archive, char *key, size_t size)
{
	snprintf(key, size, "%s %s %s", archive->address,
		 archive->called_ae ? archive->called_ae : ARCHIVE_CALLED_AE,
		 archive->calling_ae ? archive->calling_ae : ARCHIVE_CALLING_AE);
}
