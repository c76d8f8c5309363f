// SPDX-License-Identifier: Apache-2.0

package interpose

const whyMemory = "computes in the caller's memory"

// stringTable: strings, wide strings and vectors of strings.
var stringTable = []group{
	{Copied, NoStream, whyMemory, `
		memccpy memchr memcmp memcpy memfrob memmem memmove mempcpy memrchr memset rawmemchr __rawmemchr __memcmpeq
		__memcpy_chk __memmove_chk __mempcpy __mempcpy_chk __memset_chk bcmp bcopy bzero __bzero explicit_bzero
		__explicit_bzero_chk memset_explicit __memset_explicit_chk memalignment swab ffs ffsl ffsll __ffs index rindex`},
	{Copied, NoStream, whyMemory, `
		stpcpy __stpcpy __stpcpy_chk stpncpy __stpncpy __stpncpy_chk strcasecmp __strcasecmp strcasecmp_l __strcasecmp_l
		strcasestr __strcasestr strcat __strcat_chk strchr strchrnul strcmp strcpy __strcpy_chk strcspn strlen
		strncasecmp strncasecmp_l __strncasecmp_l strncat __strncat_chk strncmp strncpy __strncpy_chk strnlen strpbrk
		strlcat __strlcat_chk strlcpy __strlcpy_chk strrchr strsep __strsep_g strspn strstr strtok_r __strtok_r strverscmp __strverscmp basename __xpg_basename
		dirname getsubopt`},
	{Copied, NoStream, "computes in the caller's memory; its block comes from malloc, which has a wrapper", `
		strdup __strdup strndup __strndup wcsdup`},
	{Copied, NoStream, whyMemory, `
		wcpcpy __wcpcpy_chk wcpncpy __wcpncpy_chk wcscasecmp wcscasecmp_l __wcscasecmp_l wcscat __wcscat_chk wcschr
		wcschrnul wcslcat __wcslcat_chk wcslcpy __wcslcpy_chk wcscmp wcscpy __wcscpy_chk wcscspn wcslen wcsncasecmp wcsncasecmp_l __wcsncasecmp_l wcsncat
		__wcsncat_chk wcsncmp wcsncpy __wcsncpy_chk wcsnlen wcspbrk wcsrchr wcsspn wcsstr wcstok wcswcs
		wmemchr wmemcmp wmemcpy __wmemcpy_chk wmemmove __wmemmove_chk wmempcpy __wmempcpy_chk wmemset __wmemset_chk`},
	{PerLibset, NoStream, "keeps the rest of the string, or its result, in a static variable", `strtok l64a`},
	{Copied, NoStream, "works on the caller's vector of strings", `
		argz_add argz_add_sep argz_append argz_count __argz_count argz_create argz_create_sep argz_delete argz_extract
		argz_insert argz_next __argz_next argz_replace argz_stringify __argz_stringify
		envz_add envz_entry envz_get envz_merge envz_remove envz_strip`},
}
