-- SPDX-License-Identifier: BSD-3-Clause
--
-- Wireshark dissector of the shmx protocol, version 1, as doc/protocol.md has it.
--
-- Copy it into the personal Lua plug-in folder (Help, About, Folders), or
--	tshark -X lua_script:doc/wireshark/shmx.lua -r frames.pcapng
-- It takes UDP port 51966, another one with Decode As, and any conversation that begins with a
-- HELLO. Preferences: whether to verify CRC32C.

local shmx = Proto("shmx", "shmx shared memory")
local record = Proto("shmx_record", "shmx record")

-- Lua 5.3 and later have operators instead of this library, which 5.2 could not even read.
local bit32 = bit32 or load([[return {
	band = function(a, b) return a & b end,
	bxor = function(a, b) return (a ~ b) & 0xffffffff end,
	lshift = function(a, n) return (a << n) & 0xffffffff end,
	rshift = function(a, n) return (a & 0xffffffff) >> n end,
}]])()

local HEADER, RECORD, CRC, SACK = 30, 8, 4, 32
local RESPONSE = 0x80

local types = {
	[1] = "HELLO", [2] = "CHALLENGE", [3] = "CONNECT", [4] = "ACCEPT", [5] = "REFUSE",
	[6] = "DATA", [7] = "ACK", [8] = "RESET", [9] = "CLOSE", [10] = "CLOSED",
}
local statuses = {
	[0] = "OK", [1] = "INVAL", [2] = "NOENT", [3] = "EXIST", [4] = "NOMEM", [5] = "PERM",
	[6] = "FAULT", [7] = "STALE", [8] = "BUSY", [9] = "NOTSUP", [10] = "MSGSIZE",
	[11] = "NOSPC", [12] = "IO", [13] = "QUOTA", [14] = "DEADLK", [15] = "TIMEDOUT",
	[16] = "CANCELED", [17] = "NOLCK", [18] = "NOBUFS",
}
local owners = {[0] = "everyone", [1] = "requester alone"}
local ops = {
	[1] = "GET", [2] = "PUT", [3] = "FILL", [4] = "FETCH_ADD", [5] = "FETCH_AND",
	[6] = "FETCH_OR", [7] = "FETCH_XOR", [8] = "SWAP", [9] = "CAS", [10] = "NOP",
	[16] = "ALLOC", [17] = "FREE", [18] = "RESIZE", [19] = "LOOKUP", [20] = "OWN",
	[21] = "OWNERS", [22] = "ALLOC_FOR",
	[24] = "POOL_CREATE", [25] = "POOL_DESTROY", [26] = "POOL_GROW", [27] = "POOL_SHRINK",
	[28] = "POOL_OPEN", [29] = "POOL_LIST", [30] = "POOL_STAT",
	[31] = "POOL_NODES",
	[32] = "LOCK", [33] = "UNLOCK", [34] = "LOCK_RESERVE", [35] = "LOCK_UNRESERVE",
	[36] = "LOCK_LOOKUP", [37] = "LOCK_LIST", [38] = "LOCK_FORCE", [39] = "PUT_FENCED",
	[40] = "SIGNAL", [41] = "SEND", [42] = "SEND_MEMORY", [43] = "INBOX_OPEN",
	[44] = "INBOX_CLOSE", [45] = "INBOX_CREDIT", [46] = "MESSAGE_DONE", [48] = "BARRIER",
	[49] = "LOCK_RETURN", [50] = "LOCK_CANCEL",
	[56] = "SIGNALLED", [57] = "MESSAGE", [58] = "MEMORY_MESSAGE",
	[60] = "NODE_LIST", [61] = "STAT",
}

-- ---- fields -----------------------------------------------------------------------------

local f = {}
local function field(key, make, name, ...)
	f[key] = make("shmx." .. key, name, ...)
end

