/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <stdio.h>

#include "options.h"

static const char text[] =
	"Measures operations on the memory of a memory node, and plain echoed frames to compare.\n"
	"Usage: shmx-bench <EAL options> -- --port SPEC --ip OWN --server NODE <options>\n"
	"\n"
	"  --port SPEC         eth:0, virtio_user:path=/run/x.sock, af_packet:iface=eth1, ...\n"
	"  --ip ADDR[/LEN]     own address, IPv4 or IPv6;  --gateway ADDR, --node N (last byte of "
	"--ip)\n"
	"  --server ADDR[:PORT]                memory node; with a port, IPv6 as [ADDR]:PORT\n"
	"  --vlan ID, --vlan-priority N        tag of all frames;   --mtu N, up to 9000 where it "
	"can be\n"
	"  --workload W        raw (echoed frames), get, put, faa, cas, alloc, mix,\n"
	"                      lock, lockn (in turn), signal, msg, barrier, bcast        [get]\n"
	"  --size BYTES        of an operation, or of a raw frame               [8; raw, msg 64]\n"
	"  --window N|full     operations outstanding; full: as many as fit                [1]\n"
	"  --burst N           operations started between two polls                       [32]\n"
	"  --pattern random|sequential, --span BYTES      which addresses        [random, 64M]\n"
	"  --live N            allocations alive in workload alloc                      [1024]\n"
	"  --locks N           that workload lock takes in turn, --shared with others   [4096]\n"
	"  --nodes N,N...      that workload barrier has, this one among them       [this one]\n"
	"  --receivers N       of workload bcast, a queue of the port each; --to all|set    [3, "
	"all]\n"
	"  --beside BYTES      large puts without end beside it; --beside-op get: large gets\n"
	"  --worker N          of the memory node's port that is to have the session [any]\n"
	"  --greedy            large transfers do not give way to small operations\n"
	"  --idle-sessions N   sessions beside it that do nothing; shmx-server: --max-sessions\n"
	"  --flood N           handshakes a second from spoofed addresses beside it\n"
	"  --seconds S         to measure, after --warmup S                [5, 0.5; pairs less]\n"
	"  --count N           operations, then stop, instead of --seconds\n"
	"  --pairs N           alternate with --baseline W (raw), print the ratios\n"
	"  --no-coalesce       one operation a frame\n"
	"  --crc on|off        CRC32C over every frame                       [as the port says]\n"
	"  --cc fixed|swift    congestion control of what we send                       [fixed]\n"
	"  --fault SPEC        faults on purpose: drop=1%,dup=1%,reorder=2%/8,delay=50us~20us,\n"
	"                      flip=0.1%,trunc=0.1%,blackhole=100ms,seed=7,dir=rx\n"
	"  --baseline-fault SPEC  the same for the baseline of pairs alone, or off\n"
	"  --drop PERCENT      short for drop=PERCENT both ways; --drop-seed N repeats a run\n"
	"  -i, --interactive   a prompt beside it, to change faults; needs a second lcore\n"
	"  --check             verify every result\n"
	"  --word NAME         workload faa: count in this one word, shared with other processes\n"
	"  --expect N          fail unless the word holds N at the end\n"
	"  --pool NAME         shared with others; made if absent [one of its own, bench.NODE]\n"
	"  --json, --quiet     one JSON object; no live line\n"
	"\n"
	"Examples (PORT stands for --port virtio_user:path=/run/x.sock --ip 10.0.0.2 --server "
	"10.0.0.1)\n"
	"  round trip       shmx-bench -l 1 --no-huge -m 512 --no-pci -- PORT\n"
	"  rate, vs raw     shmx-bench ... -- PORT --workload get --window full --pairs 5\n"
	"  bandwidth        shmx-bench ... -- PORT --workload put --size 1M --window full\n"
	"  exactly once     shmx-bench ... -- PORT --workload faa --window full --check --drop 1\n";

void
options_help(void)
{
	fputs(text, stdout);
}
