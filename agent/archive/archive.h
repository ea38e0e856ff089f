/* SPDX-License-Identifier: MIT */
/* archive.h - an archive that is to be asked what it accepts. */
#ifndef ARCHIVE_ARCHIVE_H
#define ARCHIVE_ARCHIVE_H

#include <stddef.h>

/* The AE titles of a probe, if nothing else is said: those of DCMTK's echoscu, but for
 * our own name.
 */
#define ARCHIVE_CALLED_AE  "ANY-SCP"
#define ARCHIVE_CALLING_AE "DICOM_SPOA"

/* Strings borrowed from whoever fills it in. */
struct archive {
	const char *address;    /* HOST:PORT */
	const char *called_ae;  /* NULL: ARCHIVE_CALLED_AE */
	const char *calling_ae; /* NULL: ARCHIVE_CALLING_AE */
};

enum { ARCHIVE_KEY = 320 }; /* bytes of a key, with its NUL */

/* Write "ADDRESS CALLED CALLING" to <key>, which is <size> bytes long (ARCHIVE_KEY is
 * enough): by this string the answers of archives are told apart.
 */
void archive_key(const struct archive *archive, char *key, size_t size);

#endif
