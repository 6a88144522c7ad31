#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""dissector_frames.py FILE

Write a capture with one of everything in doc/protocol.md, also what a short conversation does not
show: every operation both ways, a SACK bitmap, a wrong CRC32C, a cut record."""

import struct
import sys

NODE, CLIENT = ((10, 0, 0, 1), 51966), ((10, 0, 0, 2), 50000)
NODE6, CLIENT6 = (((0xfd,) + 14 * (0,) + (n,), port) for n, port in ((1, 51966), (2, 50000)))


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip6_udp(source, target, payload):
    """Over IPv6 four reserved bytes stand in front of a frame."""
    udp = struct.pack("!HHHH", source[1], target[1], 12 + len(payload), 0) + bytes(4) + payload
    addresses = bytes(source[0]) + bytes(target[0])
    pseudo = addresses + struct.pack("!II", len(udp), 17)
    udp = udp[:6] + struct.pack("!H", checksum(pad_to(udp, 2) + pseudo) or 0xffff) + udp[8:]
    head = struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + addresses
    return bytes(range(12)) + b"\x86\xdd" + head + udp


def ip_udp(source, target, payload):
    if len(source[0]) == 16:
        return ip6_udp(source, target, payload)
    udp = struct.pack("!HHHH", source[1], target[1], 8 + len(payload), 0) + payload
    addresses = bytes(source[0]) + bytes(target[0])
    head = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17)
    head += struct.pack("!H", checksum(head + b"\0\0" + addresses)) + addresses
    return bytes(range(12)) + b"\x08\x00" + head + udp


def frame(kind, body=b"", flags=0, pressure=0, crc=True, psn=7, ack=100):
    flags |= 1 if crc else 0
    out = struct.pack("!BBHIIIIIIH", 0x10 | kind, pressure << 4 | flags, 3, 0x11, 0x22, psn, ack,
                      1000, 2000, 30) + body
    return out + struct.pack("!I", crc32c(out)) if crc else out


def pad_to(data, size):
    return data + bytes(-len(data) % size)


def pad(data):
    return pad_to(data, 8)


def request(op, fixed, length=0, tail=b"", ident=5, order=0):
    return struct.pack("!BBHI", op, order, ident, length or len(tail)) + fixed + pad(tail)


def response(op, data=b"", status=0, ident=5):
    return struct.pack("!BBHI", op | 0x80, status, ident, len(data)) + pad(data)


ADDR = struct.pack("!Q", 2 << 48 | 0x1000)


def requests():
    q = struct.Struct("!Q").pack
    two = struct.Struct("!QQ").pack
    out = [request(1, ADDR, 64), request(2, ADDR, tail=b"hello"), request(3, ADDR + q(0xab), 4096)]
    out += [request(op, ADDR + q(1), 8) for op in (4, 5, 6, 7, 8)]
    out += [request(9, ADDR + two(1, 2), 8), request(10, b""),
            request(16, struct.pack("!QHBB4x", 4096, 2, 12, 1), tail=b"board"),
            request(17, ADDR), request(18, ADDR + q(8192)),
            request(19, struct.pack("!H6x", 2), tail=b"board"),
            request(20, ADDR + struct.pack("!QBBB5x", 64, 0, 3, 1),
                    tail=struct.pack("!HHH", 5, 6, 7)),
            request(21, ADDR + q(64), 8),
            request(22, struct.pack("!QHBB4x", 4096, 2, 6, 5),
                    tail=pad(b"board") + struct.pack("!H", 9)),
            request(24, struct.pack("!QQIB3xQQQQ", 1 << 21, 1 << 22, 64, 4, 4096, 8192, 16384, 777),
                    tail=pad(b"main") + struct.pack("!H", 37))]
    out += [request(op, struct.pack("!QH6x", 1, 2)) for op in (25, 26, 27)]
    return out + [request(28, b"", tail=b"main"), request(29, struct.pack("!HH4x", 1, 8)),
                  request(30, struct.pack("!QH6x", 0, 2)),
                  request(31, struct.pack("!HHH2x", 1, 8, 2))] + lock_requests() + inbox_requests() + \
        [request(60, struct.pack("!HH4x", 1, 8)), request(61, b"")]


def lock_requests():
    lock = struct.pack("!I4x", 17)
    return [request(32, struct.pack("!Q", 1000), tail=struct.pack("!IB3xIB3x", 17, 0, 18, 1)),
            request(33, b"", tail=struct.pack("!III", 17, 18, 19)),
            request(34, lock, tail=b"ledger"), request(35, lock), request(36, b"", tail=b"ledger"),
            request(37, struct.pack("!IH2x", 1, 8)), request(38, lock),
            request(39, ADDR + struct.pack("!Q", 77) + lock, tail=b"hello")]


def inbox_requests():
    return [request(40, struct.pack("!IHBB", 3, 0, 1, 63), tail=struct.pack("!HHH", 5, 6, 7)),
            request(41, struct.pack("!HHBB2x", 4, 0, 1, 3),
                    tail=pad(struct.pack("!HHH", 5, 6, 7)) + b"hello"),
            request(42, struct.pack("!HHBB2x", 4, 9, 0, 0) + ADDR + struct.pack("!Q", 64)),
            request(43, struct.pack("!IIQB7x", 65536, 4096, 1 << 20, 1)), request(44, b""),
            request(45, struct.pack("!Q", 1040)), request(46, struct.pack("!Q", 12)),
            request(48, struct.pack("!QI4x", 1000, 3), tail=struct.pack("!HH", 5, 6)),
            request(49, b"", tail=struct.pack("!QIH2x", 78, 20, 6) * 2),
            request(50, struct.pack("!IH2x", 20, 4711))]


def events():
    return [request(56, struct.pack("!Q", 3), ident=63),
            request(57, struct.pack("!H6x", 5), tail=b"hello"),
            request(58, struct.pack("!H6x", 5) + ADDR + struct.pack("!QQ", 64, 12))]


def responses():
    info = struct.pack("!QQQQQIHHB63sQQQQQH6x", 1 << 21, 1 << 22, 64, 1 << 20, 1, 64, 1, 2, 4, b"main",
                       777, 555, 4096, 8192, 16384, 3)
    eight = struct.pack("!Q", 9)
    out = [response(1, bytes(64)), response(2), response(3), response(10)]
    out += [response(op, eight) for op in (4, 5, 6, 7, 8, 9)]
    out += [response(16, ADDR), response(17, status=2), response(18), response(19, ADDR + eight),
            response(20), response(21, struct.pack("!QH6xHH", 64, 2, 5, 6)),
            response(22, ADDR), response(24, eight), response(25), response(26, eight),
            response(27, status=8), response(28, eight), response(29, info + info)]
    lock = struct.pack("!QIIIHHBB63s7x", 77, 17, 0, 2, 5, 6, 3, 6, b"ledger")
    out += [response(30, info), response(31, struct.pack("!QH6x", 64, 5) * 2),
            response(32, struct.pack("!QIH2x", 77, 17, 6) * 2), response(33),
            response(34, eight), response(35, status=8), response(36, eight),
            response(37, lock + lock), response(38, eight), response(39, status=17)]
    out += [response(op, eight) for op in (40, 41, 42)]
    out += [response(op) for op in (43, 44, 45, 46)]
    node = struct.pack("!16sIIHH4x", bytes(10) + b"\xff\xff\x0a\0\0\x02", 3, 2, 5, 4660)
    stat = struct.pack("!6QIIH6x64Q", 1, 2, 3, 4, 5, 6, 7, 8, 2, *range(64))
    out += [response(60, node + node), response(61, stat)]
    return out + [response(48, struct.pack("!H", 6), status=15), response(49), response(50)] + events() + events()


def frames():
    hello = struct.pack("!BBHHHHHIQIQ", 1, 1, 3, 2, 1500, 128, 0, 1, 12345, 6, 7)
    words = [1 << 1 | 1 << 63, 0, 0, 1 << 63]  # ack + 1, + 63 and + 255
    up, down = (CLIENT, NODE), (NODE, CLIENT)
    yield up, frame(1, hello, crc=False)
    yield down, frame(2, struct.pack("!IQHBB", 6, 7, 1500, 2, 4))
    yield up, frame(3, hello)
    yield down, frame(4, struct.pack("!BBHHHHIQ", 1, 2, 4, 1, 1500, 128, 1, 999))
    yield down, frame(5, bytes((11, 0, 1, 1)))
    yield up, frame(6, b"".join(requests()))
    yield down, frame(6, b"".join(responses()), pressure=3)
    yield up, frame(6, request(1, ADDR, 64, order=1), flags=12)
    yield down, frame(7, struct.pack("!4Q", *words), flags=2)
    yield down, frame(7)
    for kind in (8, 9, 10):
        yield up, frame(kind)
    yield (CLIENT6, NODE6), frame(1, hello, crc=False)
    yield (NODE6, CLIENT6), frame(6, responses()[0], psn=4711)
    broken = bytearray(frame(6, requests()[0]))
    broken[40] ^= 1
    yield up, bytes(broken)
    yield up, frame(6, requests()[1][:16])
    yield up, frame(6, request(23, ADDR))


def main():
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("!IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, ((source, target), payload) in enumerate(frames()):
            packet = ip_udp(source, target, payload)
            out.write(struct.pack("!IIII", 1, number, len(packet), len(packet)) + packet)


main()
