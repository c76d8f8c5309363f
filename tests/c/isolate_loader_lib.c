/* SPDX-License-Identifier: Apache-2.0 */
/* See isolate_loader_lib.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "isolate_loader_lib.h"

#define HIDDEN __attribute__((visibility("hidden")))
#define PROTECTED __attribute__((visibility("protected")))
#define MANY 700  /* words of RELR bitmaps */
#define LARGE 40000 /* bytes of .bss */

extern const char __ehdr_start[] HIDDEN;
extern char _end[] HIDDEN;

static int counter;
static int number = 5;
static int *relative = &number;
static int *const relative_const = &number;
int loader_exported = 6;
int *loader_plain = &loader_exported;                   /* R_X86_64_64 in .data */
int loader_array[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
int *loader_addend = &loader_array[3];                  /* with an addend */
static int *const loader_addend_const = &loader_array[5]; /* in .data.rel.ro */
static int *other_library = &base_variable[2];
static int *const other_library_const = &base_variable[3];
static int (*function_other)(void) = base_count;
static int (*const function_other_const)(void) = base_count;
static int *the_program = &loader_program_variable;
static int (*the_program_calls)(int) = loader_program_function;
static char large[LARGE];
static char small[48] __attribute__((section(".bss.first")));
static char large_aligned[LARGE] __attribute__((aligned(8192)));
static int (*constants[MANY])(void);
#define P8 &number, &number, &number, &number, &number, &number, &number, &counter
#define P64 P8, P8, P8, P8, P8, P8, P8, P8
static int *const many_const[] = { P64, P64, P64, P64, P64, P64, P64, P64, P64, P64 };
static int *many[] = { P64, NULL, P8, NULL, NULL, P64, P64, P64, NULL, P64 };

PROTECTED int loader_protected = 7;
HIDDEN int loader_hidden = 8;
static int *to_protected = &loader_protected;
static int *to_hidden = &loader_hidden;
PROTECTED int loader_protected_function(void) { return 9; }
static int (*protected_function)(void) = loader_protected_function;

extern int loader_nowhere __attribute__((weak));
int loader_no_function(void) __attribute__((weak));
static int *nowhere = &loader_nowhere;
static int (*const no_function)(void) = loader_no_function;

/* Chosen by resolvers of this library: one inside, one exported, one called through a pointer. */
static int chosen_here(int value) { return value + number; }
static int (*resolve(void))(int) { return chosen_here; }
static int inside(int value) __attribute__((ifunc("resolve")));
int loader_indirect(int value) __attribute__((ifunc("resolve")));
static int (*const indirect)(int) = loader_indirect;
static int (*indirect_inside)(int) = inside;
static int (*base_pointer)(int) = base_indirect;

/* Thread-local: begins anew in each call, and its image has a pointer. */
__thread int loader_dynamic = 21;
static __thread int initial __attribute__((tls_model("initial-exec"))) = 22;
static __thread int local = 23;
static __thread int zero;
static __thread int *image = &number;
static __thread int *image_addend __attribute__((tls_model("initial-exec"))) = &loader_array[2];
HIDDEN __thread int loader_hidden_thread = 24;

extern int base_versioned_1(void);
__asm__(".symver base_versioned_1, base_versioned@BASE_1");

static int order[4], made;
__attribute__((constructor(102))) static void second(void) { order[made++] = 2; }
__attribute__((constructor(101))) static void first(void) { order[made++] = 1; }
__attribute__((constructor)) static void third(void) { order[made++] = 3; }

/* DT_INIT, in the variant that asks for it with -init. */
static int begun;
void loader_begin(void);
void loader_begin(void) { begun += 1 + 10 * made; }

int loader_count(void) { return ++counter; }

static int is_inside(const void *address)
{
	return (uintptr_t)address >= (uintptr_t)__ehdr_start && (uintptr_t)address < (uintptr_t)_end;
}

static char wrong[600];
static void check(int good, const char *name)
{
	if (good || strlen(wrong) + strlen(name) + 2 > sizeof wrong)
		return;
	strcat(strcat(wrong, name), " ");
}

static int all(int *const *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (words[i] && words[i] != &number && words[i] != &counter)
			return 0;
	return 1;
}

static int all_zero(const char *bytes, int n)
{
	for (int i = 0; i < n; i++)
		if (bytes[i])
			return 0;
	return 1;
}

static void look_at_data(void)
{
	check(relative == &number && *relative == 5, "RELATIVE");
	check(relative_const == &number, "RELATIVE-const");
	check(all(many, sizeof many / sizeof *many) && all(many_const, sizeof many_const / sizeof *many_const), "many-RELATIVE");
	check(loader_plain == &loader_exported && loader_exported == 6 && is_inside(loader_plain), "64");
	check(loader_addend == &loader_array[3] && *loader_addend == 3, "64+addend");
	check(loader_addend_const == &loader_array[5] && *loader_addend_const == 5, "64+addend-const");
	check(other_library == base_place() + 1 && *other_library == 12, "64-other-library");
	check(other_library_const == base_place() + 2 && *other_library_const == 13, "64-other-library-const");
	check(&base_variable[1] == base_place(), "GLOB_DAT-other-library");
	check(is_inside(&loader_exported) && is_inside(loader_array), "GLOB_DAT-own");
	check(the_program == &loader_program_variable && *the_program == 31, "64-program");
	check(the_program_calls(1) == 32 && loader_program_function(2) == 33, "function-of-program");
	check(all_zero(large, LARGE) && all_zero(large_aligned, LARGE) && all_zero(small, sizeof small) && !constants[MANY - 1], ".bss");
	check(((uintptr_t)large_aligned & 8191) == 0, "alignment");
	check(to_protected == &loader_protected && *to_protected == 7 && is_inside(to_protected), "protected");
	check(to_hidden == &loader_hidden && *to_hidden == 8, "hidden");
	check(protected_function == loader_protected_function && protected_function() == 9, "protected-function");
	check(!nowhere && !no_function && !&loader_nowhere && !loader_no_function, "weak-undefined");
}

static void look_at_functions(void)
{
	int before = base_count();
	check(function_other() == before + 1 && function_other_const() == before + 2, "JUMP_SLOT-64-function");
	check(function_other == base_count && function_other_const == base_count, "function-address");
	check(inside(1) == 6 && indirect_inside(2) == 7, "IRELATIVE");
	check(loader_indirect(3) == 8 && indirect(4) == 9, "ifunc-exported");
	check(base_indirect(4) == 8 && base_pointer(5) == 10, "ifunc-other-library");
	check(base_versioned() == 2 && base_versioned_1() == 1, "versions");
	check(order[0] == 1 && order[1] == 2 && order[2] == 3 && made == 3, "constructors");
#ifdef LOADER_BEGIN
	check(begun == 1, "DT_INIT");
#else
	check(begun == 0, "DT_INIT");
#endif
}

static void look_at_threads(void)
{
	check(loader_dynamic == 21, "TLS-dynamic");
	check(initial == 22, "TLS-initial");
	check(local == 23 && zero == 0, "TLS-local");
	check(loader_hidden_thread == 24, "TLS-hidden");
	check(image == &number && image_addend == &loader_array[2], "TLS-image");
	loader_dynamic++, initial++, local++, zero++, loader_hidden_thread++;
	check(loader_dynamic + initial + local + zero + loader_hidden_thread == 95, "TLS-written");
	loader_dynamic--, initial--, local--, zero--, loader_hidden_thread--;
}

const char *loader_look(void)
{
	wrong[0] = 0;
	look_at_data();
	look_at_functions();
	look_at_threads();
	return wrong;
}

void loader_where(struct loader_place *place)
{
	*place = (struct loader_place){ &counter, the_program, the_program_calls };
}

void loader_spoil(void)
{
	number = 1000, counter = 1000, loader_exported = 1000, made = 1000, begun = 1000;
	relative = NULL, loader_plain = NULL, loader_addend = NULL, other_library = NULL, function_other = NULL;
	the_program = NULL, the_program_calls = NULL, to_protected = NULL, to_hidden = NULL, protected_function = NULL;
	indirect_inside = NULL, base_pointer = NULL, nowhere = &number;
	loader_protected = loader_hidden = 1000;
	memset(loader_array, 1, sizeof loader_array);
	memset(large, 1, sizeof large);
	memset(large_aligned, 1, sizeof large_aligned);
	memset(small, 1, sizeof small);
	memset(many, 1, sizeof many);
	constants[MANY - 1] = base_count;
}
