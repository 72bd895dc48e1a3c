package redis

import (
	_ "embed"

	goredis "github.com/redis/go-redis/v9"
)

//go:embed append.lua
var appendText string

var appendScript = goredis.NewScript(appendText)

// beginScript begins an epoch of a partition, unless one as new has begun. KEYS: meta. ARGV: epoch, tag for a partition that
// has none, "1" if it never had an epoch at all: then nothing is older than what Redis knows; the partition's field. It returns 1
// if the epoch began.
var beginScript = goredis.NewScript(`
local now = redis.call('TIME')
local ms = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
local m = redis.call('HMGET', KEYS[1], ARGV[4], 'w')
local tag, rest = ARGV[2], struct.pack('>I8I8', 0, 0)
if m[1] then
	if struct.unpack('>I8', m[1]) >= tonumber(ARGV[1]) then return 0 end
	tag, rest = string.sub(m[1], 17, 24), string.sub(m[1], 25, 40)
end
redis.call('HSET', KEYS[1], ARGV[4], struct.pack('>I8I8', tonumber(ARGV[1]), 0) .. tag .. rest)
if not m[2] then
	local since = ARGV[3] == '1' and '0' or ms
	redis.call('HSET', KEYS[1], 'w', '1', 'ws', ms, 'wp', since, 'g', '1', 'gs', ms, 'gp', since)
end
return 1`)

// trimScript deletes a partition's entries up to one, if that one is what the caller takes it for. KEYS: meta, stream.
// ARGV: id, id after it, tag, the partition's field. It returns how many were deleted.
var trimScript = goredis.NewScript(`
local e = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])
local place = redis.call('HGET', KEYS[1], ARGV[4])
if not e[1] or not place then return 0 end
local entry = e[1][2][2]
if string.sub(entry, 26, 33) ~= ARGV[3] then return -1 end
redis.call('HSET', KEYS[1], ARGV[4], string.sub(place, 1, 32) .. string.sub(entry, 42, 49))
return redis.call('XTRIM', KEYS[2], 'MINID', ARGV[2])`)

// rotateScript begins a new window of duplicates or generation of heads and drops the one before the last. KEYS: meta, what is
// dropped. ARGV: field of the number, of its start, of the start before, the number that the caller knows.
var rotateScript = goredis.NewScript(`
local m = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[2])
if not m[1] or m[1] ~= ARGV[4] then return 0 end
local now = redis.call('TIME')
local ms = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
for i = 2, #KEYS do redis.call('UNLINK', KEYS[i]) end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', tonumber(m[1]) + 1), ARGV[2], ms, ARGV[3], m[2])
return 1`)

// reserveScript takes the one place that each of some visitors has for an open conversation. KEYS: open of this generation, of
// the one before, meta. ARGV: generation that the caller knows, and for each: field and epoch of the visitor's partition as the
// caller knows it, visitor key, conversation, "1" if nobody can hold it without being here, the value that may be replaced. It
// returns for each: "ok", "meta" if another epoch or generation holds, "miss" if nobody holds it as far as Redis knows, or the value
// of who does: conversation 16, ms 8.
var reserveScript = goredis.NewScript(`
local now = redis.call('TIME')
local at = struct.pack('>I8', now[1] * 1000 + math.floor(now[2] / 1000))
local current = redis.call('HGET', KEYS[3], 'g') == ARGV[1]
local out, places = {}, {}
for i = 2, #ARGV, 6 do
	local field, epoch, visitor, conv, free, replace = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
	if places[field] == nil then
		local p = redis.call('HGET', KEYS[3], field)
		places[field] = p and struct.unpack('>I8', p) or -1
	end
	local v = redis.call('HGET', KEYS[1], visitor) or redis.call('HGET', KEYS[2], visitor)
	if not current or places[field] ~= epoch then
		out[#out + 1] = 'meta'
	elseif not v and free ~= '1' then
		out[#out + 1] = 'miss'
	elseif v and v ~= replace and string.sub(v, 1, 16) ~= conv then
		out[#out + 1] = v
	else
		redis.call('HSET', KEYS[1], visitor, conv .. at)
		out[#out + 1] = 'ok'
	end
end
return out`)

// releaseScript gives that place back if a conversation holds it. KEYS: both generations. ARGV: visitor key, conversation.
var releaseScript = goredis.NewScript(`
for i = 1, 2 do
	local v = redis.call('HGET', KEYS[i], ARGV[1])
	if v and string.sub(v, 1, 16) == ARGV[2] then redis.call('HDEL', KEYS[i], ARGV[1]) end
end
return 1`)
