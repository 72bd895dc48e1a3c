-- Appends the batches of one or more partitions. All reads and checks come before the first write.
--
-- KEYS  for each partition: meta, stream, heads of this generation, of the one before, duplicates of this window, of the one before
-- ARGV  deadline (ms, this server's clock), feed command ('' for none), feed channel, node id, most bytes that may wait in a partition;
--       then for each partition: number 2, known epoch 8, known n 8, tag 8, epoch 8, window 8, generation 8, count 4;
--       and for each of its events: header, event
-- header = flags 1, key 32, message id 16, expected version 8, next version 8, print 8, time 8, tag 8 [, state 57] [, head 89]
-- flags  : 1 joined, 2 internal, 4 has a next state, 8 may be taken not to exist, 16 look it up if it is no known duplicate, 32 a head follows
-- head   = version 8, state 57, epoch 8, last 8, last public 8
--
-- Returns the time (ms), then for each partition: status 1, epoch 8, n 8, previous tag 8, a code for each event, and in the
-- same order what belongs to the codes:
-- A (accepted) record 89 | D (duplicate) place 48 | d (goes with a duplicate) | c (id used for another message) | x (stale)
-- | n (no such conversation) | s (head needed) | l (look-up needed)
-- status: k done, n no meta, b behind what the caller knows, w other epoch, window or generation, f full
local call, pack, unp, sub, concat, band = redis.call, struct.pack, struct.unpack, string.sub, table.concat, bit.band
local function int(x) return string.format('%.0f', x) end

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if now > tonumber(ARGV[1]) then return {'late', int(now)} end
local limit = tonumber(ARGV[5])

-- plan judges a partition's events (headers from ARGV[a], every second one) and says what is to be written.
local function plan(k, a, o)
	local meta = call('HMGET', KEYS[k + 1], 'e', 'n', 't', 'w', 'g', 'b', 'tb')
	if not meta[1] then o.status = 'n' return end
	local epoch, n = tonumber(meta[1]), tonumber(meta[2])
	o.epoch, o.n, o.previous, o.bytes = epoch, n, meta[3], tonumber(meta[6])
	if epoch < o.knownEpoch or (epoch == o.knownEpoch and n < o.knownN) then o.status = 'b' return end
	if epoch ~= o.begun or tonumber(meta[4]) ~= o.window or tonumber(meta[5]) ~= o.generation then o.status = 'w' return end
	if o.bytes - tonumber(meta[7]) > limit then o.status = 'f' return end
	o.status = 'k'

	local count = o.count
	local flags, key, mid, expect, nextv = {}, {}, {}, {}, {}
	local keys, head, places = {}, {}, {}
	for i = 1, count do
		local hk
		flags[i], hk, mid[i], expect[i], nextv[i] = unp('>Bc32c16I8I8', ARGV[a + 2 * i])
		key[i] = hk
		if head[hk] == nil then
			head[hk] = false
			keys[#keys + 1] = hk
		end
	end
	local found = call('HMGET', KEYS[k + 5], unpack(mid))
	local older = o.window > 1 and call('HMGET', KEYS[k + 6], unpack(mid))
	for i = 1, count do
		local place = found[i] or (older and older[i])
		if place then places[mid[i]] = place end
	end
	found = call('HMGET', KEYS[k + 3], unpack(keys))
	for i = 1, #keys do
		local hk = keys[i]
		head[hk] = found[i] or (o.generation > 1 and call('HGET', KEYS[k + 4], hk))
	end

	local codes, answers, entry, dups, heads, changed = {}, {}, {}, {}, {}, {}
	local answered, entries, dupn = 0, 0, 0
	local base = epoch * 8388608 + 1
	local i = 1
	while i <= count do
		local j = i
		while j < count and band(flags[j + 1], 1) ~= 0 do j = j + 1 end
		local code, dup = nil, false
		for x = i, j do
			local place = places[mid[x]]
			if place then
				dup = true
				if sub(place, 25, 32) ~= sub(ARGV[a + 2 * x], 66, 73) then code = 'c' end
			elseif flags[x] >= 16 and band(flags[x], 16) ~= 0 and not code then
				code = 'l'
			end
		end
		if dup and code ~= 'c' then
			for x = i, j do
				local place = places[mid[x]]
				codes[x] = place and 'D' or 'd'
				if place then
					answered = answered + 1
					answers[answered] = place
				end
			end
		else
			local hk = key[i]
			local h, vs, version, last, public = head[hk], nil, 0, 0, 0
			if not code then
				local given = flags[i] >= 32
				if given then
					local init = sub(ARGV[a + 2 * i], -89)
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
				for x = i, j do
					if expect[x] ~= 0 and expect[x] ~= version then code = 'x' break end
					local f = flags[x]
					if band(f, 4) ~= 0 then
						if nextv[x] ~= version + 1 then code = 'x' break end
						version = nextv[x]
						vs = pack('>I8', version) .. sub(ARGV[a + 2 * x], 90, 146)
					elseif version == 0 then
						code = 'n'
						break
					end
					local seq = last + 1
					if seq < base then seq = base end
					records[x - i + 1] = pack('>I8I8I8', seq, last, public)
					records[i - x - 1] = vs
					last = seq
					if band(f, 2) == 0 then public = seq end
				end
			end
			for x = i, j do
				codes[x] = code or 'A'
				if not code then
					local place = records[x - i + 1]
					local record = place .. records[i - x - 1]
					answered = answered + 1
					answers[answered] = record
					entry[entries + 1], entry[entries + 2] = record, ARGV[a + 2 * x + 1]
					entries = entries + 2
					place = place .. sub(ARGV[a + 2 * x], 66, 89)
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
		i = j + 1
	end
	o.results = concat(codes) .. concat(answers)
	o.entry, o.entries, o.dups, o.heads, o.head = entry, entries, dups, heads, head
end

local plans, a = {}, 6
for k = 0, #KEYS - 6, 6 do
	local o = {k = k}
	o.number, o.knownEpoch, o.knownN, o.tag, o.begun, o.window, o.generation, o.count = unp('>I2I8I8c8I8I8I8I4', ARGV[a])
	plan(k, a - 1, o)
	a = a + 1 + 2 * o.count
	plans[#plans + 1] = o
end

local replies, feed = {int(now)}, {ARGV[4]}
for i = 1, #plans do
	local o = plans[i]
	local previous = o.previous
	if o.entry and o.entries > 0 then
		local k = o.k
		o.n = o.n + 1
		local body = concat(o.entry)
		local bytes = o.bytes + 53 + #body
		local n = int(o.n)
		local payload = pack('>BI8I8', 1, o.epoch, o.n) .. previous .. o.tag .. pack('>I8I8I4', now, bytes, o.entries / 2) .. body
		call('XADD', KEYS[k + 2], int(o.epoch) .. '-' .. n, 'b', payload)
		local heads = {}
		for x = 1, #o.heads do
			heads[2 * x - 1], heads[2 * x] = o.heads[x], o.head[o.heads[x]]
		end
		call('HSET', KEYS[k + 3], unpack(heads))
		call('HSET', KEYS[k + 5], unpack(o.dups))
		call('HSET', KEYS[k + 1], 'n', n, 't', o.tag, 'b', int(bytes))
		feed[#feed + 1] = pack('>I2I4', o.number, #payload)
		feed[#feed + 1] = payload
	end
	replies[#replies + 1] = o.status .. pack('>I8I8', o.epoch or 0, o.n or 0) .. (previous or '\0\0\0\0\0\0\0\0') .. (o.results or '')
end
if #feed > 1 and ARGV[2] ~= '' then call(ARGV[2], ARGV[3], concat(feed)) end
return replies
