// SPDX-License-Identifier: Apache-2.0

package interpose

// timeTable: clocks and calendar time.
var timeTable = []group{
	{Hand, NoStream, "the zone's rules are the libset's, tzname and TZ the process's", `tzset`},
	{Copied, NoStream, "asks the kernel for the time, or sets it", `
		time gettimeofday __gettimeofday clock_gettime clock_getres clock_settime clock_adjtime clock_getcpuclockid
		timespec_get timespec_getres settimeofday adjtime adjtimex __adjtimex ntp_adjtime ntp_gettime ntp_gettimex ftime`},
	{PerLibset, NoStream, "the result is in a static buffer; the rules of the time zone and their lock too, also for UTC", `
		localtime gmtime ctime`},
	{PerLibset, NoStream, "the rules of the time zone and their lock are static, and the other calendar functions use the " +
		"libset's own", `
		localtime_r gmtime_r __gmtime_r mktime timelocal timegm ctime_r
		strftime strftime_l __strftime_l wcsftime wcsftime_l __wcsftime_l strptime strptime_l`},
	{PerLibset, NoStream, "reads a file of patterns, and the time zone; getdate's result is in a static buffer", `
		getdate getdate_r`},
	{PerLibset, NoStream, "the result is in a static buffer", `asctime`},
	{Copied, NoStream, "prints a time in C's own form into the caller's memory", `asctime_r`},
	{Copied, NoStream, "arithmetic", `difftime dysize`},
}
