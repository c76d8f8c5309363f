// SPDX-License-Identifier: Apache-2.0

package interpose

// timeTable: clocks and calendar time.
var timeTable = []group{
	{Copied, NoStream, "asks the kernel for the time, or sets it", `
		time gettimeofday __gettimeofday clock_gettime clock_getres clock_settime clock_adjtime clock_getcpuclockid
		timespec_get timespec_getres settimeofday adjtime adjtimex __adjtimex ntp_adjtime ntp_gettime ntp_gettimex ftime`},
	{Shared, NoStream, "the time zone's rules have a lock, also for UTC", `
		tzset localtime localtime_r gmtime gmtime_r __gmtime_r mktime timelocal timegm ctime ctime_r
		strftime strftime_l __strftime_l wcsftime wcsftime_l __wcsftime_l strptime strptime_l`},
	{Shared, NoStream, "reads a file of patterns, and the time zone", `getdate getdate_r`},
	{Copied, NoStream, "prints a time in C's own form; at most a static buffer, no lock", `asctime asctime_r`},
	{Copied, NoStream, "arithmetic", `difftime dysize`},
}
