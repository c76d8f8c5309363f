// SPDX-License-Identifier: Apache-2.0

package interpose

// networkTable: sockets and addresses, apart from what waits.
var networkTable = []group{
	{Hand, NoStream, "makes descriptors, which are noted as the function's own", `
		socket socketpair rresvport rresvport_af`},
	{Copied, NoStream, "system call on a socket that does not wait", `
		bind listen shutdown getsockname getpeername getsockopt setsockopt sockatmark isfdtype
		getsourcefilter setsourcefilter getipv4sourcefilter setipv4sourcefilter`},
	{Shared, NoStream, "the next reserved port is under a lock", `bindresvport`},
	{Shared, NoStream, "asks the kernel over a socket of its own, which must not stay open; short", `
		if_nametoindex if_indextoname if_nameindex getifaddrs`},
	{Copied, NoStream, "frees a result", `if_freenameindex freeifaddrs`},
	{Copied, NoStream, "converts an address in the caller's memory or in a buffer of the thread", `
		inet_addr inet_aton inet_lnaof inet_makeaddr inet_netof inet_network inet_nsap_addr inet_ntoa inet_ntop inet_pton
		__inet_ntop_chk __inet_pton_chk
		htonl htons ntohl ntohs ether_aton_r ether_ntoa_r ether_line __libc_sa_len __cmsg_nxthdr`},
	{PerLibset, NoStream, "the result is in a static buffer", `
		ether_aton ether_ntoa inet_nsap_ntoa`},
	{Copied, NoStream, "builds or reads an option header in the caller's memory", `
		inet6_opt_append inet6_opt_find inet6_opt_finish inet6_opt_get_val inet6_opt_init inet6_opt_next
		inet6_opt_set_val inet6_option_alloc inet6_option_append inet6_option_find inet6_option_init
		inet6_option_next inet6_option_space inet6_rth_add inet6_rth_getaddr inet6_rth_init inet6_rth_reverse
		inet6_rth_segments inet6_rth_space`},
}
