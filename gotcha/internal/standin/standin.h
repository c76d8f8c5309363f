/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STANDIN_H
#define STANDIN_H

#include <stdint.h>

extern uint64_t standin_limited; /* calls that went through stubs of limits */
char *standin_told(void);        /* what shim_message() was given since the last time, a line each; to be freed */

#endif
