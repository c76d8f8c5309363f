// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strings"

	debversion "github.com/knqyf263/go-deb-version"

	"libinger/interpose"
)

// oldest is the first glibc that libinger knows; newest the last.
var (
	oldest = Version{2, interpose.OldestRelease}
	newest = Version{2, interpose.NewestRelease}
)

// A libcProblem is a mistake in glibc that a program meets, or meets more often, under libinger.
type libcProblem struct {
	// since and until are releases: the first with the mistake, and the first without. A zero is an open end.
	since, until Version
	// debian are the revisions of Debian's package that have it. Debian corrects what it has released: nothing is claimed
	// of a release that is not named here when another one is.
	debian []debianRange
	what   string
	advice string
	source string // where it is described
}

// A debianRange is an interval of package versions; since is empty when the release began with the mistake, until when
// none has corrected it.
type debianRange struct{ release, since, until string }

// libcProblems is in the order of gravity. Revisions are those of Debian's changelog of glibc, whose entry is the source
// of a row's debian range; bug numbers are those of https://sourceware.org/bugzilla.
var libcProblems = []libcProblem{
	{
		since: Version{2, 34}, until: Version{2, 39},
		debian: []debianRange{{"2.36", "", "2.36-9+deb12u5"}},
		what: "dlclose() of a library whose thread-local variables nobody used, and a dlopen() that takes its place, leave a " +
			"thread's table of such variables wrong; calls have tables of their own and meet it one by one",
		advice: "upgrade libc6, or do not unload libraries", source: "glibc bug 29039",
	},
	{
		since: Version{2, 25}, until: Version{2, 41},
		what:   "pthread_cond_signal() can fail to wake a waiter when threads are delayed at the wrong place, as pauses do",
		advice: "wait with a timeout (pthread_cond_timedwait) where calls wait for each other", source: "glibc bug 25847",
	},
	{
		since: Version{2, 35}, until: Version{2, 38},
		debian: []debianRange{{"2.36", "", "2.36-9+deb12u2"}},
		what:   "_dl_find_object() finds nothing early in a program's start: unwinding, and so exceptions, fail there",
		advice: "upgrade libc6", source: "glibc bug 30515",
	},
	{
		since: Version{2, 34}, until: Version{2, 38},
		debian: []debianRange{{"2.36", "", "2.36-9+deb12u1"}},
		what:   "system() called by several threads at once leaves SIGCHLD blocked in some of them afterwards",
		advice: "upgrade libc6, or call system() on one thread", source: "glibc bug 30163",
	},
	{
		until:  Version{2, 42},
		debian: []debianRange{{"2.36", "", "2.36-9+deb12u13"}},
		what:   "regcomp() that runs out of memory frees some of it twice: a call with a small RLIMIT_AS can damage the heap",
		advice: "upgrade libc6", source: "glibc bug 33185, CVE-2025-8058",
	},
	{
		debian: []debianRange{{"2.36", "2.36-9+deb12u2", "2.36-9+deb12u5"}},
		what:   "destructors of libraries run in another order than before and after these revisions",
		advice: "upgrade libc6 where a program relies on the order", source: "Debian's changelog of glibc, 2.36-9+deb12u5",
	},
	{
		until:  Version{2, 39},
		debian: []debianRange{{"2.36", "", "2.36-9+deb12u10"}},
		what:   "thread-local variables are slow to reach after any dlopen(), through code of the loader, where a pause is put off",
		advice: "upgrade libc6", source: "glibc bug 19924",
	},
}

func libc(m *Machine) []Finding {
	l := m.Libc
	if l.Problem != "" {
		return fail(l.Problem, "libinger needs glibc "+oldest.String()+" or later")
	}
	name := fmt.Sprintf("glibc %d.%d", l.Version.Major, l.Version.Minor)
	if l.Package != "" {
		name += " (" + l.Distribution + ": " + l.Package + ")"
	}
	if l.Version.Before(oldest.Major, oldest.Minor) {
		return fail(name+" is older than "+oldest.String()+": launch() fails, or libinger.so is not loaded", "upgrade the C library")
	}
	var found []Finding
	if newest.Before(l.Version.Major, l.Version.Minor) {
		found = append(found, warn(name+" is newer than "+newest.String()+", the last one that is known", "upgrade libinger when there is a newer one")...)
	}
	if len(l.Unknown) > 0 {
		found = append(found, warn(fmt.Sprintf("%s: %d of its functions are not known, and are never paused inside: %s", name, len(l.Unknown),
			strings.Join(l.Unknown[:min(len(l.Unknown), 8)], ", ")), "upgrade libinger when there is a newer one; what they make is not undone by cancel()")...)
	}
	for i := range libcProblems {
		p := &libcProblems[i]
		if p.concerns(l) {
			found = append(found, warn(name+": "+p.what+" ["+p.source+"]", p.advice)...)
		}
	}
	if found == nil {
		return ok(name + ": no known problem")
	}
	return found
}

// concerns says whether the library has the mistake. Revisions of distributions other than Debian have their own
// corrections, of which nothing is known here: theirs counts as the upstream release.
func (p *libcProblem) concerns(l Libc) bool {
	if l.Distribution == "debian" && l.Package != "" {
		for _, r := range p.debian {
			if strings.HasPrefix(l.Package, r.release+"-") {
				return r.contains(l.Package)
			}
		}
		if len(p.debian) > 0 {
			return false
		}
	}
	if p.since == (Version{}) && p.until == (Version{}) {
		return false
	}
	before := p.until != Version{} && !l.Version.Before(p.until.Major, p.until.Minor)
	return !l.Version.Before(p.since.Major, p.since.Minor) && !before
}

func (r debianRange) contains(text string) bool {
	v, err := debversion.NewVersion(text)
	if err != nil {
		return false
	}
	if since, err := debversion.NewVersion(r.since); err == nil && v.LessThan(since) {
		return false
	}
	until, err := debversion.NewVersion(r.until)
	return err != nil || v.LessThan(until)
}