field("version", ProtoField.uint8, "Version", base.DEC, nil, 0xf0)
field("type", ProtoField.uint8, "Type", base.DEC, types, 0x0f)
field("pressure", ProtoField.uint8, "Receiver pressure", base.DEC, nil, 0xf0)
field("flags", ProtoField.uint8, "Flags", base.HEX, nil, 0x0f)
field("flags.crc", ProtoField.bool, "CRC32C at the end", 8, nil, 0x01)
field("flags.sack", ProtoField.bool, "Selective acknowledgement", 8, nil, 0x02)
field("flags.retransmit", ProtoField.bool, "Sent before", 8, nil, 0x04)
field("flags.ordered", ProtoField.bool, "After all frames before", 8, nil, 0x08)
field("session", ProtoField.uint16, "Session at the receiver", base.DEC)
field("dst_inc", ProtoField.uint32, "Incarnation at the receiver", base.HEX)
field("src_inc", ProtoField.uint32, "Incarnation at the sender", base.HEX)
field("psn", ProtoField.uint32, "Frame number", base.DEC)
field("ack", ProtoField.uint32, "Acknowledged below", base.DEC)
field("ts", ProtoField.uint32, "Time stamp (64 ns)", base.DEC)
field("echo", ProtoField.uint32, "Echoed time stamp (64 ns)", base.DEC)
field("echo_delay", ProtoField.uint16, "Echo delay (64 ns)", base.DEC)
field("crc", ProtoField.uint32, "CRC32C", base.HEX)
field("crc.status", ProtoField.string, "CRC32C status")

field("version_min", ProtoField.uint8, "Lowest version", base.DEC)
field("version_max", ProtoField.uint8, "Highest version", base.DEC)
field("accept.version", ProtoField.uint8, "Version agreed", base.DEC)
field("worker", ProtoField.uint8, "Worker, from 1 on", base.DEC)
field("workers", ProtoField.uint8, "Workers of the port", base.DEC)
field("index", ProtoField.uint16, "Session at the sender", base.DEC)
field("node", ProtoField.uint16, "Node", base.DEC)
field("mtu", ProtoField.uint16, "MTU", base.DEC)
field("window", ProtoField.uint16, "Window", base.DEC)
field("features", ProtoField.uint32, "Features", base.HEX)
field("features.crc", ProtoField.bool, "CRC32C", 32, nil, 0x1)
field("epoch", ProtoField.uint64, "Epoch (ns)", base.DEC)
field("stamp", ProtoField.uint32, "Stamp", base.DEC)
field("cookie", ProtoField.uint64, "Cookie", base.HEX)
field("reason", ProtoField.uint8, "Reason", base.DEC, statuses)
field("reserved", ProtoField.bytes, "Reserved")
field("sack.bitmap", ProtoField.bytes, "Bitmap")
field("sack.arrived", ProtoField.uint32, "Arrived", base.DEC)
field("sack.count", ProtoField.uint16, "Frames in the bitmap", base.DEC)

field("op", ProtoField.uint8, "Operation", base.DEC, ops, 0x7f)
field("response", ProtoField.bool, "Response", 8, nil, RESPONSE)
field("status", ProtoField.uint8, "Status", base.DEC, statuses)
field("order", ProtoField.uint8, "Order", base.DEC, {[0] = "any", [1] = "ordered"})
field("id", ProtoField.uint16, "Id", base.DEC)
field("length", ProtoField.uint32, "Length", base.DEC)
field("addr", ProtoField.uint64, "Address", base.HEX)
field("addr.pool", ProtoField.uint16, "Pool of the address", base.DEC)
field("addr.offset", ProtoField.uint64, "Offset in the pool", base.HEX)
field("pattern", ProtoField.bytes, "Pattern")
field("operand", ProtoField.uint64, "Operand", base.HEX_DEC)
field("compare", ProtoField.uint64, "Compare", base.HEX_DEC)
field("swap", ProtoField.uint64, "New value", base.HEX_DEC)
field("value", ProtoField.uint64, "Value found", base.HEX_DEC)
field("size", ProtoField.uint64, "Size", base.DEC)
field("limit", ProtoField.uint64, "Limit", base.DEC)
field("used", ProtoField.uint64, "Used", base.DEC)
field("largest_free", ProtoField.uint64, "Longest free piece", base.DEC)
field("allocs", ProtoField.uint64, "Allocations", base.DEC)
field("granule", ProtoField.uint32, "Granule", base.DEC)
field("memory", ProtoField.uint64, "Memory", base.HEX)
field("grow_below", ProtoField.uint64, "Grow below, free bytes", base.DEC)
field("grow_by", ProtoField.uint64, "Grow by, bytes", base.DEC)
field("shrink_above", ProtoField.uint64, "Shrink above, free bytes", base.DEC)
field("quota", ProtoField.uint64, "Quota of a node, bytes", base.DEC)
field("held", ProtoField.uint64, "Held by a node, bytes", base.DEC)
field("pool.nodes", ProtoField.uint16, "Nodes that may use it, 0 for all", base.DEC)
field("extents", ProtoField.uint16, "Extents", base.DEC)
field("pool", ProtoField.uint16, "Pool", base.DEC)
field("align_log2", ProtoField.uint8, "Alignment (log2)", base.DEC)
field("owner", ProtoField.uint8, "Owner", base.DEC, owners)
field("on_death", ProtoField.uint8, "On death of its owners", base.DEC, {[0] = "keep", [1] = "free"})
field("how", ProtoField.uint8, "What becomes of the owners", base.DEC,
	{[0] = "replaced", [1] = "added", [2] = "dropped", [3] = "replaced, if they are those"})
