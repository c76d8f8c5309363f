/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_names: users, hosts, services and addresses, which libc looks up into buffers of its own, and lists that it
 * goes through one by one: two paused calls and the program each get what they would get alone. */
#include <arpa/inet.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <pwd.h>
#include "isolate.h"

static const char *const users[RUNS] = { "root", "daemon", "nobody" };

static void user_names(struct run *r)
{
	for (int i = 0; i < 3; i++) {
		const struct passwd *held = getpwnam(users[(r->who + i) % RUNS]);
		step(r);
		note(r, "%s %d %s;", held ? held->pw_name : "?", held ? (int)held->pw_uid : -1, held ? held->pw_dir : "?");
	}
}

static void user_numbers(struct run *r)
{
	for (int i = 0; i < 3; i++) {
		const struct passwd *held = getpwuid((uid_t)((r->who + i) % 3));
		step(r);
		note(r, "%s %d;", held ? held->pw_name : "?", held ? (int)held->pw_gid : -1);
	}
}

static void user_list(struct run *r)
{
	setpwent();
	for (int i = 0; i < 4 + r->who; i++) {
		const struct passwd *held = getpwent();
		step(r);
		note(r, "%s;", held ? held->pw_name : "end");
	}
	endpwent();
}

static void group_names(struct run *r)
{
	static const char *const groups[RUNS] = { "root", "daemon", "bin" };
	for (int i = 0; i < 3; i++) {
		const struct group *held = getgrnam(groups[(r->who + i) % RUNS]);
		step(r);
		note(r, "%s %d;", held ? held->gr_name : "?", held ? (int)held->gr_gid : -1);
	}
}

static void services(struct run *r)
{
	static const char *const names[RUNS] = { "ssh", "domain", "https" };
	for (int i = 0; i < 3; i++) {
		const struct servent *held = getservbyname(names[(r->who + i) % RUNS], "tcp");
		step(r);
		note(r, "%s %d;", held ? held->s_name : "?", held ? ntohs((uint16_t)held->s_port) : -1);
	}
}

static void protocols(struct run *r)
{
	static const char *const names[RUNS] = { "tcp", "udp", "icmp" };
	for (int i = 0; i < 3; i++) {
		const struct protoent *held = getprotobyname(names[(r->who + i) % RUNS]);
		step(r);
		note(r, "%s %d;", held ? held->p_name : "?", held ? held->p_proto : -1);
	}
}

static void note_host(struct run *r, const struct hostent *host)
{
	char text[INET6_ADDRSTRLEN] = "";
	if (host)
		inet_ntop(host->h_addrtype, host->h_addr_list[0], text, sizeof text);
	note(r, "%s %s;", host ? host->h_name : "?", text);
}

static void hosts(struct run *r)
{
	static const char *const addresses[RUNS] = { "127.0.0.1", "10.20.30.40", "192.0.2.7" };
	for (int i = 0; i < 4; i++) {
		const struct hostent *held = gethostbyname(addresses[(r->who + i) % RUNS]);
		step(r);
		note_host(r, held);
	}
}

static void hosts_of_family(struct run *r)
{
	static const char *const addresses[RUNS] = { "::1", "2001:db8::17", "fe80::1:2" };
	for (int i = 0; i < 4; i++) {
		const struct hostent *held = gethostbyname2(addresses[(r->who + i) % RUNS], AF_INET6);
		step(r);
		note_host(r, held);
	}
}

static void addresses(struct run *r)
{
	for (int i = 0; i < 4; i++) {
		struct in_addr address = { htonl(0x0a000000u + (uint32_t)(r->who * 1000 + i)) };
		const char *held = inet_ntoa(address);
		step(r);
		note(r, "%s;", held);
	}
}

static void ethernet(struct run *r)
{
	for (int i = 0; i < 4; i++) {
		struct ether_addr address = { { 2, 0, 0, 0, (uint8_t)r->who, (uint8_t)i } };
		const char *held = ether_ntoa(&address);
		step(r);
		note(r, "%s;", held);
	}
}

/* The environment is the process's. A value that a function holds stays where it is, whatever the others set. */
static void environment(struct run *r)
{
	static const char *const names[RUNS] = { "ISOLATE_FIRST", "ISOLATE_SECOND", "ISOLATE_PROGRAM" };
	char value[32];
	for (int i = 0; i < 5; i++) {
		snprintf(value, sizeof value, "%s %d", names[r->who], i);
		setenv(names[r->who], value, 1);
		step(r);
		const char *held = getenv(names[r->who]);
		step(r);
		note(r, "%s;", held ? held : "unset");
	}
	unsetenv(names[r->who]);
	step(r);
	note(r, "%s", getenv(names[r->who]) ? "set" : "unset");
}

static const struct isolate_case cases[] = {
	{ "getpwnam", user_names, STATEFUL },
	{ "getpwuid", user_numbers, STATEFUL },
	{ "getpwent", user_list, STATEFUL },
	{ "getgrnam", group_names, STATEFUL },
	{ "getservbyname", services, STATEFUL },
	{ "getprotobyname", protocols, STATEFUL },
	{ "gethostbyname of a numeric address", hosts, STATEFUL },
	{ "gethostbyname2 of a numeric address", hosts_of_family, STATEFUL },
	{ "inet_ntoa", addresses, SAFE },
	{ "ether_ntoa", ethernet, STATEFUL },
	{ "getenv and setenv", environment, SAFE },
};

int main(void)
{
	plan(COUNT(cases) * CASE_TESTS);
	test_cases(cases, COUNT(cases));
	return done();
}
