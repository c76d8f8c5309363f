// SPDX-License-Identifier: Apache-2.0

package interpose

// compatTable: what is exported for programs linked long ago only. No version of these names is a default one, so the linker
// refuses them and dlsym does not find them; a wrapper could not reach the real function by name alone.
var compatTable = []group{
	{Compat, NoStream, "old versions only: not linkable today", `
		_IO_vfscanf __default_morecore __dn_comp __dn_expand __dn_skipname __mempcpy_small __nss_database_lookup
		__nss_group_lookup __nss_hosts_lookup __nss_next __nss_passwd_lookup __pthread_getspecific __pthread_mutex_destroy
		__pthread_mutex_init __pthread_mutex_lock __pthread_mutex_trylock __pthread_mutex_unlock
		__pthread_mutexattr_destroy __pthread_mutexattr_init __pthread_mutexattr_settype __pthread_once
		__pthread_rwlock_destroy __pthread_rwlock_init __pthread_rwlock_rdlock __pthread_rwlock_tryrdlock
		__pthread_rwlock_trywrlock __pthread_rwlock_unlock __pthread_rwlock_wrlock __pthread_setspecific __res_dnok
		__res_hnok __res_mailok __res_mkquery __res_nmkquery __res_nquery __res_nquerydomain __res_nsearch __res_nsend
		__res_ownok __res_query __res_querydomain __res_search __res_send __rpc_thread_createerr __rpc_thread_svc_fdset
		__rpc_thread_svc_max_pollfd __rpc_thread_svc_pollfd __secure_getenv __sigaddset __sigdelset __sigismember
		__stpcpy_small __strcpy_small __strcspn_c1 __strcspn_c2 __strcspn_c3 __strpbrk_c2 __strpbrk_c3 __strsep_1c
		__strsep_2c __strsep_3c __strspn_c1 __strspn_c2 __strspn_c3 __strtok_r_1c __sysctl _authenticate
		_pthread_cleanup_pop_restore _pthread_cleanup_push_defer _rpc_dtablesize _seterr_reply advance authdes_create
		authdes_getucred authdes_pk_create authnone_create authunix_create authunix_create_default bdflush callrpc
		cbc_crypt cfree clnt_broadcast clnt_create clnt_pcreateerror clnt_perrno clnt_perror clnt_spcreateerror
		clnt_sperrno clnt_sperror clntraw_create clnttcp_create clntudp_bufcreate clntudp_create clntunix_create
		create_module des_setparity ecb_crypt fattach fdetach get_kernel_syms get_myaddress getmsg getnetname getpmsg
		getpublickey getrpcport getsecretkey host2netname isastream key_decryptsession key_decryptsession_pk
		key_encryptsession key_encryptsession_pk key_gendes key_get_conv key_secretkey_is_set key_setnet key_setsecret
		llseek netname2host netname2user nfsservctl passwd2des pmap_getmaps pmap_getport pmap_rmtcall pmap_set pmap_unset
		pthread_atfork pthread_kill_other_threads_np pthread_mutex_consistent_np pthread_mutexattr_getkind_np
		pthread_mutexattr_getrobust_np pthread_mutexattr_setkind_np pthread_mutexattr_setrobust_np pthread_yield putmsg
		putpmsg query_module registerrpc rtime sigvec sstk step stime svc_exit svc_getreq svc_getreq_common
		svc_getreq_poll svc_getreqset svc_register svc_run svc_sendreply svc_unregister svcerr_auth svcerr_decode
		svcerr_noproc svcerr_noprog svcerr_progvers svcerr_systemerr svcerr_weakauth svcfd_create svcraw_create
		svctcp_create svcudp_bufcreate svcudp_create svcudp_enablecache svcunix_create svcunixfd_create sysctl tr_break
		uselib user2netname ustat vtimes xdecrypt xdr_accepted_reply xdr_array xdr_authdes_cred xdr_authdes_verf
		xdr_authunix_parms xdr_bool xdr_bytes xdr_callhdr xdr_callmsg xdr_char xdr_cryptkeyarg xdr_cryptkeyarg2
		xdr_cryptkeyres xdr_des_block xdr_double xdr_enum xdr_float xdr_free xdr_getcredres xdr_hyper xdr_int xdr_int16_t
		xdr_int32_t xdr_int64_t xdr_int8_t xdr_key_netstarg xdr_key_netstres xdr_keybuf xdr_keystatus xdr_long
		xdr_longlong_t xdr_netnamestr xdr_netobj xdr_opaque xdr_opaque_auth xdr_pmap xdr_pmaplist xdr_pointer xdr_quad_t
		xdr_reference xdr_rejected_reply xdr_replymsg xdr_rmtcall_args xdr_rmtcallres xdr_short xdr_sizeof xdr_string
		xdr_u_char xdr_u_hyper xdr_u_int xdr_u_long xdr_u_longlong_t xdr_u_quad_t xdr_u_short xdr_uint16_t xdr_uint32_t
		xdr_uint64_t xdr_uint8_t xdr_union xdr_unixcred xdr_vector xdr_void xdr_wrapstring xdrmem_create xdrrec_create
		xdrrec_endofrecord xdrrec_eof xdrrec_skiprecord xdrstdio_create xencrypt xprt_register xprt_unregister`},
}
