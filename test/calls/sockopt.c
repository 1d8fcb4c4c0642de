/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setsockopt and getsockopt over all levels, with every length; interface ioctls. */
#include <linux/filter.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "show.h"

/* Set an option (when @value is not -1), then print what getsockopt says of it */
static void option(int fd, const char *name, int level, int opt, int value)
{
	unsigned char buf[256];
	socklen_t len = sizeof(buf);
	long r;

	if (value != -1) {
		r = SYS(setsockopt, fd, level, opt, &value, sizeof(value));
		printf("set %s %d: %ld %s\n", name, value, r, r ? show_errno(errno) : "");
	}
	memset(buf, 0, sizeof(buf));
	r = SYS(getsockopt, fd, level, opt, buf, &len);
	printf("get %s: %ld %s length %u value %d\n", name, r, r ? show_errno(errno) : "", r ? 0 : len,
	       r ? 0 : *(int *)buf);
}
#define OPTION(fd, level, opt, value) option(fd, #opt, level, opt, value)

static void socket_level(int fd)
{
	OPTION(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	OPTION(fd, SOL_SOCKET, SO_REUSEADDR, 0);
	OPTION(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	OPTION(fd, SOL_SOCKET, SO_KEEPALIVE, 77);
	OPTION(fd, SOL_SOCKET, SO_BROADCAST, 1);
	OPTION(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	OPTION(fd, SOL_SOCKET, SO_SNDBUF, 20000);
	OPTION(fd, SOL_SOCKET, SO_RCVBUF, 30000);
	OPTION(fd, SOL_SOCKET, SO_RCVBUF, 1);
	OPTION(fd, SOL_SOCKET, SO_RCVLOWAT, 5);
	OPTION(fd, SOL_SOCKET, SO_SNDLOWAT, 5);
	OPTION(fd, SOL_SOCKET, SO_TYPE, 5);
	OPTION(fd, SOL_SOCKET, SO_DOMAIN, -1);
	OPTION(fd, SOL_SOCKET, SO_PROTOCOL, -1);
	OPTION(fd, SOL_SOCKET, SO_ERROR, -1);
	OPTION(fd, SOL_SOCKET, SO_ACCEPTCONN, -1);
	OPTION(fd, SOL_SOCKET, SO_PRIORITY, 3);
	OPTION(fd, SOL_SOCKET, SO_PRIORITY, 100);
	OPTION(fd, SOL_SOCKET, SO_MARK, 7);
	OPTION(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	OPTION(fd, SOL_SOCKET, SO_PASSCRED, 1);
	OPTION(fd, SOL_SOCKET, SO_DEBUG, 0);
	OPTION(fd, SOL_SOCKET, SO_DONTROUTE, 1);
	OPTION(fd, SOL_SOCKET, SO_BUSY_POLL, 0);
	OPTION(fd, SOL_SOCKET, 9999, 1);
}

static void structures(int fd)
{
	struct linger linger = {1, 5};
	struct timeval tv = {1, 500000};
	socklen_t len = sizeof(linger);
	struct sock_filter code = {BPF_RET | BPF_K, 0, 0, 0xffffffff};
	struct sock_fprog prog = {1, &code};
	char name[IFNAMSIZ] = "lo";

	TITLE("structures");
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	linger = (struct linger){0};
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, &len));
	SHOW_NUM(linger.l_linger);
	len = sizeof(tv);
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	tv = (struct timeval){0};
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	SHOW_NUM(tv.tv_sec * 1000000 + tv.tv_usec);
	tv.tv_usec = 1000000;
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &tv, 3));
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	len = 0;
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_GET_FILTER, NULL, &len));
	SHOW_NUM(len);
	code.k = 0;
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_GET_FILTER, &code, &len));
	SHOW_HEX(code.k);
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int)));
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int)));
	prog.filter = BAD;
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	prog.len = 0;
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	SHOW_OK(SYS(setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, name, sizeof(name)));
	len = sizeof(name);
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
}

static void lengths(int fd)
{
	char buf[16];
	socklen_t len;

	TITLE("lengths");
	for (int n = 0; n < 6; n++) {
		memset(buf, 0x77, sizeof(buf));
		len = n;
		SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_TYPE, buf, &len));
		printf("  length %u of %d\n", len, n);
		show_bytes("  bytes", buf, 6);
		memset(buf, 0, sizeof(buf));
		SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, buf, n));
	}
	len = -1;
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_TYPE, buf, &len));
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, buf, -1));
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_TYPE, BAD, &len));
	len = 4;
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_TYPE, BAD, &len));
	SHOW(SYS(getsockopt, fd, SOL_SOCKET, SO_TYPE, buf, BAD));
	SHOW(SYS(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, BAD, 4));
	SHOW(SYS(getsockopt, BADFD, SOL_SOCKET, SO_TYPE, buf, &len));
	SHOW(SYS(setsockopt, BADFD, SOL_SOCKET, SO_KEEPALIVE, buf, 4));
	SHOW(SYS(getsockopt, 0, SOL_SOCKET, SO_TYPE, buf, &len));
	SHOW(SYS(setsockopt, fd, 9999, SO_KEEPALIVE, buf, 4));
}

