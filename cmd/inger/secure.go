// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// identity is what the kernel compares a program's set-uid bits with.
type identity struct {
	uid, euid, gid, egid uint32
	noNewPrivs           bool // prctl(2): set-uid bits are ignored from then on
}

// privileges is what a program's file gives to whoever runs it.
type privileges struct {
	mode, owner, group uint32
	capabilities       bool // the file has capabilities(7)
	noSuid             bool // its mount ignores all of these
}

// secureExecution says why the kernel would start the program in secure-execution mode, in which the loader ignores
// LD_PRELOAD, or "" when it would not.
func secureExecution(f file) (string, error) {
	fd := int(f)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return "", err
	}
	p := privileges{mode: st.Mode, owner: st.Uid, group: st.Gid}
	switch _, err := unix.Fgetxattr(fd, "security.capability", nil); {
	case err == nil:
		p.capabilities = true
	case !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.ENOTSUP) && !errors.Is(err, unix.EPERM):
		return "", err
	}
	if p.capabilities || p.mode&(unix.S_ISUID|unix.S_ISGID) != 0 {
		var fs unix.Statfs_t
		if err := unix.Fstatfs(fd, &fs); err != nil {
			return "", err
		}
		p.noSuid = fs.Flags&unix.MS_NOSUID != 0
	}
	return secureReason(p, self()), nil
}

func self() identity {
	noNewPrivs, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	return identity{
		uid: uint32(os.Getuid()), euid: uint32(os.Geteuid()),
		gid: uint32(os.Getgid()), egid: uint32(os.Getegid()),
		noNewPrivs: err == nil && noNewPrivs == 1,
	}
}

// secureReason follows the kernel (cap_bprm_creds_from_file): execution is secure when the effective user or group will
// differ from the real one, or when anybody but root gains capabilities from the file. A set-uid root program run by root
// is therefore an ordinary one.
func secureReason(p privileges, who identity) string {
	if who.uid != who.euid || who.gid != who.egid {
		return "this process runs with changed user or group ids"
	}
	if p.noSuid {
		return ""
	}
	if !who.noNewPrivs {
		if p.mode&unix.S_ISUID != 0 && p.owner != who.uid {
			return "is set-uid"
		}
		// Without group execute permission the bit once meant mandatory locking.
		const setGid = unix.S_ISGID | unix.S_IXGRP
		if p.mode&setGid == setGid && p.group != who.gid {
			return "is set-gid"
		}
	}
	if p.capabilities && who.uid != 0 {
		return "has file capabilities"
	}
	return ""
}
