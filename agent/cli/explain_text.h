/* SPDX-License-Identifier: MIT */
/* explain_text.h - an explanation for people. */
#ifndef CLI_EXPLAIN_TEXT_H
#define CLI_EXPLAIN_TEXT_H

#include <jansson.h>

/* Print what `explain --json` prints, as text to stdout. */
void explain_text_print(const json_t *report);

#endif