field("from", ProtoField.uint8, "Owners so far", base.DEC)
field("nodes", ProtoField.uint16, "Owners, 65535 for everyone", base.DEC)
field("owner.node", ProtoField.uint16, "Node", base.DEC)
field("timeout", ProtoField.uint64, "Time-out (us), all ones for none", base.DEC)
field("lock", ProtoField.uint32, "Lock", base.DEC)
field("shared", ProtoField.uint8, "Shared", base.DEC, {[0] = "alone", [1] = "with others"})
field("token", ProtoField.uint64, "Fencing token", base.DEC)
field("died", ProtoField.uint16, "Node that died", base.DEC)
field("call", ProtoField.uint16, "Id of the call", base.DEC)
field("lock.shared", ProtoField.uint32, "Holders that share it", base.DEC)
field("lock.waiting", ProtoField.uint32, "Requests that wait", base.DEC)
field("lock.holder", ProtoField.uint16, "Node that has it alone", base.DEC)
field("lock.flags", ProtoField.uint8, "Flags", base.HEX)
field("lock.flags.alone", ProtoField.bool, "Held alone", 8, nil, 0x01)
field("lock.flags.died", ProtoField.bool, "A holder died", 8, nil, 0x02)
field("barrier", ProtoField.uint32, "Barrier", base.DEC)
field("count", ProtoField.uint64, "Count", base.DEC)
field("line", ProtoField.uint16, "Line", base.DEC)
field("to", ProtoField.uint8, "To", base.DEC, {[0] = "one node", [1] = "a set", [2] = "all"})
field("to.nodes", ProtoField.uint8, "Nodes named", base.DEC)
field("run", ProtoField.uint16, "Run", base.DEC)
field("reached", ProtoField.uint64, "Inboxes reached", base.DEC)
field("inbox.bytes", ProtoField.uint32, "Bytes that may wait", base.DEC)
field("inbox.window", ProtoField.uint32, "Bytes that may be sent", base.DEC)
field("inbox.memory", ProtoField.uint64, "Bytes of memory", base.DEC)
field("inbox.policy", ProtoField.uint8, "At the end of the session", base.DEC,
	{[0] = "closed", [1] = "kept"})
field("consumed", ProtoField.uint64, "Bytes consumed", base.DEC)
field("message", ProtoField.uint64, "Message in memory", base.DEC)
field("forced", ProtoField.uint64, "Holders that had it", base.DEC)
field("force", ProtoField.uint64, "Force", base.DEC)
field("bytes", ProtoField.uint64, "Bytes", base.DEC)
field("first", ProtoField.uint16, "First id", base.DEC)
field("max", ProtoField.uint16, "Most", base.DEC)
field("name", ProtoField.string, "Name")
field("name_len", ProtoField.uint8, "Length of the name", base.DEC)
field("ip", ProtoField.ipv6, "Address")
field("udp_port", ProtoField.uint16, "UDP port", base.DEC)
field("sessions", ProtoField.uint32, "Sessions", base.DEC)
field("workers.mask", ProtoField.uint32, "Workers that have them", base.HEX)
field("op_errors", ProtoField.uint64, "Failed", base.DEC)
field("bytes_read", ProtoField.uint64, "Bytes read", base.DEC)
field("bytes_written", ProtoField.uint64, "Bytes written", base.DEC)
field("handed_over", ProtoField.uint64, "Handed over", base.DEC)
field("busy", ProtoField.uint64, "Refused as busy", base.DEC)
field("malformed_count", ProtoField.uint64, "Malformed", base.DEC)
field("node_count", ProtoField.uint32, "Nodes", base.DEC)
field("worker_count", ProtoField.uint16, "Workers", base.DEC)
field("data", ProtoField.bytes, "Data")
field("padding", ProtoField.bytes, "Padding")

