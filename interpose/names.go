// SPDX-License-Identifier: Apache-2.0

package interpose

const (
	whyNSS = "name service: locks around the list of services, the open database and the static result"
	whyDNS = "may wait for a name server while it holds the name service's and resolver's locks: deferred, so the wait may " +
		"exceed the budget"
)

// nameTable: users, groups, hosts, services and other databases; the resolver.
var nameTable = []group{
	{Shared, NoStream, whyNSS, `
		setpwent endpwent getpwent getpwent_r getpwnam getpwnam_r getpwuid getpwuid_r getpw
		setgrent endgrent getgrent getgrent_r getgrnam getgrnam_r getgrgid getgrgid_r getgrouplist
		setspent endspent getspent getspent_r getspnam getspnam_r sgetspent
		setsgent endsgent getsgent getsgent_r getsgnam getsgnam_r sgetsgent
		setservent endservent getservent getservent_r getservbyname getservbyname_r getservbyport getservbyport_r
		setprotoent endprotoent getprotoent getprotoent_r getprotobyname getprotobyname_r getprotobynumber
		getprotobynumber_r
		setrpcent endrpcent getrpcent getrpcent_r getrpcbyname getrpcbyname_r getrpcbynumber getrpcbynumber_r
		setaliasent endaliasent getaliasent getaliasent_r getaliasbyname getaliasbyname_r
		setnetgrent endnetgrent getnetgrent getnetgrent_r innetgr
		ether_hostton ether_ntohost __nss_configure_lookup`},
	{Shared, NoStream, "asks the user database or the login records", `
		getlogin getlogin_r __getlogin_r_chk cuserid`},
	{Shared, NoStream, whyDNS, `
		getaddrinfo getnameinfo
		gethostbyname gethostbyname_r gethostbyname2 gethostbyname2_r gethostbyaddr gethostbyaddr_r
		sethostent endhostent gethostent gethostent_r __nss_hostname_digits_dots
		getnetbyname getnetbyname_r getnetbyaddr getnetbyaddr_r setnetent endnetent getnetent getnetent_r
		rcmd rcmd_af rexec rexec_af ruserok ruserok_af iruserok iruserok_af __ivaliduser ruserpass`},
	{Shared, NoStream, whyDNS, `
		res_query res_querydomain res_search res_send res_nquery res_nquerydomain res_nsearch res_nsend
		res_mkquery res_nmkquery __res_init __res_ninit __res_nclose`},
	{Copied, NoStream, "frees a result", `freeaddrinfo`},
	{Copied, NoStream, "parses or builds a name in the caller's memory, or reads the thread's own resolver state", `
		res_dnok res_hnok res_mailok res_ownok __res_randomid __res_state dn_comp dn_expand dn_skipname
		ns_name_compress ns_name_ntop ns_name_pack ns_name_pton ns_name_skip ns_name_uncompress ns_name_unpack
		sgetspent_r sgetsgent_r`},
}
