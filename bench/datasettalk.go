package bench

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// block is some conversations that began after one another, with all their messages in the order of time.
type block struct {
	plan          *plan
	r             *rand.Rand
	visitors      [][]any
	conversations []thread
	messages      []entry
	marks         [][]any
	labels        [][]any
}

// What the columns of the schema hold (package chat).
const (
	roleSystem, roleVisitor, roleAgent           = 0, 1, 2
	kindText, kindSystem                         = 0, 5
	queued, open, withBot, snoozed, closed int16 = 0, 1, 2, 3, 4
	datasetEpoch                           int64 = 57_974_400 << 23 // 2025-11-02 in seconds since 2024-01-01: the epoch of all seqs
)

var statusNames = [...]string{"queued", "open", "bot", "snoozed", "closed"}

var (
	conversationColumns = []string{
		"tenant", "id", "visitor", "status", "assignee", "team", "version", "last_seq", "last_public", "last_message", "last_agent",
		"labels", "priority", "context", "rating", "queued_at", "created_at", "closed_at", "updated_at",
	}
	messageColumns = []string{
		"tenant", "conv", "seq", "prev", "prev_public", "id", "cmid", "sender", "role", "kind", "visibility", "sent_at", "reply_to", "body",
	}
	labelColumns = []string{"tenant", "label", "conv"}
	markColumns  = []string{"tenant", "conv", "user_id", "role", "delivered", "read_seq"}
)

// thread is one conversation on its way through its messages.
type thread struct {
	tenant             *tenantPlan
	id, visitor        codec.UUID
	agent              *agentPlan // nil: none yet
	answered           bool
	status             int16
	version            int64
	last, public, text int64 // seqs
	start, at          time.Duration
	language           *tongue
	labels, context    string
	priority           int64
	rating             int16
}

// entry is one message.
type entry struct {
	tenant                 *tenantPlan
	conv, id, cmid, sender codec.UUID
	seq, prev, prevPublic  int64
	role, kind, visibility int16
	at                     time.Duration
	body                   string
}

func (e *entry) row() []any {
	return []any{
		e.tenant.id[:], e.conv[:], e.seq, e.prev, e.prevPublic, e.id[:], e.cmid[:], orNull(e.sender), e.role, e.kind, e.visibility,
		datasetStart.Add(e.at).UnixMicro(), nil, e.body,
	}
}

func (t *thread) row() []any {
	var assignee, team, lastAgent any
	if t.agent != nil {
		assignee, team = t.agent.id[:], t.agent.team[:]
		if t.answered {
			lastAgent = t.agent.id[:]
		}
	}
	var queuedAt, closedAt int64
	updated := datasetStart.Add(t.at).UnixMicro()
	if t.status == queued {
		queuedAt = datasetStart.Add(t.start).UnixMicro()
	}
	if t.status == closed {
		closedAt = updated
	}
	return []any{
		t.tenant.id[:], t.id[:], t.visitor[:], t.status, assignee, team, t.version, t.last, t.public, t.text, lastAgent,
		t.labels, t.priority, t.context, t.rating, queuedAt, datasetStart.Add(t.start).UnixMicro(), closedAt, updated,
	}
}

func orNull(id codec.UUID) any {
	if id == (codec.UUID{}) {
		return nil
	}
	return id[:]
}

// block makes up a block. The same number makes the same rows, whoever asks and when.
func (p *plan) block(number int) *block {
	b := &block{plan: p, r: rand.New(rand.NewPCG(p.Seed, uint64(number)<<20))}
	first, end := number*perBlock, min((number+1)*perBlock, p.Conversations)
	total := portion(p.Messages, end, p.Conversations) - portion(p.Messages, first, p.Conversations)
	weights := make([]float64, end-first)
	for i := range weights {
		weights[i] = math.Exp(b.r.NormFloat64() * 0.8)
	}
	if number%20 == 0 { // now and then somebody who never stops talking: about a tenth of the block
		weights[b.r.IntN(len(weights))] = 0.15 * float64(len(weights))
	}
	b.messages = make([]entry, 0, total)
	for i, n := range share(total, 4, weights) {
		b.talk(first+i, n)
	}
	slices.SortStableFunc(b.messages, func(x, y entry) int { return int(x.at - y.at) })
	return b
}

func portion(n, i, of int) int { return int(int64(n) * int64(i) / int64(of)) }

