// SPDX-License-Identifier: Apache-2.0

package interpose

const whyTable = "looks one character up in a table of the running TCB's locale"

// ctypeTable: character classes.
var ctypeTable = []group{
	{Copied, NoStream, whyTable, `
		isalnum isalpha isascii isblank iscntrl isctype isdigit isgraph islower isprint ispunct isspace isupper isxdigit
		isalnum_l isalpha_l isblank_l iscntrl_l isdigit_l isgraph_l islower_l isprint_l ispunct_l isspace_l isupper_l
		isxdigit_l __isalnum_l __isalpha_l __isascii_l __isblank_l __iscntrl_l __isctype __isdigit_l __isgraph_l
		__islower_l __isprint_l __ispunct_l __isspace_l __isupper_l __isxdigit_l
		tolower toupper toascii _tolower _toupper tolower_l toupper_l __tolower_l __toupper_l __toascii_l
		__ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc`},
	{Copied, NoStream, whyTable, `
		iswalnum iswalpha iswblank iswcntrl iswctype iswdigit iswgraph iswlower iswprint iswpunct iswspace iswupper
		iswxdigit iswalnum_l iswalpha_l iswblank_l iswcntrl_l iswctype_l iswdigit_l iswgraph_l iswlower_l iswprint_l
		iswpunct_l iswspace_l iswupper_l iswxdigit_l __iswalnum_l __iswalpha_l __iswblank_l __iswcntrl_l __iswctype
		__iswctype_l __iswdigit_l __iswgraph_l __iswlower_l __iswprint_l __iswpunct_l __iswspace_l __iswupper_l
		__iswxdigit_l towctrans towctrans_l __towctrans __towctrans_l towlower towlower_l __towlower_l towupper
		towupper_l __towupper_l wctrans wctrans_l __wctrans_l wctype wctype_l __wctype_l wcwidth wcswidth`},
}
