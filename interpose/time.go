// SPDX-License-Identifier: Apache-2.0

package interpose

// timeTable: clocks and calendar time.
var timeTable = []group{
	{Copied, NoStream, "asks the kernel for the time, or sets it", `
		time gettimeofday __gettimeofday clock_gettime clock_getres clock_settime clock_adjtime clock_getcpuclockid
		timespec_get timespec_getres settimeofday adjtime adjtimex __adjtimex ntp_adjtime ntp_gettime ntp_gettimex ftime`},
	{Hand, NoStream, "the result is in a static buffer; in a libset, in one of the libset's", `localtime gmtime ctime`},
	{Shared, NoStream, "the rules of the time zone are the process's, as TZ and tzname are, under a lock, also for UTC", `
		tzset localtime_r gmtime_r __gmtime_r mktime timelocal timegm ctime_r
		strftime strftime_l __strftime_l wcsftime wcsftime_l __wcsftime_l strptime strptime_l`},
	{Shared, NoStream, "reads a file of patterns, and the time zone; getdate's static result is the process's", `
		getdate getdate_r`},
	{PerLibset, NoStream, "the result is in a static buffer", `asctime`},
	{Copied, NoStream, "prints a time in C's own form into the caller's memory", `asctime_r`},
	{Copied, NoStream, "arithmetic", `difftime dysize`},
}