static void inet_levels(int tcp, int udp)
{
	struct tcp_info info;
	struct ip_mreqn mreq = {.imr_multiaddr = {htonl(0xe0000005)}, .imr_address = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(info);

	TITLE("IP, TCP, UDP");
	OPTION(tcp, IPPROTO_IP, IP_TTL, 33);
	OPTION(tcp, IPPROTO_IP, IP_TTL, 300);
	OPTION(tcp, IPPROTO_IP, IP_TOS, 0x10);
	OPTION(udp, IPPROTO_IP, IP_PKTINFO, 1);
	OPTION(udp, IPPROTO_IP, IP_RECVTTL, 1);
	OPTION(udp, IPPROTO_IP, IP_MTU_DISCOVER, 2);
	OPTION(udp, IPPROTO_IP, IP_MULTICAST_TTL, 4);
	OPTION(udp, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	SHOW(SYS(setsockopt, udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)));
	SHOW(SYS(setsockopt, udp, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mreq, sizeof(mreq)));
	SHOW(SYS(setsockopt, udp, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mreq, sizeof(mreq)));
	OPTION(tcp, IPPROTO_TCP, TCP_NODELAY, 1);
	OPTION(tcp, IPPROTO_TCP, TCP_CORK, 1);
	OPTION(tcp, IPPROTO_TCP, TCP_MAXSEG, 1000);
	OPTION(tcp, IPPROTO_TCP, TCP_KEEPIDLE, 10);
	OPTION(tcp, IPPROTO_TCP, TCP_KEEPINTVL, 11);
	OPTION(tcp, IPPROTO_TCP, TCP_KEEPCNT, 3);
	OPTION(tcp, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000);
	OPTION(tcp, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
	OPTION(tcp, IPPROTO_TCP, TCP_QUICKACK, 1);
	OPTION(tcp, IPPROTO_TCP, 999, 1);
	memset(&info, 0, sizeof(info));
	SHOW(SYS(getsockopt, tcp, IPPROTO_TCP, TCP_INFO, &info, &len));
	SHOW_NUM(info.tcpi_state);
	OPTION(udp, IPPROTO_UDP, UDP_CORK, 1);
	OPTION(tcp, IPPROTO_UDP, UDP_CORK, 1);
}

static void interfaces(int fd)
{
	struct ifreq ifr;
	struct ifconf conf;
	char room[4096];
	bool found = false;

	TITLE("interface ioctls");
	memset(&ifr, 0, sizeof(ifr));
	strcpy(ifr.ifr_name, "lo");
	SHOW(SYS(ioctl, fd, SIOCGIFINDEX, &ifr));
	SHOW_NUM(ifr.ifr_ifindex);
	SHOW(SYS(ioctl, fd, SIOCGIFADDR, &ifr));
	SHOW_HEX(((struct sockaddr_in *)&ifr.ifr_addr)->sin_addr.s_addr);
	SHOW(SYS(ioctl, fd, SIOCGIFFLAGS, &ifr));
	SHOW_HEX(ifr.ifr_flags & (IFF_UP | IFF_LOOPBACK));
	SHOW(SYS(ioctl, fd, SIOCGIFMTU, &ifr));
	SHOW_NUM(ifr.ifr_mtu);
	ifr.ifr_ifindex = 1;
	SHOW(SYS(ioctl, fd, SIOCGIFNAME, &ifr));
	SHOW_STR(ifr.ifr_name);
	conf.ifc_len = sizeof(room);
	conf.ifc_buf = room;
	SHOW(SYS(ioctl, fd, SIOCGIFCONF, &conf));
	for (int i = 0; i < conf.ifc_len / (int)sizeof(ifr); i++)
		found |= !strcmp(conf.ifc_req[i].ifr_name, "lo");
	SHOW_TRUE(found);
	conf.ifc_buf = NULL;
	conf.ifc_len = 0;
	SHOW(SYS(ioctl, fd, SIOCGIFCONF, &conf));
	SHOW_TRUE(conf.ifc_len > 0);
	strcpy(ifr.ifr_name, "nosuch0");
	SHOW(SYS(ioctl, fd, SIOCGIFINDEX, &ifr));
	SHOW(SYS(ioctl, fd, SIOCGIFINDEX, BAD));
	SHOW(SYS(ioctl, fd, SIOCGIFCONF, BAD));
	SHOW_STR(if_indextoname(1, room));
	SHOW_NUM(if_nametoindex("lo"));
}

static void virtual_machine(void)
{
	int fd = open("/dev/vsock", O_RDONLY);
	unsigned int cid = 77;

	TITLE("vsock");
	SHOW(SYS(ioctl, fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid));
	SHOW_NUM(cid);
	SHOW(SYS(ioctl, fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, BAD));
	close(fd);
}

int main(void)
{
	int tcp = MUST(socket(AF_INET, SOCK_STREAM, 0)), udp = MUST(socket(AF_INET, SOCK_DGRAM, 0));
	int local = MUST(socket(AF_UNIX, SOCK_STREAM, 0));

	TITLE("TCP");
	socket_level(tcp);
	TITLE("Unix");
	socket_level(local);
	structures(udp);
	lengths(local);
	inet_levels(tcp, udp);
	interfaces(udp);
	virtual_machine();
	return 0;
}