// talk makes up conversation number i with n messages.
func (b *block) talk(i, n int) {
	r, p := b.r, b.plan
	tenant := p.pickTenant(r)
	start := time.Duration(float64(datasetSpan) * (float64(i) + r.Float64()) / float64(p.Conversations)).Truncate(time.Millisecond)
	t := thread{
		tenant: tenant, id: p.id(r, start), start: start, at: start, status: b.status(i), language: &english, labels: "[]", context: "{}",
	}
	if r.Float64() < tenant.chinese {
		t.language = &chinese
	}
	number := int(float64(tenant.visitors) * math.Pow(r.Float64(), 1.3)) // some come often
	if t.status != closed {                                              // a visitor has one conversation that is not closed
		number = tenant.visitors + i
		b.visitors = append(b.visitors, p.visitor(tenant, number, start))
	}
	t.visitor = p.visitorID(tenant, number)
	if r.IntN(5) == 0 {
		label := p.labelID(tenant, r.IntN(len(labelNames)))
		t.labels = fmt.Sprintf(`[%q]`, label.String())
		b.labels = append(b.labels, []any{tenant.id[:], label[:], t.id[:]})
		t.priority = int64(r.IntN(3))
	}
	if r.IntN(2) == 0 {
		t.context = fmt.Sprintf(`{"page":"/p/%d","cart":%d}`, r.IntN(5000), r.IntN(9))
	}
	b.dialogue(&t, n)
	b.conversations = append(b.conversations, t)
}

// status is where conversation number i stands at the end: nearly all are closed, but for the newest.
func (b *block) status(i int) int16 {
	x := b.r.Float64()
	if b.plan.Conversations-i > b.plan.Conversations*15/1000+1 {
		switch {
		case x < 0.003:
			return snoozed
		case x < 0.004:
			return open
		}
		return closed
	}
	switch {
	case x < 0.35:
		return open
	case x < 0.43:
		return queued
	case x < 0.47:
		return withBot
	case x < 0.52:
		return snoozed
	}
	return closed
}

// dialogue appends n messages: created, assigned unless it still waits, talk, closed if it is.
func (b *block) dialogue(t *thread, n int) {
	r := b.r
	b.state(t, queued, "conversation.created")
	b.say(t, roleVisitor, t.visitor, true)
	n -= 2
	if t.status == open || t.status == snoozed || t.status == closed {
		t.agent = &t.tenant.agents[r.IntN(len(t.tenant.agents))]
		b.state(t, open, "conversation.assigned")
		n--
	}
	if t.status == closed {
		n--
	}
	agent := true
	read := t.last
	for range n {
		switch {
		case t.agent == nil || !agent:
			b.say(t, roleVisitor, t.visitor, false)
		default:
			b.say(t, roleAgent, t.agent.id, false)
			t.answered = true
			read = t.last
		}
		if r.IntN(3) > 0 {
			agent = !agent
		}
	}
	switch t.status {
	case closed:
		b.state(t, closed, "conversation.closed")
		read = t.last
		if r.IntN(5) == 0 {
			t.rating = int16(1 + r.IntN(5))
		}
	case withBot, snoozed:
		t.version++
	}
	if t.agent != nil {
		b.marks = append(b.marks, []any{t.tenant.id[:], t.id[:], t.agent.id[:], int16(roleAgent), t.last, read})
	}
	if r.IntN(2) == 0 {
		b.marks = append(b.marks, []any{t.tenant.id[:], t.id[:], t.visitor[:], int16(roleVisitor), t.public, t.public})
	}
}

// state appends a change of the conversation.
func (b *block) state(t *thread, to int16, event string) {
	t.version++
	body := fmt.Sprintf(`{"event":%q,"status":%q}`, event, statusNames[to])
	if event == "conversation.assigned" {
		body = fmt.Sprintf(`{"event":%q,"assignee_id":%q,"team_id":%q,"why":"least busy","status":%q}`, event, t.agent.id, t.agent.team, statusNames[to])
	}
	b.add(t, entry{role: roleSystem, kind: kindSystem, body: body})
}

// say appends a text, or now and then a note among agents.
func (b *block) say(t *thread, role int16, sender codec.UUID, first bool) {
	r := b.r
	t.at += time.Duration(r.ExpFloat64() * 35 * float64(time.Second)).Truncate(time.Millisecond)
	e := entry{role: role, kind: kindText, sender: sender}
	if role == roleAgent && r.IntN(25) == 0 {
		e.visibility = 1
		e.body = string(append(t.language.said([]byte(`{"text":"`), r, pick(r, t.language.note)), `"}`...))
	} else {
		e.body = string(t.language.text(nil, r, role == roleAgent, first))
	}
	b.add(t, e)
}

// add gives a message its place in the conversation.
func (b *block) add(t *thread, e entry) {
	e.tenant, e.conv, e.at = t.tenant, t.id, t.at
	e.cmid = b.plan.id(b.r, t.at)
	e.id = messageID(e.conv, e.sender, e.cmid)
	e.prev, e.prevPublic = t.last, t.public
	e.seq = max(t.last, datasetEpoch) + 1
	t.last = e.seq
	if e.visibility == 0 {
		t.public = e.seq
		if e.kind != kindSystem {
			t.text = e.seq
		}
	}
	b.messages = append(b.messages, e)
}

// messageID is what the protocol's rule 2 makes of a client's id.
func messageID(conv, sender, cmid codec.UUID) (id codec.UUID) {
	var in [48]byte
	copy(in[:], conv[:])
	copy(in[16:], sender[:])
	copy(in[32:], cmid[:])
	sum := sha256.Sum256(in[:])
	copy(id[:], sum[:])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id
}
