// SPDX-License-Identifier: Apache-2.0

package interpose

const (
	whyNSS = "name service: locks around the list of services and the open database; the result is the caller's"
	whySet = "name service: the position in the database and the result are static, under a lock"
	whyDNS = "may wait for a name server while it holds the name service's and resolver's locks: deferred, so the wait may " +
		"exceed the budget"
)

// nameTable: users, groups, hosts, services and other databases; the resolver.
var nameTable = []group{
	{Shared, NoStream, whyNSS, `
		getpwnam_r getpwuid_r getpw getgrnam_r getgrgid_r getgrouplist getspnam_r getsgnam_r
		getservbyname_r getservbyport_r getprotobyname_r getprotobynumber_r getrpcbyname_r getrpcbynumber_r
		getaliasbyname_r innetgr ether_hostton ether_ntohost`},
	{Shared, NoStream, "changes where the whole process looks names up", `__nss_configure_lookup`},
	{PerLibset, NoStream, whySet, `
		setpwent endpwent getpwent getpwent_r getpwnam getpwuid
		setgrent endgrent getgrent getgrent_r getgrnam getgrgid
		setspent endspent getspent getspent_r getspnam
		setsgent endsgent getsgent getsgent_r getsgnam
		setservent endservent getservent getservent_r getservbyname getservbyport
		setprotoent endprotoent getprotoent getprotoent_r getprotobyname getprotobynumber
		setrpcent endrpcent getrpcent getrpcent_r getrpcbyname getrpcbynumber
		setaliasent endaliasent getaliasent getaliasent_r getaliasbyname
		setnetgrent endnetgrent getnetgrent getnetgrent_r`},
	{PerLibset, NoStream, "parses a line of a database into a static result", `sgetspent sgetsgent`},
	{PerLibset, NoStream, "asks the user database or the login records, whose position is the libset's own", `
		getlogin getlogin_r __getlogin_r_chk cuserid`},
	{PerLibset, NoStream, "as the other databases: a static position and a static result; may wait for a name server, deferred, " +
		"so the wait may exceed the budget", `
		gethostbyname gethostbyname2 gethostbyaddr sethostent endhostent gethostent gethostent_r
		getnetbyname getnetbyaddr setnetent endnetent getnetent getnetent_r`},
	{Hand, NoStream, whyDNS + "; the result is noted as the function's own", `getaddrinfo`},
	{Shared, NoStream, whyDNS, `
		getnameinfo gethostbyname_r gethostbyname2_r gethostbyaddr_r __nss_hostname_digits_dots
		getnetbyname_r getnetbyaddr_r
		ruserok ruserok_af iruserok iruserok_af __ivaliduser ruserpass`},
	{Shared, NoStream, "blocks a signal while it waits for a remote machine, and opens a stream; its static name of the host is " +
		"the process's", `rcmd rcmd_af rexec rexec_af`},
	{Shared, NoStream, whyDNS, `
		res_query res_querydomain res_search res_send res_nquery res_nquerydomain res_nsearch res_nsend
		res_mkquery res_nmkquery __res_init __res_ninit __res_nclose`},
	{Copied, NoStream, "frees a result", `freeaddrinfo`},
	{Copied, NoStream, "parses or builds a name in the caller's memory, or reads the thread's own resolver state", `
		res_dnok res_hnok res_mailok res_ownok __res_randomid __res_state dn_comp dn_expand dn_skipname
		ns_name_compress ns_name_ntop ns_name_pack ns_name_pton ns_name_skip ns_name_uncompress ns_name_unpack
		sgetspent_r sgetsgent_r`},
}
