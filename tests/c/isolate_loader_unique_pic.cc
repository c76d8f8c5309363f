/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_unique_pic: isolate_loader_unique as a program that finds the library's tables of virtual functions in the
 * library (-fPIC), instead of having copies of its own; see there. */
#include "isolate_loader_unique.cc"
