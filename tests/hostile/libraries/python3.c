/* SPDX-License-Identifier: Apache-2.0 */
/* python3 (libpython3-dev: python3-embed): starts the interpreter, runs a script and ends it */
#define PY_SSIZE_T_CLEAN
#include "library.h"
#include <Python.h>

static uint64_t work(int number)
{
	char script[200];
	snprintf(script, sizeof script, "r = sum(i * %d %% 97 for i in range(2000)) + len({str(i): i for i in range(500)})", number);
	Py_InitializeEx(0);
	uint64_t result = digest_number(0, PyRun_SimpleString(script));
	PyObject *main = PyImport_AddModule("__main__");
	PyObject *value = PyObject_GetAttrString(main, "r");
	result = digest_number(result, value ? PyLong_AsLong(value) : -1);
	Py_XDECREF(value);
	result = digest_number(result, Py_FinalizeEx());
	return result;
}

LIBRARY(python3, work)