local list = {}
for _, one in pairs(f) do
	list[#list + 1] = one
end
shmx.fields = list

local malformed = ProtoExpert.new("shmx.malformed", "Malformed",
	expert.group.MALFORMED, expert.severity.ERROR)
local bad_crc = ProtoExpert.new("shmx.crc.bad", "CRC32C is wrong",
	expert.group.CHECKSUM, expert.severity.ERROR)
local again = ProtoExpert.new("shmx.retransmission", "Sent before under the same number",
	expert.group.SEQUENCE, expert.severity.NOTE)
local refused = ProtoExpert.new("shmx.failed", "Operation failed",
	expert.group.RESPONSE_CODE, expert.severity.NOTE)
shmx.experts = {malformed, bad_crc, again, refused}
shmx.prefs.verify = Pref.bool("Verify CRC32C", true, "Compute the CRC of every frame that has one")

-- ---- CRC32C (RFC 3720), reflected, without a library ----------------------------------------

local crc_table = {}
for i = 0, 255 do
	local c = i
	for _ = 1, 8 do
		c = bit32.band(c, 1) == 1 and bit32.bxor(bit32.rshift(c, 1), 0x82f63b78) or bit32.rshift(c, 1)
	end
	crc_table[i] = c
end

local function crc32c(bytes)
	local c = 0xffffffff
	for i = 0, bytes:len() - 1 do
		c = bit32.bxor(crc_table[bit32.band(bit32.bxor(c, bytes:get_index(i)), 0xff)], bit32.rshift(c, 8))
	end
	return bit32.bxor(c, 0xffffffff)
end

-- ---- reading fields in order ----------------------------------------------------------------

-- A cursor adds fields one behind the other; it never reads beyond its end.
local function cursor(buf, tree, from, to)
	local c = {at = from}

	function c.left()
		return to - c.at
	end
	function c.take(len, key, subtree)
		if len > c.left() then
			error({short = true})
		end
		local range = buf(c.at, len)
		c.at = c.at + len
		if key then
			local item = (subtree or tree):add(f[key], range)
			return range, item
		end
		return range
	end
	function c.addr()
		local range, item = c.take(8, "addr")
		item:add(f["addr.pool"], range(0, 2))
		item:add(f["addr.offset"], range(2, 6))
	end
	function c.reserved(len)
		c.take(len, "reserved")
	end
	-- Data of len bytes, and the zeros up to the next eight.
	function c.tail(len, key)
		if len > 0 then
			c.take(len, key)
		end
		local pad = (8 - len % 8) % 8
		if pad > 0 then
			c.take(pad, "padding")
		end
	end
	return c
end

-- ---- messages -------------------------------------------------------------------------------

local function features(c)
	local range, item = c.take(4, "features")
	item:add(f["features.crc"], range)
end

local function hello(c)
	c.take(1, "version_min")
	c.take(1, "version_max")
	c.take(2, "index")
	c.take(2, "node")
	c.take(2, "mtu")
	c.take(2, "window")
	c.reserved(2)
	features(c)
	c.take(8, "epoch")
	c.take(4, "stamp")
	c.take(8, "cookie")
end

local bodies = {
	[1] = hello,
	[2] = function(c)
		c.take(4, "stamp")
		c.take(8, "cookie")
		c.take(2, "mtu")
		if c.left() >= 2 then
			c.take(1, "worker")
			c.take(1, "workers")
		end
	end,
	[3] = hello,
	[4] = function(c)
		c.take(1, "accept.version")
		c.take(1, "worker")
		c.take(2, "index")
		c.take(2, "node")
		c.take(2, "mtu")
		c.take(2, "window")
		features(c)
		c.take(8, "epoch")
	end,
	[5] = function(c)
		c.take(1, "reason")
		c.reserved(1)
		c.take(1, "version_min")
		c.take(1, "version_max")
	end,
}

-- Bit i, least significant of the first 64-bit word first, is frame ack + i.
local function sack(c, tree, ack)
	local range, item = c.take(SACK, "sack.bitmap")
	local count = 0

	for i = 0, SACK * 8 - 1 do
		local byte = range(math.floor(i / 64) * 8 + 7 - math.floor(i % 64 / 8), 1)
		if bit32.band(byte:uint(), bit32.lshift(1, i % 8)) ~= 0 then
			item:add(f["sack.arrived"], byte, (ack + i) % 0x100000000)
			count = count + 1
		end
	end
	tree:add(f["sack.count"], range, count):set_generated()
end

-- ---- records --------------------------------------------------------------------------------

local function addr_only(c)
	c.addr()
end

local function addr_operand(c)
	c.addr()
	c.take(8, "operand")
end

local function pool_bytes(key)
	return function(c)
		c.take(8, key)
		c.take(2, "pool")
		c.reserved(6)
	end
end

local function name(c, len)
	c.tail(len, "name")
end

local function node_ids(c, len)
	for _ = 1, math.floor(len / 2) do
		c.take(2, "owner.node")
	end
	if len % 8 > 0 then
		c.take(8 - len % 8, "padding")
	end
end

local function grants(c, len)
	for _ = 1, math.floor(len / 16) do
		c.take(8, "token")
		c.take(4, "lock")
		c.take(2, "died")
		c.reserved(2)
	end
end

local function lock_id(c)
	c.take(4, "lock")
	c.reserved(4)
end

-- Returns how many bytes of node ids there are.
local function send_head(c)
	c.take(2, "run")
	c.take(2, "node")
	c.take(1, "to")
	local nodes = c.take(1, "to.nodes"):uint()
	c.reserved(2)
	return nodes * 2
end

local requests = {
	[10] = function() end,
	[1] = addr_only,
	[2] = function(c, len)
		c.addr()
		c.tail(len, "data")
	end,
	[3] = function(c)
		c.addr()
		c.take(8, "pattern")
	end,
	[4] = addr_operand, [5] = addr_operand, [6] = addr_operand, [7] = addr_operand,
	[8] = function(c)
		c.addr()
		c.take(8, "swap")
	end,
	[9] = function(c)
		c.addr()
		c.take(8, "compare")
		c.take(8, "swap")
	end,
	[16] = function(c, len)
		c.take(8, "size")
		c.take(2, "pool")
		c.take(1, "align_log2")
		c.take(1, "owner")
		c.take(1, "on_death")
		c.reserved(3)
		name(c, len)
	end,
	[17] = addr_only,
	[18] = function(c)
		c.addr()
		c.take(8, "size")
	end,
	[19] = function(c, len)
		c.take(2, "pool")
		c.reserved(6)
		name(c, len)
	end,
	[20] = function(c, len)
		c.addr()
		c.take(8, "size")
		c.take(1, "owner")
		c.take(1, "how")
		c.take(1, "from")
		c.reserved(5)
		node_ids(c, len)
	end,
	[21] = function(c)
		c.addr()
		c.take(8, "size")
	end,
	[22] = function(c, len)
		c.take(8, "size")
		c.take(2, "pool")
		c.take(1, "align_log2")
		local name_len = c.take(1, "name_len"):uint()
		c.take(1, "on_death")
		c.reserved(3)
		name(c, name_len)
		node_ids(c, len - name_len - (8 - name_len % 8) % 8)
	end,
	[24] = function(c, len)
		c.take(8, "size")
		c.take(8, "limit")
		c.take(4, "granule")
		local name_len = c.take(1, "name_len"):uint()
		c.reserved(3)
		c.take(8, "grow_below")
		c.take(8, "grow_by")
		c.take(8, "shrink_above")
		c.take(8, "quota")
		name(c, name_len)
		if len > name_len then
			node_ids(c, len - name_len - (8 - name_len % 8) % 8)
		end
	end,
	[25] = pool_bytes("force"), [26] = pool_bytes("bytes"), [27] = pool_bytes("bytes"),
	[28] = name,
	[29] = function(c)
		c.take(2, "first")
		c.take(2, "max")
		c.reserved(4)
	end,
	[30] = pool_bytes("bytes"),
	[31] = function(c)
		c.take(2, "first")
		c.take(2, "max")
		c.take(2, "pool")
		c.reserved(2)
	end,

	[32] = function(c, len)
		c.take(8, "timeout")
		for _ = 1, math.floor(len / 8) do
			c.take(4, "lock")
			c.take(1, "shared")
			c.reserved(3)
		end
	end,
	[33] = function(c, len)
		for _ = 1, math.floor(len / 4) do
			c.take(4, "lock")
		end
		if len % 8 > 0 then
			c.take(8 - len % 8, "padding")
		end
	end,
	[34] = function(c, len)
		lock_id(c)
		name(c, len)
	end,
	[35] = lock_id,
	[36] = name,
	[37] = function(c)
		c.take(4, "lock")
		c.take(2, "max")
		c.reserved(2)
	end,
	[38] = lock_id,
	[39] = function(c, len)
		c.addr()
		c.take(8, "token")
		lock_id(c)
		c.tail(len, "data")
	end,

	[40] = function(c, len)
		c.take(4, "count")
		c.take(2, "node")
		c.take(1, "to")
		c.take(1, "line")
		node_ids(c, len)
	end,
	[41] = function(c, len)
		local ids = send_head(c)
		node_ids(c, ids)
		c.tail(len - ids - (8 - ids % 8) % 8, "data")
	end,
	[42] = function(c, len)
		send_head(c)
		c.addr()
		c.take(8, "size")
		node_ids(c, len)
	end,
	[43] = function(c)
		c.take(4, "inbox.bytes")
		c.take(4, "inbox.window")
		c.take(8, "inbox.memory")
		c.take(1, "inbox.policy")
		c.reserved(7)
	end,
	[44] = function() end,
	[45] = function(c)
		c.take(8, "consumed")
	end,
	[46] = function(c)
		c.take(8, "message")
	end,
	[48] = function(c, len)
		c.take(8, "timeout")
		c.take(4, "barrier")
		c.reserved(4)
		node_ids(c, len)
	end,
	[49] = grants,
	[50] = function(c)
		c.take(4, "lock")
		c.take(2, "call")
		c.reserved(2)
	end,

	-- Events.
	[56] = function(c)
		c.take(8, "count")
	end,
	[57] = function(c, len)
		c.take(2, "node")
		c.reserved(6)
		c.tail(len, "data")
	end,
	[58] = function(c)
		c.take(2, "node")
		c.reserved(6)
		c.addr()
		c.take(8, "size")
		c.take(8, "message")
	end,
	[60] = function(c)
		c.take(2, "first")
		c.take(2, "max")
		c.reserved(4)
	end,
	[61] = function() end,
}

local function value(c)
	c.take(8, "value")
end

local function pool_id(c)
	c.take(6)
	c.take(2, "pool")
end

-- A name in a field of 63 bytes, its length in front, and so many bytes behind.
local function whole_name(c, behind)
	local used = math.min(c.take(1, "name_len"):uint(), 63)
	if used > 0 then
		c.take(used, "name")
	end
	if used < 63 + behind then
		c.take(63 - used + behind, "padding")
	end
end

local function pools(c, len)
	for _ = 1, math.floor(len / 160) do
		c.take(8, "size")
		c.take(8, "limit")
		c.take(8, "used")
		c.take(8, "largest_free")
		c.take(8, "allocs")
		c.take(4, "granule")
		c.take(2, "extents")
		c.take(2, "pool")
		whole_name(c, 0)
		c.take(8, "quota")
		c.take(8, "held")
		c.take(8, "grow_below")
		c.take(8, "grow_by")
		c.take(8, "shrink_above")
		c.take(2, "pool.nodes")
		c.take(6, "memory")
	end
end

local function pool_nodes(c, len)
	for _ = 1, math.floor(len / 16) do
		c.take(8, "held")
		c.take(2, "node")
		c.reserved(6)
	end
end

local function lock_number(c)
	c.take(4)
	c.take(4, "lock")
end

local function locks(c, len)
	for _ = 1, math.floor(len / 96) do
		c.take(8, "token")
		c.take(4, "lock")
		c.take(4, "lock.shared")
		c.take(4, "lock.waiting")
		c.take(2, "lock.holder")
		c.take(2, "died")
		local range, item = c.take(1, "lock.flags")
		item:add(f["lock.flags.alone"], range)
		item:add(f["lock.flags.died"], range)
		whole_name(c, 7)
	end
end

local function reached(c)
	c.take(8, "reached")
end

local function size_only(c)
	c.take(8, "size")
end

local function nodes(c, len)
	for _ = 1, math.floor(len / 32) do
		c.take(16, "ip")
		c.take(4, "workers.mask")
		c.take(4, "sessions")
		c.take(2, "node")
		c.take(2, "udp_port")
		c.reserved(4)
	end
end

local function counters(c, len)
	c.take(8, "op_errors")
	c.take(8, "bytes_read")
	c.take(8, "bytes_written")
	c.take(8, "handed_over")
	c.take(8, "busy")
	c.take(8, "malformed_count")
	c.take(4, "node_count")
	c.take(4, "sessions")
	c.take(2, "worker_count")
	c.reserved(6)
	for op = 0, math.floor((len - 64) / 8) - 1 do
		local _, item = c.take(8, "count")
		item:append_text(" (" .. (ops[op] or "operation " .. op) .. ")")
	end
end

-- What an OK response carries, where it is more than bytes.
local responses = {
	[4] = value, [5] = value, [6] = value, [7] = value, [8] = value, [9] = value,
	[16] = addr_only,
	[19] = function(c)
		c.addr()
		c.take(8, "size")
	end,
	[21] = function(c, len)
		c.take(8, "size")
		c.take(2, "nodes")
		c.reserved(6)
		for _ = 1, math.floor((len - 16) / 2) do
			c.take(2, "owner.node")
		end
	end,
	[22] = addr_only,
	[24] = pool_id, [26] = size_only, [27] = size_only, [28] = pool_id,
	[29] = pools, [30] = pools, [31] = pool_nodes,
	[32] = grants, [34] = lock_number, [36] = lock_number, [37] = locks,
	[38] = function(c)
		c.take(8, "forced")
	end,
	[40] = reached, [41] = reached, [42] = reached,
	[60] = nodes, [61] = counters,
}

-- Returns where the next record starts.
local function one_record(buf, tree, at, to, names)
	local op, length = buf(at, 1):uint(), buf(at + 4, 4):uint()
	local is_response, status = op >= RESPONSE, buf(at + 1, 1):uint()
	local what = ops[op % RESPONSE]
	local sub = tree:add(record, buf(at, RECORD))
	local c = cursor(buf, sub, at, to)
	local title = (what or "unknown") .. (is_response and " response" or "")

	sub:add(f.response, buf(at, 1))
	c.take(1, "op")
	c.take(1, is_response and "status" or "order")
	c.take(2, "id")
	c.take(4, "length")
	if not what then
		error({unknown = true})
	end
	if is_response then
		local body = status == 0 and responses[op % RESPONSE]
		local stop = at + RECORD + length
		if body and length > 0 then
			body(c, length)
		end
		if stop > c.at then
			c.take(stop - c.at, "data")
		end
		local pad = (8 - length % 8) % 8
		if pad > 0 then
			c.take(pad, "padding")
		end
		if status ~= 0 then
			title = title .. " " .. (statuses[status] or status)
			sub:add_proto_expert_info(refused)
		end
	else
		requests[op](c, length)
	end
	sub:set_text("Record: " .. title .. ", id " .. buf(at + 2, 2):uint() .. ", length " .. length)
	sub:set_len(c.at - at)
	names[#names + 1] = title
	return c.at
end

local function records(buf, tree, from, to, names)
	local at = from

	while to - at >= RECORD do
		at = one_record(buf, tree, at, to, names)
	end
	if at < to then
		error({short = true})
	end
end

-- "GET, 2 PUT": operations next to each other that are equal are counted.
local function summary(names)
	local parts, i = {}, 1

	while i <= #names do
		local j = i
		while names[j + 1] == names[i] do
			j = j + 1
		end
		parts[#parts + 1] = (j > i and (j - i + 1) .. " " or "") .. names[i]
		i = j + 1
	end
	return table.concat(parts, ", ", 1, math.min(#parts, 6)) .. (#parts > 6 and ", ..." or "")
end

-- ---- frames ---------------------------------------------------------------------------------

local function header(buf, tree)
	local c = cursor(buf, tree, 0, HEADER)

	tree:add(f.version, buf(0, 1))
	c.take(1, "type")
	tree:add(f.pressure, buf(1, 1))
	local flags, item = c.take(1, "flags")
	item:add(f["flags.crc"], flags)
	item:add(f["flags.sack"], flags)
	item:add(f["flags.retransmit"], flags)
	item:add(f["flags.ordered"], flags)
	c.take(2, "session")
	c.take(4, "dst_inc")
	c.take(4, "src_inc")
	c.take(4, "psn")
	c.take(4, "ack")
	c.take(4, "ts")
	c.take(4, "echo")
	c.take(2, "echo_delay")
end

local function crc_check(buf, tree, to)
	local range = buf(to, CRC)
	local item = tree:add(f.crc, range)

	if not shmx.prefs.verify then
		item:add(f["crc.status"], range, "not verified"):set_generated()
	elseif crc32c(buf(0, to):bytes()) == range:uint() then
		item:add(f["crc.status"], range, "good"):set_generated()
	else
		item:add(f["crc.status"], range, "bad"):set_generated()
		item:add_proto_expert_info(bad_crc)
	end
end

local function body(buf, tree, kind, flags, to, names)
	local c = cursor(buf, tree, HEADER, to)

	if kind == 6 then
		records(buf, tree, HEADER, to, names)
	elseif kind == 7 and bit32.band(flags, 2) ~= 0 then
		sack(c, tree, buf(16, 4):uint())
	elseif bodies[kind] then
		bodies[kind](c)
	end
end

local over_ipv6 = Field.new("ipv6.version")

-- The datagram from the frame on: over IPv6 four reserved bytes stand in front of it.
local function frame_of(buf)
	return over_ipv6() and buf:len() > 4 and buf(4):tvb() or buf
end

function shmx.dissector(buf, pinfo, root)
	buf = frame_of(buf)
	local len = buf:reported_length_remaining()

	if buf:len() < HEADER or bit32.rshift(buf(0, 1):uint(), 4) ~= 1 then
		return 0
	end
	local kind, flags = bit32.band(buf(0, 1):uint(), 0xf), buf(1, 1):uint()
	local tree = root:add(shmx, buf(0, buf:len()))
	local names, to = {}, buf:len()

	pinfo.cols.protocol = "shmx"
	header(buf, tree)
	if buf:len() < len then -- the capture cut the frame
		to = buf:len()
	elseif bit32.band(flags, 1) ~= 0 and to >= HEADER + CRC then
		to = to - CRC
		crc_check(buf, tree, to)
	end
	if bit32.band(flags, 4) ~= 0 then
		tree:add_proto_expert_info(again)
	end
	local ok, why = pcall(body, buf, tree, kind, flags, to, names)
	if not ok then
		if type(why) ~= "table" then
			error(why)
		end
		tree:add_proto_expert_info(malformed, why.unknown and "unknown operation: the rest cannot be told"
			or "ends too early")
	end
	local info = types[kind] or ("type " .. kind)
	if kind == 6 then
		info = info .. " " .. buf(12, 4):uint() .. " [" .. summary(names) .. "]"
	end
	pinfo.cols.info = info .. " ack " .. buf(16, 4):uint()
	tree:append_text(", " .. info)
	return buf:len()
end

-- Memory nodes on another port: a HELLO or CONNECT has a version, a type and a length of its own,
-- and no session yet.
local function heuristic(datagram, pinfo, root)
	local buf = frame_of(datagram)

	if buf:len() < HEADER + 36 or buf:len() > HEADER + 40 or buf(0, 1):uint() ~= 0x11 or
		buf(2, 2):uint() ~= 0xffff or buf(HEADER, 1):uint() ~= 1 then
		return false
	end
	shmx.dissector(datagram, pinfo, root)
	pinfo.conversation = shmx
	return true
end

shmx:register_heuristic("udp", heuristic)
DissectorTable.get("udp.port"):add(51966, shmx)
