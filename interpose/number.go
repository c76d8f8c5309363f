// SPDX-License-Identifier: Apache-2.0

package interpose

const whyNumber = "converts or computes a number; reads the locale, writes the caller's memory only"

// numberTable: numbers and random numbers.
var numberTable = []group{
	{Copied, NoStream, whyNumber, `
		abs labs llabs imaxabs uabs ulabs ullabs umaxabs uimaxabs div ldiv lldiv imaxdiv a64l atof atoi atol atoll
		copysign copysignf copysignl finite finitef finitel __finite __finitef __finitel frexp frexpf frexpl
		isinf isinff isinfl __isinf __isinff __isinfl isnan isnanf isnanl __isnan __isnanf __isnanf128 __isnanl
		ldexp ldexpf ldexpl modf modff modfl scalbn scalbnf scalbnl __signbit __signbitf __signbitl`},
	{Copied, NoStream, whyNumber, `
		strtol strtol_l __strtol_internal __strtol_l strtoll strtoll_l __strtoll_internal __strtoll_l strtoul strtoul_l
		__strtoul_internal __strtoul_l strtoull strtoull_l __strtoull_internal __strtoull_l strtoq strtouq strtoimax
		strtoumax strtod strtod_l __strtod_internal __strtod_l strtof strtof_l __strtof_internal __strtof_l
		strtold strtold_l __strtold_internal __strtold_l strtof32 strtof32_l strtof32x strtof32x_l strtof64 strtof64_l
		strtof64x strtof64x_l strtof128 strtof128_l __strtof128_internal
		strfromd strfromf strfroml strfromf32 strfromf32x strfromf64 strfromf64x strfromf128`},
	{Copied, NoStream, whyNumber, `
		wcstol wcstol_l __wcstol_internal __wcstol_l wcstoll wcstoll_l __wcstoll_internal __wcstoll_l wcstoul wcstoul_l
		__wcstoul_internal __wcstoul_l wcstoull wcstoull_l __wcstoull_internal __wcstoull_l wcstoq wcstouq wcstoimax
		wcstoumax wcstod wcstod_l __wcstod_internal __wcstod_l wcstof wcstof_l __wcstof_internal __wcstof_l
		wcstold wcstold_l __wcstold_internal __wcstold_l wcstof32 wcstof32_l wcstof32x wcstof32x_l wcstof64 wcstof64_l
		wcstof64x wcstof64x_l wcstof128 wcstof128_l __wcstof128_internal`},
	{Copied, NoStream, whyNumber, `
		__isoc23_strtol __isoc23_strtol_l __isoc23_strtoll __isoc23_strtoll_l __isoc23_strtoul __isoc23_strtoul_l
		__isoc23_strtoull __isoc23_strtoull_l __isoc23_strtoimax __isoc23_strtoumax
		__isoc23_wcstol __isoc23_wcstol_l __isoc23_wcstoll __isoc23_wcstoll_l __isoc23_wcstoul __isoc23_wcstoul_l
		__isoc23_wcstoull __isoc23_wcstoull_l __isoc23_wcstoimax __isoc23_wcstoumax`},
	{Copied, NoStream, "computes with the bits of a number", `
		stdc_leading_zeros_uc stdc_leading_zeros_us stdc_leading_zeros_ui stdc_leading_zeros_ul stdc_leading_zeros_ull
		stdc_leading_ones_uc stdc_leading_ones_us stdc_leading_ones_ui stdc_leading_ones_ul stdc_leading_ones_ull
		stdc_trailing_zeros_uc stdc_trailing_zeros_us stdc_trailing_zeros_ui stdc_trailing_zeros_ul stdc_trailing_zeros_ull
		stdc_trailing_ones_uc stdc_trailing_ones_us stdc_trailing_ones_ui stdc_trailing_ones_ul stdc_trailing_ones_ull
		stdc_first_leading_zero_uc stdc_first_leading_zero_us stdc_first_leading_zero_ui stdc_first_leading_zero_ul
		stdc_first_leading_zero_ull stdc_first_leading_one_uc stdc_first_leading_one_us stdc_first_leading_one_ui
		stdc_first_leading_one_ul stdc_first_leading_one_ull stdc_first_trailing_zero_uc stdc_first_trailing_zero_us
		stdc_first_trailing_zero_ui stdc_first_trailing_zero_ul stdc_first_trailing_zero_ull stdc_first_trailing_one_uc
		stdc_first_trailing_one_us stdc_first_trailing_one_ui stdc_first_trailing_one_ul stdc_first_trailing_one_ull
		stdc_count_zeros_uc stdc_count_zeros_us stdc_count_zeros_ui stdc_count_zeros_ul stdc_count_zeros_ull
		stdc_count_ones_uc stdc_count_ones_us stdc_count_ones_ui stdc_count_ones_ul stdc_count_ones_ull
		stdc_has_single_bit_uc stdc_has_single_bit_us stdc_has_single_bit_ui stdc_has_single_bit_ul stdc_has_single_bit_ull
		stdc_bit_width_uc stdc_bit_width_us stdc_bit_width_ui stdc_bit_width_ul stdc_bit_width_ull
		stdc_bit_floor_uc stdc_bit_floor_us stdc_bit_floor_ui stdc_bit_floor_ul stdc_bit_floor_ull
		stdc_bit_ceil_uc stdc_bit_ceil_us stdc_bit_ceil_ui stdc_bit_ceil_ul stdc_bit_ceil_ull`},
	{Copied, NoStream, "prints digits into the caller's memory", `ecvt_r fcvt_r qecvt_r qfcvt_r gcvt qgcvt`},
	{PerLibset, NoStream, "the digits are in a static buffer", `ecvt fcvt qecvt qfcvt`},
	{PerLibset, NoStream, "one sequence of random numbers in static data, under a lock", `
		rand random srand srandom initstate setstate strfry`},
	{PerLibset, NoStream, "one sequence in several static words; those with a state of the caller read the multiplier there", `
		drand48 erand48 lrand48 nrand48 mrand48 jrand48 srand48 seed48 lcong48`},
	{Copied, NoStream, "a sequence in the caller's memory", `
		rand_r random_r srandom_r initstate_r setstate_r drand48_r erand48_r lrand48_r nrand48_r mrand48_r jrand48_r
		srand48_r seed48_r lcong48_r`},
}
