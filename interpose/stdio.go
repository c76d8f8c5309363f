// SPDX-License-Identifier: Apache-2.0

package interpose

const (
	whyInput  = "a stream both sides can see; waits for input before it takes the stream's lock"
	whyOutput = "a stream both sides can see; waits for room before it takes the stream's lock"
)

// stdioTable: FILE streams, without the internal names of stdioInternalTable.
// SharedOutput holds for a stream with unwritten data only: the descriptor of a stream that is being read never gets ready
// for writing.
var stdioTable = []group{
	{SharedInput, A1, whyInput, `
		fgetc fgetc_unlocked getc getc_unlocked _IO_getc getw __uflow __underflow
		fscanf vfscanf __vfscanf __isoc99_fscanf __isoc99_vfscanf __isoc23_fscanf __isoc23_vfscanf
		fgetwc fgetwc_unlocked getwc getwc_unlocked __wuflow __wunderflow
		fwscanf vfwscanf __isoc99_fwscanf __isoc99_vfwscanf __isoc23_fwscanf __isoc23_vfwscanf`},
	{SharedInput, A3, whyInput, `fgets fgets_unlocked fgetws fgetws_unlocked`},
	{SharedInput, A4, whyInput, `
		fread fread_unlocked
		__fgets_chk __fgets_unlocked_chk __fgetws_chk __fgetws_unlocked_chk`},
	{SharedInput, A5, whyInput, `__fread_chk __fread_unlocked_chk`},
	{SharedInput, Stdin, whyInput, `
		getchar getchar_unlocked gets __gets_chk scanf vscanf __isoc99_scanf __isoc99_vscanf __isoc23_scanf __isoc23_vscanf
		getwchar getwchar_unlocked wscanf vwscanf __isoc99_wscanf __isoc99_vwscanf __isoc23_wscanf __isoc23_vwscanf`},
	{Hand, NoStream, "as the other input; the line's block is noted as the function's own", `getline getdelim __getdelim`},
	{SharedInput, A1, "reads lines of a database file through a stream of the program", `
		getmntent getmntent_r __getmntent_r fgetpwent fgetpwent_r fgetgrent fgetgrent_r fgetspent fgetspent_r
		fgetsgent fgetsgent_r`},

	{SharedOutput, A1, whyOutput, `
		fprintf vfprintf __fprintf_chk __vfprintf_chk fwprintf vfwprintf __fwprintf_chk __vfwprintf_chk
		fflush fflush_unlocked __overflow __woverflow`},
	{SharedOutput, A2, whyOutput, `
		fputc fputc_unlocked putc putc_unlocked _IO_putc putw fputs fputs_unlocked
		fputwc fputwc_unlocked putwc putwc_unlocked fputws fputws_unlocked`},
	{SharedOutput, A4, whyOutput, `fwrite fwrite_unlocked`},
	{SharedOutput, Stdout, whyOutput, `
		putchar putchar_unlocked puts printf vprintf __printf_chk __vprintf_chk
		putwchar putwchar_unlocked wprintf vwprintf __wprintf_chk __vwprintf_chk`},
	{SharedOutput, A2, "writes lines of a database file through a stream of the program", `
		putpwent putgrent putspent putsgent`},

	{Hand, NoStream, "opens or closes streams: libc's list of all streams and its lock; a stream is noted as the function's own", `
		fopen fopen64 fdopen freopen freopen64 fmemopen fopencookie open_memstream open_wmemstream fclose fcloseall
		tmpfile tmpfile64 setmntent __setmntent endmntent __endmntent`},
	{Hand, NoStream, "closes a stream of libc's list and waits for the child, deferred: the wait may exceed the budget", `pclose`},
	{Shared, NoStream, "puts a stream of its own on libc's list of all streams while it prints", `
		dprintf vdprintf __dprintf_chk __vdprintf_chk`},
	{Hand, NoStream, "prints into growing memory through a stream; short; the block is noted as the function's own", `
		asprintf vasprintf __asprintf __asprintf_chk __vasprintf_chk`},
	{Shared, NoStream, "prints into growing memory through a stream; short", `
		obstack_printf obstack_vprintf __obstack_printf_chk __obstack_vprintf_chk`},
	{SharedStream, A1, "moves or changes a stream that both sides can see, under its lock", `
		fseek fseeko fseeko64 ftell ftello ftello64 rewind fgetpos fgetpos64 fsetpos fsetpos64
		setbuf setbuffer setlinebuf setvbuf fwide
		clearerr feof ferror addmntent`},
	{SharedStream, A2, "puts a character back, under the stream's lock", `ungetc ungetwc`},
	{Shared, NoStream, "changes a stream that both sides can see", `
		clearerr_unlocked fileno __fpurge __fsetlocking _flushlbf`},
	{Hand, NoStream, "may wait for a holder that is itself paused, so the wait must be preemptible; who holds the lock is noted", `
		flockfile ftrylockfile funlockfile`},
	{Copied, NoStream, "reads one field of a stream", `
		fileno_unlocked feof_unlocked ferror_unlocked __fbufsize __flbf __fpending __freadable __freading __fwritable
		__fwriting`},
	{SharedStream, Stderr, "prints on stderr under its lock, with a translated message", `
		perror psignal psiginfo error error_at_line err errx verr verrx warn warnx vwarn vwarnx herror
		__assert __assert_fail __assert_perror_fail`},
	{Shared, NoStream, "writes to stderr and the console; the severity list has a lock", `fmtmsg addseverity`},
	{PerLibset, NoStream, "the scan position is static; prints diagnostics on stderr, which is the process's", `
		getopt getopt_long getopt_long_only __posix_getopt`},
	{Shared, NoStream, "prints diagnostics on stderr; option parsing is short", `
		argp_error argp_failure argp_help argp_parse argp_state_help argp_usage`},
	{Shared, NoStream, "one connection to the system log, under a lock", `
		syslog vsyslog __syslog_chk __vsyslog_chk openlog closelog setlogmask`},
	{Shared, NoStream, "prompts on the terminal through streams and a static buffer; the wait for the user is deferred", `getpass`},
	{Shared, NoStream, "changes the table of conversions that every printf reads", `
		register_printf_function register_printf_modifier register_printf_specifier register_printf_type`},
	{Shared, NoStream, "prints digits into a stream whose lock the caller holds", `__printf_fp printf_size`},

	{Shared, NoStream, "prints into the caller's memory; %m is translated under the lock of the catalogues, which keep what they " +
		"load, and %n in a fortified program reads a file through a stream; short", `
		sprintf vsprintf snprintf vsnprintf __sprintf_chk __vsprintf_chk __snprintf_chk __vsnprintf __vsnprintf_chk
		swprintf vswprintf __swprintf_chk __vswprintf_chk`},
	{Copied, NoStream, "reads from the caller's memory; the stream is on the stack and on no list", `
		sscanf vsscanf __vsscanf __isoc99_sscanf __isoc99_vsscanf swscanf vswscanf __isoc99_swscanf __isoc99_vswscanf
		__isoc23_sscanf __isoc23_vsscanf __isoc23_swscanf __isoc23_vswscanf
		parse_printf_format printf_size_info hasmntopt`},
	{Copied, NoStream, "makes a name in the caller's memory or in a block of its own", `tmpnam_r tempnam`},
	{PerLibset, NoStream, "makes a name, in a static buffer if the caller has none", `tmpnam ctermid`},
}
