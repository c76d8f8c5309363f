// SPDX-License-Identifier: Apache-2.0

package interpose

const whyMessage = "the message is translated under the lock of the catalogues and the locale"

// localeTable: locales, message catalogues, character set conversion.
var localeTable = []group{
	{Shared, NoStream, "loads, counts or replaces locale data under a lock", `
		duplocale __duplocale freelocale __freelocale`},
	{Hand, NoStream, "loads locale data under a lock; the first conversion loads its converter, which the wrapper gets over with", `
		newlocale __newlocale`},
	{Hand, NoStream, "replaces locale data under a lock; the first conversion in the new locale loads its converter under the " +
		"same lock, which the wrapper gets over with", `setlocale`},
	{Hand, NoStream, "the running TCB's own locale, which the next call on that TCB must not inherit", `uselocale __uselocale`},
	{Copied, NoStream, "reads the running TCB's own locale", `
		nl_langinfo nl_langinfo_l __nl_langinfo_l __ctype_get_mb_cur_max`},
	{PerLibset, NoStream, "fills a static structure from the running TCB's own locale", `localeconv`},
	{Shared, NoStream, whyMessage, `
		gettext dgettext __dgettext dcgettext __dcgettext ngettext dngettext dcngettext
		textdomain bindtextdomain bind_textdomain_codeset`},
	{Shared, NoStream, whyMessage, `
		strerror strerror_l strerror_r __strerror_r __xpg_strerror_r strsignal regerror gai_strerror hstrerror`},
	{Copied, NoStream, "reads a table of names that are not translated", `strerrorname_np strerrordesc_np`},
	{Copied, NoStream, "a catalogue belongs to the caller; read without a lock", `catgets catclose`},
	{Shared, NoStream, "opens a file for a moment, which must not stay open; short", `catopen`},
	{Hand, NoStream, "the list of conversions and their modules has a lock; a converter is noted as the function's own", `
		iconv_open iconv_close`},
	{Copied, NoStream, "converts with the caller's own state, for long", `iconv`},
	{Shared, NoStream, "the first conversion after a change of locale loads the converter under the locale's lock", `
		btowc wctob mbstowcs __mbstowcs_chk wcstombs __wcstombs_chk`},
	{Shared, NoStream, "the first conversion in a locale loads its tables under a lock; the static state is none in any charset " +
		"that a locale has", `mblen mbtowc wctomb __wctomb_chk`},
	{Hand, NoStream, "as above; without a state of the caller's, goes on from a static one: in a libset, from the libset's", `
		mbrlen __mbrlen mbrtowc __mbrtowc wcrtomb __wcrtomb_chk
		mbsrtowcs __mbsrtowcs_chk mbsnrtowcs __mbsnrtowcs_chk wcsrtombs __wcsrtombs_chk wcsnrtombs __wcsnrtombs_chk
		mbrtoc8 mbrtoc16 mbrtoc32 c8rtomb c16rtomb c32rtomb`},
	{Copied, NoStream, "reads the caller's conversion state", `mbsinit`},
	{Copied, NoStream, "compares or transforms by tables that stay in place while their locale is in use", `
		strcoll strcoll_l __strcoll_l strxfrm strxfrm_l __strxfrm_l wcscoll wcscoll_l __wcscoll_l wcsxfrm wcsxfrm_l
		__wcsxfrm_l strfmon strfmon_l __strfmon_l`},
	{Shared, NoStream, "keeps compiled patterns in static variables", `rpmatch`},
	{Copied, NoStream, "compiles in the caller's pattern buffer, or compares without keeping anything", `
		fnmatch re_compile_fastmap re_compile_pattern re_set_registers re_set_syntax`},
	{Hand, NoStream, "locks the pattern for as long as it matches: a pattern of the program is held like a lock", `
		re_match re_match_2 re_search re_search_2`},
	{Hand, NoStream, "a match locks the pattern for long: a call compiles a copy of its own of the program's", `
		regcomp regexec regfree`},
	{PerLibset, NoStream, "one static pattern", `re_comp re_exec`},
}
