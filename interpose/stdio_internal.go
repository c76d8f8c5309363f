// SPDX-License-Identifier: Apache-2.0

package interpose

// stdioInternalTable: the _IO_ names, which old binaries and stream libraries refer to.
var stdioInternalTable = []group{
	{SharedInput, A1, whyInput, `
		_IO_default_uflow _IO_default_xsgetn _IO_file_read _IO_file_underflow _IO_getline _IO_getline_info
		_IO_peekc_locked _IO_sgetn _IO_wdefault_uflow _IO_wdefault_xsgetn _IO_wfile_underflow`},
	{SharedInput, A3, whyInput, `_IO_fgets`},
	{SharedInput, A4, whyInput, `_IO_fread`},
	{SharedInput, Stdin, whyInput, `_IO_gets`},

	{SharedOutput, A1, whyOutput, `
		_IO_do_write _IO_fflush _IO_file_overflow _IO_file_sync _IO_file_write _IO_file_xsputn _IO_fprintf
		_IO_padn _IO_vfprintf _IO_wdo_write _IO_wfile_overflow _IO_wfile_sync _IO_wfile_xsputn`},
	{SharedOutput, A2, whyOutput, `_IO_fputs`},
	{SharedOutput, A4, whyOutput, `_IO_fwrite`},
	{SharedOutput, Stdout, whyOutput, `_IO_printf _IO_puts`},

	{Shared, NoStream, "changes a stream that both sides can see", `
		_IO_adjust_column _IO_adjust_wcolumn _IO_default_doallocate _IO_default_finish _IO_default_pbackfail
		_IO_default_xsputn _IO_doallocbuf _IO_feof _IO_ferror _IO_fgetpos _IO_fgetpos64
		_IO_file_attach _IO_file_close _IO_file_close_it _IO_file_doallocate _IO_file_finish _IO_file_fopen
		_IO_file_init _IO_file_open _IO_file_seek _IO_file_seekoff _IO_file_setbuf _IO_file_stat
		_IO_free_backup_area _IO_free_wbackup_area _IO_fsetpos _IO_fsetpos64 _IO_ftell _IO_init
		_IO_init_marker _IO_init_wmarker _IO_least_wmarker _IO_marker_delta _IO_marker_difference
		_IO_remove_marker _IO_seekmark _IO_seekoff _IO_seekpos _IO_seekwmark _IO_setb _IO_setbuffer _IO_setvbuf
		_IO_sputbackc _IO_sputbackwc _IO_str_init_readonly _IO_str_init_static _IO_str_overflow _IO_str_pbackfail
		_IO_str_seekoff _IO_str_underflow _IO_sungetc _IO_sungetwc _IO_switch_to_get_mode
		_IO_switch_to_main_wget_area _IO_switch_to_wbackup_area _IO_switch_to_wget_mode _IO_ungetc
		_IO_unsave_markers _IO_unsave_wmarkers _IO_wdefault_doallocate _IO_wdefault_finish
		_IO_wdefault_pbackfail _IO_wdefault_xsputn _IO_wdoallocbuf _IO_wfile_seekoff _IO_wmarker_delta _IO_wsetb`},
	{Shared, NoStream, "walks or changes libc's list of all streams under its lock", `
		_IO_flush_all _IO_flush_all_linebuffered _IO_link_in _IO_un_link
		_IO_list_lock _IO_list_unlock _IO_list_resetlock _IO_iter_begin _IO_iter_end _IO_iter_file _IO_iter_next`},
	{Shared, NoStream, "takes a stream off the list of children's pipes, under its lock", `_IO_proc_close`},
	{OwnTCB, NoStream, "starts a child process for a stream", `_IO_proc_open`},
	{Hand, NoStream, "other names of fopen, fdopen, popen and fclose", `_IO_fopen _IO_fdopen _IO_popen _IO_fclose`},
	{Hand, NoStream, "other names of flockfile, ftrylockfile and funlockfile", `_IO_flockfile _IO_ftrylockfile _IO_funlockfile`},
	{Shared, NoStream, "other names of sprintf and vsprintf", `_IO_sprintf _IO_vsprintf`},
	{Copied, NoStream, "reads from the caller's memory", `_IO_sscanf`},
}
