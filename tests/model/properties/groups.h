/* groups - which lines belong together: those of people who ever shared a record. Of input.c alone.
 */
#ifndef TESTS_PROPERTIES_GROUPS_H
#define TESTS_PROPERTIES_GROUPS_H

#include "tests/model/properties/input.h"

/* Fills in->histories, in the order of their first lines. Rules are part of every history; lines
 * that concern nobody (rejected ones of which too little can be read) are a history each. */
void groups_cut(struct input *in, const struct line *lines, size_t n);

#endif
