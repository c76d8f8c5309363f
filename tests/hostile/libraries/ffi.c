/* SPDX-License-Identifier: Apache-2.0 */
/* ffi (libffi-dev: libffi): calls by description, and makes functions */
#include "library.h"
#include <ffi.h>

static void sum(ffi_cif *cif, void *result, void **arguments, void *base)
{
	(void)cif;
	*(ffi_arg *)result = (ffi_arg)(*(int *)arguments[0] * 3 + *(int *)base);
}
static int triple(int a, double b) { return a * 3 + (int)b; }

static uint64_t work(int number)
{
	uint64_t result = 0;
	ffi_type *types[] = { &ffi_type_sint, &ffi_type_double };
	ffi_cif cif, one;
	ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 2, &ffi_type_sint, types);
	ffi_prep_cif(&one, FFI_DEFAULT_ABI, 1, &ffi_type_sint, types);
	for (int i = 0; i < 100; i++) {
		double b = i * 0.5;
		void *arguments[] = { &i, &b }, *code;
		ffi_arg value;
		ffi_call(&cif, FFI_FN(triple), &value, arguments);
		result = digest_number(result, (int)value);
		ffi_closure *closure = ffi_closure_alloc(sizeof *closure, &code);
		ffi_prep_closure_loc(closure, &one, sum, &number, code);
		result = digest_number(result, ((int (*)(int))code)(i));
		ffi_closure_free(closure);
	}
	return result;
}

LIBRARY(ffi, work)
