package router

import (
	"container/list"
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"
)

// Cache keeps answers to questions that are asked again in the same words: of one tenant, one version of its knowledge, one language. One Cache may serve
// all tenants.
//
// Safe for concurrent use.
type Cache struct {
	mu    sync.Mutex
	most  int
	life  time.Duration
	order *list.List // newest use first
	byKey map[cacheKey]*list.Element
}

type cacheKey [sha256.Size]byte

type cached struct {
	key        cacheKey
	message    Message
	confidence float64
	until      time.Time
}

// NewCache makes a cache of so many answers, each kept for a time at most. Answers are short: 10,000 are some 10 MB.
func NewCache(most int, life time.Duration) *Cache {
	return &Cache{most: most, life: life, order: list.New(), byKey: map[cacheKey]*list.Element{}}
}

// personal are intents about one visitor's own things. What is true of them today for one is not for another.
var personal = map[string]bool{
	"order_status": true, "cancel_order": true, "change_order": true, "change_address": true, "account": true, "refund": true, "damaged": true, "complaint": true, "human": true,
}

// cacheable reports whether a question's answer may be kept: not in the middle of a conversation, not about anybody's order or account, and without
// anything that looks like a number or an address of somebody.
func cacheable(a *Ask) bool {
	if len(a.Turns) > 0 || personal[a.Intent] || a.Knowledge == "" || strings.Contains(a.Text, "@") || a.Clarified > 0 {
		return false
	}
	digits := 0
	for _, r := range a.Text {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return digits < 4
}

func keyOf(a *Ask) cacheKey {
	h := sha256.New()
	for _, s := range []string{a.Tenant, a.Knowledge, a.Language, a.Tone, normal(a.Text)} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return cacheKey(h.Sum(nil))
}

// normal is a question without case, width, and what stands at its end.
func normal(s string) string {
	s = strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(s))), " ")
	return strings.TrimRight(s, " ?!.。~")
}

func (c *Cache) get(k cacheKey) (Message, float64, bool) {
	if c == nil {
		return Message{}, 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[k]
	if !ok {
		return Message{}, 0, false
	}
	v := e.Value.(*cached)
	if time.Now().After(v.until) {
		c.order.Remove(e)
		delete(c.byKey, k)
		return Message{}, 0, false
	}
	c.order.MoveToFront(e)
	return v.message, v.confidence, true
}

func (c *Cache) put(k cacheKey, m Message, confidence float64) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	v := &cached{k, m, confidence, time.Now().Add(c.life)}
	if e, ok := c.byKey[k]; ok {
		e.Value = v
		c.order.MoveToFront(e)
		return
	}
	c.byKey[k] = c.order.PushFront(v)
	for len(c.byKey) > c.most {
		last := c.order.Back()
		delete(c.byKey, last.Value.(*cached).key)
		c.order.Remove(last)
	}
}
