-- Appends the batches of one or more partitions. All reads and checks come before the first write.
--
-- KEYS  for each partition: meta, stream, heads of this generation, of the one before, duplicates of this window, of the one before
-- ARGV  deadline (ms, this server's clock), feed command ('' for none), feed channel, node id, most bytes that may wait in a partition;
--       then for each partition: number 2, known epoch 8, known n 8, tag 8, window 8, generation 8, count 4;
--       and for each of its events: header, event
-- header = flags 1, key 32, message id 16, expected version 8, print 8, next version 8, time 8, state 57 [, head]
-- flags  : 1 joined, 2 internal, 4 has a next state, 8 may be taken not to exist, 16 look it up if it is no known duplicate, 32 a head follows
--
-- Returns the time (ms), then for each partition: status 1, epoch 8, n 8, previous tag 8, and for each event a result:
-- A record (accepted) | D place (duplicate) | d (goes with a duplicate) | c (id used for another message) | x (stale)
-- | n (no such conversation) | s (head needed) | l (look-up needed)
-- status: k done, n no meta, b behind what the caller knows, w other window or generation, f full
local call, pack, unp, sub, concat = redis.call, struct.pack, struct.unpack, string.sub, table.concat
local function int(x) return string.format('%.0f', x) end

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if now > tonumber(ARGV[1]) then return {'late', int(now)} end
local limit = tonumber(ARGV[5])

-- accept judges one group of joined events (from i to j) against a head; it returns a refusal, or the head after it and the records.
local function accept(head, args, i, j, epoch)
	local version, last, public, state = 0, 0, 0, nil
	if head then
		local _
		_, version, last, public = unp('>I8I8I8I8', head)
		state = sub(head, 33)
	end
	local base = epoch * 8388608 + 1
	local records = {}
	for x = i, j do
		local h = args[x]
		local flags = string.byte(h, 1)
		local expect, _, nextv = unp('>I8c8I8', h, 50)
		if expect ~= 0 and expect ~= version then return 'x' end
		if bit.band(flags, 4) ~= 0 then
			if nextv ~= version + 1 then return 'x' end
			version, state = nextv, sub(h, 82, 138)
		elseif version == 0 then
			return 'n'
		end
		local seq = last + 1
		if seq < base then seq = base end
		records[#records + 1] = pack('>I8I8I8I8', seq, last, public, version) .. state
		last = seq
		if bit.band(flags, 2) == 0 then public = seq end
	end
	return nil, pack('>I8I8I8I8', epoch, version, last, public) .. state, records
end

local function plan(k, p, args, blobs)
	local out = {p = p, k = k}
	local meta = call('HMGET', KEYS[k + 1], 'e', 'n', 't', 'w', 'g', 'b', 'tb')
	if not meta[1] then out.status = 'n' return out end
	local epoch, n = tonumber(meta[1]), tonumber(meta[2])
	out.epoch, out.n, out.previous, out.bytes = epoch, n, meta[3], tonumber(meta[6])
	if epoch < p.epoch or (epoch == p.epoch and n < p.n) then out.status = 'b' return out end
	if tonumber(meta[4]) ~= p.window or tonumber(meta[5]) ~= p.generation then out.status = 'w' return out end
	if out.bytes - tonumber(meta[7]) > limit then out.status = 'f' return out end
	out.status = 'k'

	local mids, keys, known = {}, {}, {}
	for i = 1, p.count do
		mids[i] = sub(args[i], 34, 49)
		local key = sub(args[i], 2, 33)
		if known[key] == nil then
			known[key] = false
			keys[#keys + 1] = key
		end
	end
	local places = {}
	local recent, older = call('HMGET', KEYS[k + 5], unpack(mids)), call('HMGET', KEYS[k + 6], unpack(mids))
	for i = 1, p.count do places[mids[i]] = recent[i] or older[i] end
	recent, older = call('HMGET', KEYS[k + 3], unpack(keys)), call('HMGET', KEYS[k + 4], unpack(keys))
	for i = 1, #keys do known[keys[i]] = recent[i] or older[i] end

	local results, entry, dups, heads, changed = {}, {}, {}, {}, {}
	local i = 1
	while i <= p.count do
		local j = i
		while j < p.count and bit.band(string.byte(args[j + 1], 1), 1) ~= 0 do j = j + 1 end
		local dup, code, look = false, nil, false
		for x = i, j do
			local place = places[mids[x]]
			if place then
				dup = true
				if sub(place, 41) ~= sub(args[x], 58, 65) then code = 'c' end
			elseif bit.band(string.byte(args[x], 1), 16) ~= 0 then
				look = true
			end
		end
		if code then
			for x = i, j do results[x] = code end
		elseif dup then
			for x = i, j do
				local place = places[mids[x]]
				results[x] = place and 'D' .. place or 'd'
			end
		elseif look then
			for x = i, j do results[x] = 'l' end
		else
			local h = args[i]
			local key, flags = sub(h, 2, 33), string.byte(h, 1)
			local head = known[key]
			local given = bit.band(flags, 32) ~= 0
			if given then
				local init = sub(h, 139)
				local _, _, gl = unp('>I8I8I8', init)
				local kl = 0
				if head then _, _, kl = unp('>I8I8I8', head) end
				if gl > kl then head = init end
			end
			local stale = head and not given and unp('>I8', head) < epoch
			if stale or (not head and not given and bit.band(flags, 8) == 0) then
				for x = i, j do results[x] = 's' end
			else
				local refusal, after, records = accept(head, args, i, j, epoch)
				for x = i, j do
					if refusal then
						results[x] = refusal
					else
						local record = records[x - i + 1]
						results[x] = 'A' .. record
						entry[#entry + 1] = pack('>I4', #record + #blobs[x]) .. record
						entry[#entry + 1] = blobs[x]
						local place = p.tag .. sub(record, 1, 24) .. sub(args[x], 74, 81) .. sub(args[x], 58, 65)
						places[mids[x]] = place
						dups[#dups + 1] = mids[x]
						dups[#dups + 1] = place
					end
				end
				if not refusal then
					known[key] = after
					if not changed[key] then
						changed[key] = true
						heads[#heads + 1] = key
					end
				end
			end
		end
		i = j + 1
	end
	out.results, out.entry, out.dups, out.heads, out.known = concat(results), entry, dups, heads, known
	return out
end

local plans, a = {}, 6
for k = 0, #KEYS - 6, 6 do
	local p = {}
	p.number, p.epoch, p.n, p.tag, p.window, p.generation, p.count = unp('>I2I8I8c8I8I8I4', ARGV[a])
	local args, blobs = {}, {}
	for i = 1, p.count do
		args[i], blobs[i] = ARGV[a + 2 * i - 1], ARGV[a + 2 * i]
	end
	a = a + 1 + 2 * p.count
	plans[#plans + 1] = plan(k, p, args, blobs)
end

local replies, feed = {int(now)}, {ARGV[4]}
for i = 1, #plans do
	local o = plans[i]
	local previous = o.previous
	if o.entry and #o.entry > 0 then
		local k = o.k
		o.n = o.n + 1
		local body = concat(o.entry)
		local bytes = o.bytes + 53 + #body
		local payload = pack('>BI8I8', 1, o.epoch, o.n) .. previous .. o.p.tag .. pack('>I8I8I4', now, bytes, #o.entry / 2) .. body
		call('XADD', KEYS[k + 2], int(o.epoch) .. '-' .. int(o.n), 'b', payload)
		local heads = {}
		for x = 1, #o.heads do
			heads[2 * x - 1], heads[2 * x] = o.heads[x], o.known[o.heads[x]]
		end
		call('HSET', KEYS[k + 3], unpack(heads))
		call('HSET', KEYS[k + 5], unpack(o.dups))
		call('HSET', KEYS[k + 1], 'n', int(o.n), 't', o.p.tag, 'b', int(bytes))
		feed[#feed + 1] = pack('>I2I4', o.p.number, #payload)
		feed[#feed + 1] = payload
	end
	replies[#replies + 1] = o.status .. pack('>I8I8', o.epoch or 0, o.n or 0) .. (previous or '\0\0\0\0\0\0\0\0') .. (o.results or '')
end
if #feed > 1 and ARGV[2] ~= '' then call(ARGV[2], ARGV[3], concat(feed)) end
return replies
