-- Appends the batches of one or more partitions. All reads and checks come before the first write.
--
-- KEYS  meta, heads of this generation, of the one before, duplicates of this window, of the one before, visitors' places of this
--       generation, of the one before; then a stream for each partition
-- ARGV  deadline (ms, this server's clock), feed command ('' for none), feed channel, node id, most bytes that may wait in a partition,
--       window, generation, the appending node's own channel ('' publishes always);
--       then for each partition: number 2, known epoch 8, known n 8, epoch that the headers were made for 8, tag 8, count 4;
--       and for each of its events: header, event
-- header = flags 1, key 32, message id 16, expected version 8, next version 8, print 8, time 8, tag 8 [, state 57 [, claim 35]] [, head 89]
-- flags  : 1 joined, 2 internal, 4 has a next state, 8 may be taken not to exist, 16 look it up if it is no known duplicate, 32 a head follows,
--          64 a claim follows: the state opens a conversation, which needs the one place of its visitor (a single server's only)
-- claim  = the visitor's partition 2, its epoch as the caller knows it 8, 1 if nobody can hold the place without being here 1, value that
--          may be replaced 24; a place's value is conversation 16, taken at 8 (ms)
-- head   = version 8, state 57, epoch 8, last 8, last public 8
--
-- place of a partition in meta = epoch 8, n 8, tag 8, bytes so far 8, of them trimmed 8
--
-- Returns the time (ms), 'w' if another window or generation holds, or for each partition: status 1, epoch 8, n 8, previous
-- tag 8, a code for each event, and in the same order what belongs to the codes:
-- A (accepted) record 89 | D (duplicate) place 48 | d (goes with a duplicate) | c (id used for another message) | x (stale)
-- | n (no such conversation) | s (head needed) | l (look-up needed) | o (the visitor's place is another's) value 24
-- | m (nobody is known to have the place) | e (another epoch of the visitor's partition)
-- status: k done, n nothing there, b behind what the caller knows, w other epoch, f full
local call, pack, unp, sub, concat, band = redis.call, struct.pack, struct.unpack, string.sub, table.concat, bit.band
local function int(x) return string.format('%d', x) end -- exact: a 64-bit integer in C

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if now > tonumber(ARGV[1]) then return {'late', int(now)} end
local limit = tonumber(ARGV[5])

-- What the call needs of all partitions: three reads.
local plans, fields = {}, {'w', 'g'}
local flags, key, mid, expect, nextv = {}, {}, {}, {}, {} -- by the place of the header in ARGV
local mids, keys, head, places = {}, {}, {}, {}
local visitor, visitors, open, homes, claimed = {}, {}, {}, {}, {}
local a = 9
for k = 8, #KEYS do
	local o = {stream = KEYS[k], a = a - 1}
	o.number, o.knownEpoch, o.knownN, o.begun, o.tag, o.count = unp('>I2I8I8I8c8I4', ARGV[a])
	fields[#fields + 1] = 'p' .. o.number
	for i = a + 1, a + 2 * o.count, 2 do
		local hk
		flags[i], hk, mid[i], expect[i], nextv[i] = unp('>Bc32c16I8I8', ARGV[i])
		key[i] = hk
		mids[#mids + 1] = mid[i]
		if head[hk] == nil then
			head[hk] = false
			keys[#keys + 1] = hk
		end
		if flags[i] >= 64 then
			local v, home = sub(hk, 1, 16) .. sub(ARGV[i], 91, 106), unp('>I2', ARGV[i], 147)
			visitor[i] = v
			if open[v] == nil then
				open[v] = false
				visitors[#visitors + 1] = v
			end
			if homes[home] == nil then
				homes[home] = false
				claimed[#claimed + 1] = home
			end
		end
	end
	a = a + 1 + 2 * o.count
	plans[#plans + 1] = o
end
for i = 1, #claimed do fields[#fields + 1] = 'p' .. claimed[i] end
local meta = call('HMGET', KEYS[1], unpack(fields))
if meta[1] and (meta[1] ~= ARGV[6] or meta[2] ~= ARGV[7]) then return {int(now), 'w'} end
do
	local found = call('HMGET', KEYS[4], unpack(mids))
	local older = ARGV[6] ~= '1' and call('HMGET', KEYS[5], unpack(mids))
	for i = 1, #mids do
		local place = found[i] or (older and older[i])
		if place then places[mids[i]] = place end
	end
	found = call('HMGET', KEYS[2], unpack(keys))
	for i = 1, #keys do
		head[keys[i]] = found[i] or (ARGV[7] ~= '1' and call('HGET', KEYS[3], keys[i]))
	end
	if #visitors > 0 then
		found = call('HMGET', KEYS[6], unpack(visitors))
		for i = 1, #visitors do
			open[visitors[i]] = found[i] or (ARGV[7] ~= '1' and call('HGET', KEYS[7], visitors[i]))
		end
		for i = 1, #claimed do
			local place = meta[2 + #plans + i]
			homes[claimed[i]] = place and unp('>I8', place)
		end
	end
end

local dups, heads, changed, dupn, taken = {}, {}, {}, 0, {}

-- claim says what keeps the group that begins with header i from its visitor's place, if anything, and whose that is.
local function claim(i)
	local home, epoch, free = unp('>I2I8B', ARGV[i], 147)
	if homes[home] ~= epoch then return 'e' end
	local held = open[visitor[i]]
	if not held then
		if free == 0 then return 'm' end
	elseif sub(held, 1, 16) ~= sub(key[i], 17, 32) and held ~= sub(ARGV[i], 158, 181) then
		return 'o', held
	end
end

-- plan judges a partition's events and says what is to be written.
local function plan(o, place)
	if not place then o.status = 'n' return end
	local epoch, n, trimmed
	epoch, n, o.previous, o.bytes, trimmed = unp('>I8I8c8I8I8', place)
	o.epoch, o.n, o.trimmed = epoch, n, trimmed
	if epoch < o.knownEpoch or (epoch == o.knownEpoch and n < o.knownN) then o.status = 'b' return end
	if epoch ~= o.begun then o.status = 'w' return end
	if o.bytes - trimmed > limit then o.status = 'f' return end
	o.status = 'k'

	local codes, answers, entry = {}, {}, {''} -- the entry's own head comes first
	local answered, entries, size = 0, 1, 0
	local base = epoch * 8388608 + 1
	-- Headers are every second argument: i is the first of a group, j the last.
	local i, stop = o.a + 2, o.a + 2 * o.count
	while i <= stop do
		local j = i
		while j < stop and band(flags[j + 2], 1) ~= 0 do j = j + 2 end
		local code, dup = nil, false
		for x = i, j, 2 do
			local place = places[mid[x]]
			if place then
				dup = true
				if sub(place, 25, 32) ~= sub(ARGV[x], 66, 73) then code = 'c' end
			elseif flags[x] >= 16 and band(flags[x], 16) ~= 0 and not code then
				code = 'l'
			end
		end
		if dup and code ~= 'c' then
			for x = i, j, 2 do
				local place = places[mid[x]]
				codes[#codes + 1] = place and 'D' or 'd'
				if place then
					answered = answered + 1
					answers[answered] = place
				end
			end
		else
			local hk = key[i]
			local h, vs, version, last, public = head[hk], nil, 0, 0, 0
			if not code then
				local given = band(flags[i], 32) ~= 0
				if given then
					local init = sub(ARGV[i], -89)
					local _, il = unp('>I8I8', init, 66)
					local hl = 0
					if h then _, hl = unp('>I8I8', h, 66) end
					if il > hl then h = init end
				end
				if h then
					local he
					version = unp('>I8', h)
					he, last, public = unp('>I8I8I8', h, 66)
					vs = sub(h, 1, 65)
					if he < epoch and not given then code = 's' end
				elseif not given and band(flags[i], 8) == 0 then
					code = 's'
				end
			end
			local records = {}
			if not code then
				for x = i, j, 2 do
					if expect[x] ~= 0 and expect[x] ~= version then code = 'x' break end
					local f = flags[x]
					if band(f, 4) ~= 0 then
						if nextv[x] ~= version + 1 then code = 'x' break end
						version = nextv[x]
						vs = pack('>I8', version) .. sub(ARGV[x], 90, 146)
					elseif version == 0 then
						code = 'n'
						break
					end
					local seq = last + 1
					if seq < base then seq = base end
					records[x] = pack('>I8I8I8', seq, last, public)
					records[-x] = vs
					last = seq
					if band(f, 2) == 0 then public = seq end
				end
			end
			local owner
			if visitor[i] and not code then code, owner = claim(i) end
			if visitor[i] and not code then
				open[visitor[i]] = sub(key[i], 17, 32) .. pack('>I8', now)
				taken[visitor[i]] = true
			end
			for x = i, j, 2 do
				codes[#codes + 1] = code or 'A'
				if owner then
					answered = answered + 1
					answers[answered] = owner
				end
				if not code then
					local place = records[x]
					local record = place .. records[-x]
					answered = answered + 1
					answers[answered] = record
					entry[entries + 1], entry[entries + 2] = record, ARGV[x + 1]
					entries, size = entries + 2, size + #record + #ARGV[x + 1]
					place = place .. sub(ARGV[x], 66, 89)
					places[mid[x]] = place
					dups[dupn + 1], dups[dupn + 2] = mid[x], place
					dupn = dupn + 2
				end
			end
			if not code then
				head[hk] = vs .. pack('>I8I8I8', epoch, last, public)
				if not changed[hk] then
					changed[hk] = true
					heads[#heads + 1] = hk
				end
			end
		end
		i = j + 2
	end
	o.results = concat(codes) .. concat(answers)
	o.entry, o.entries, o.size = entry, entries, size
end

for i = 1, #plans do plan(plans[i], meta[i + 2]) end

-- The feed is for other nodes: who appends has the answer. Every node follows the feed and a channel of its own, by one command.
local heard = ARGV[2] ~= ''
if heard and ARGV[8] ~= '' then
	local subs = redis.pcall('PUBSUB', 'NUMSUB', ARGV[3], ARGV[8])
	if not subs.err then heard = subs[2] > subs[4] end
end
local replies, feed, moved = {int(now)}, {ARGV[4]}, {}
for i = 1, #plans do
	local o = plans[i]
	local previous = o.previous
	if o.entry and o.entries > 1 then
		o.n = o.n + 1
		local bytes = o.bytes + 53 + o.size
		o.entry[1] = pack('>BI8I8c8c8I8I8I4', 1, o.epoch, o.n, previous, o.tag, now, bytes, (o.entries - 1) / 2)
		local payload = concat(o.entry)
		call('XADD', o.stream, int(o.epoch) .. '-' .. int(o.n), 'b', payload)
		moved[#moved + 1] = 'p' .. o.number
		moved[#moved + 1] = pack('>I8I8', o.epoch, o.n) .. o.tag .. pack('>I8I8', bytes, o.trimmed)
		if heard then
			feed[#feed + 1] = pack('>I2I4', o.number, #payload)
			feed[#feed + 1] = payload
		end
	end
	replies[#replies + 1] = o.status .. pack('>I8I8', o.epoch or 0, o.n or 0) .. (previous or '\0\0\0\0\0\0\0\0') .. (o.results or '')
end
if #moved > 0 then
	local changes = {}
	for x = 1, #heads do
		changes[2 * x - 1], changes[2 * x] = heads[x], head[heads[x]]
	end
	call('HSET', KEYS[2], unpack(changes))
	call('HSET', KEYS[4], unpack(dups))
	call('HSET', KEYS[1], unpack(moved))
	changes = {}
	for v in pairs(taken) do
		changes[#changes + 1], changes[#changes + 2] = v, open[v]
	end
	if #changes > 0 then call('HSET', KEYS[6], unpack(changes)) end
	if heard then call(ARGV[2], ARGV[3], concat(feed)) end
end
return replies
