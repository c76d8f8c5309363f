/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_fixed: isolate_loader_program as a program that is linked for one address; see there. */
#include "isolate_loader_program.c"
