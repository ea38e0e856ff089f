/* SPDX-License-Identifier: MIT */
/* archive.h - the address and AE titles of an archive that is probed. */
#ifndef ARCHIVE_ARCHIVE_H
#define ARCHIVE_ARCHIVE_H

#include <stddef.h>

/* The default AE titles of a probe.  The called one is that of DCMTK's echoscu. */
#define ARCHIVE_CALLED_AE  "ANY-SCP"
#define ARCHIVE_CALLING_AE "DICOM_SPOA"

/* The strings are borrowed. */
struct archive {
	const char *address;    /* HOST:PORT */
	const char *called_ae;  /* NULL: ARCHIVE_CALLED_AE */
	const char *calling_ae; /* NULL: ARCHIVE_CALLING_AE */
};

enum { ARCHIVE_KEY = 320 }; /* bytes of a key, with its NUL */

/* Write "ADDRESS CALLED CALLING" to <key>, which is <size> bytes long (ARCHIVE_KEY is
 * enough): the key under which the answer of an archive is kept.
 */
void archive_key(const struct archive *archive, char *key, size_t size);

#endif
