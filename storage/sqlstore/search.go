package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// Index finds words: what the engines do differently. Safe for concurrent use.
type Index interface {
	// Newest returns the tenant's messages that have all terms, among those before a place, newest first, at most so many.
	Newest(ctx context.Context, q Querier, tenant chat.TenantID, terms []text.Term, before Hit, most int) ([]Hit, error)
	// Among returns the newest message with all terms of each of some conversations that has one.
	Among(ctx context.Context, q Querier, tenant chat.TenantID, terms []text.Term, convs []chat.ConversationID) ([]Hit, error)
	// Messages returns messages that were hit, in any order.
	Messages(ctx context.Context, q Querier, tenant chat.TenantID, hits []Hit) ([]chat.Message, error)
	// Erase takes conversations, whose messages are as they were, out of the index and whatever else the engine keeps of messages.
	Erase(ctx context.Context, q Querier, keys *seal.Tenant, tenant chat.TenantID, convs []chat.ConversationID) error
	// EraseVisitor takes a visitor out of what the engine keeps beside the rows.
	EraseVisitor(ctx context.Context, q Querier, keys *seal.Tenant, tenant chat.TenantID, visitor chat.VisitorID) error
}

// Hit is a message that was found. Hits are ordered by Doc, then Conversation.
type Hit struct {
	Doc          int64
	Conversation chat.ConversationID
	Seq          chat.Seq
}

// later is the order of hits, the newest first.
func later(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.Doc, a.Doc), bytes.Compare(b.Conversation[:], a.Conversation[:]))
}

// docBits is how many low bits of a doc tell messages of one millisecond apart.
const docBits = 20

// Doc is a message's place in the order of an index: when it was sent, and something to tell it from others of that moment.
func Doc(sent time.Time, conv chat.ConversationID, seq chat.Seq) int64 {
	ms := min(max(sent.UnixMilli(), 0), 1<<(63-docBits)-1)
	low := (binary.BigEndian.Uint64(conv[8:]) ^ uint64(seq)) * 0x9E3779B97F4A7C15 >> (64 - docBits)
	return ms<<docBits | int64(low)
}

// How much a search takes on at once.
const (
	fewHits  = 128 // the first time
	manyHits = 1024
	// searchFor is how long a page is looked for; then what there is of it is returned.
	searchFor = 150 * time.Millisecond
	// maxOfVisitor is how many conversations of one visitor are looked at.
	maxOfVisitor = 2000
	// clockSlack is how much earlier than its conversation a message may seem to have been sent.
	clockSlack = time.Minute
)

// search is one page of a list by words.
type search struct {
	*Store
	index  Index // over Store's
	tenant chat.TenantID
	f      *chat.Filter
	terms  []text.Term
	from   *place // where the page before ended
	page   []Hit  // one more than asked for if there is more
	next   *Hit   // where the next page begins, if it is known to
}

// search implements Conversations for a Filter with Text.
func (s *Store) search(ctx context.Context, tenant chat.TenantID, f *chat.Filter) ([]chat.Conversation, string, error) {
	query, err := text.Parse(f.Text)
	if err != nil {
		return nil, "", chat.Errorf(chat.Malformed, "q: %v", err)
	}
	from, err := parsePlace(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	keys, err := s.keys.Of(ctx, tenant)
	if err != nil {
		return nil, "", err
	}
	var out []chat.Conversation
	var next string
	err = s.read(ctx, Of(tenant), func(ctx context.Context, q Querier) (err error) {
		look := search{Store: s, tenant: tenant, f: f, terms: query.Terms, from: from, index: sealedIndex(s.index, keys)}
		if f.Visitor.IsZero() {
			err = look.everywhere(ctx, q)
		} else {
			err = look.ofVisitor(ctx, q)
		}
		if err != nil {
			return err
		}
		next = ""
		if len(look.page) > f.Limit {
			look.page = look.page[:f.Limit]
			look.next = &look.page[f.Limit-1]
		}
		if look.next != nil {
			next = place{look.next.Doc, look.next.Conversation}.String()
		}
		out, err = look.rows(ctx, q)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return out, next, s.keys.Conversations(ctx, out)
}

// everywhere goes through what has the words, from the newest on, until the page is full.
func (s *search) everywhere(ctx context.Context, q Querier) error {
	before := Hit{Doc: math.MaxInt64}
	if s.from != nil {
		before = Hit{Doc: s.from.updated, Conversation: s.from.id}
	}
	oldest := int64(0)
	if !s.f.Since.IsZero() { // what was said before a conversation began is not in it
		oldest = Doc(s.f.Since.Add(-clockSlack), chat.ConversationID{}, 0)
	}
	seen := make(map[chat.ConversationID]bool)
	end := time.Now().Add(searchFor)
	for most := max(fewHits, 2*s.f.Limit); ; most = min(2*most, manyHits) {
		hits, err := s.index.Newest(ctx, q, s.tenant, s.terms, before, most)
		if err != nil {
			return err
		}
		all := len(hits) < most
		if !all {
			before = hits[most-1]
		}
		hits = slices.DeleteFunc(hits, func(h Hit) bool {
			again := seen[h.Conversation]
			seen[h.Conversation] = true
			return again || h.Doc < oldest
		})
		if hits, err = s.keep(ctx, q, hits); err != nil {
			return err
		}
		s.page = append(s.page, hits...)
		switch {
		case len(s.page) > s.f.Limit:
			s.page = s.page[:s.f.Limit+1]
			return nil
		case all || before.Doc < oldest:
			return nil
		case time.Now().After(end):
			s.next = &before
			return nil
		}
	}
}

// keep returns the hits that belong on this page: of conversations that the filter asks for and that no earlier page had.
func (s *search) keep(ctx context.Context, q Querier, hits []Hit) ([]Hit, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	convs := make([]chat.ConversationID, len(hits))
	for i := range hits {
		convs[i] = hits[i].Conversation
	}
	if s.from != nil { // a conversation with a newer match stood there
		newest, err := s.index.Among(ctx, q, s.tenant, s.terms, convs)
		if err != nil {
			return nil, err
		}
		at := make(map[chat.ConversationID]int64, len(newest))
		for _, h := range newest {
			at[h.Conversation] = h.Doc
		}
		hits = slices.DeleteFunc(hits, func(h Hit) bool { return at[h.Conversation] > h.Doc })
	}
	where, args := s.where()
	if where == "" {
		return hits, nil
	}
	kept := make(map[chat.ConversationID]bool, len(hits))
	for part := range slices.Chunk(convs, fewHits) {
		in, args := inList(args, part, fewHits)
		rows, err := q.QueryContext(ctx, `WITH candidates AS MATERIALIZED (SELECT id, status, assignee, team, visitor, created_at
			FROM conversations WHERE tenant = $1 AND id IN (`+in+`)) SELECT id FROM candidates WHERE true`+where, args...) // by their ids, whatever planners think
		if err != nil {
			return nil, err
		}
		ids, err := collect(rows, scanID[chat.Conversation])
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			kept[id] = true
		}
	}
	return slices.DeleteFunc(hits, func(h Hit) bool { return !kept[h.Conversation] }), nil
}

// where is the filter's condition on conversations, "" if it asks for nothing, and its arguments after the tenant.
func (s *search) where() (where string, args []any) {
	args = []any{s.tenant}
	where = conditions(s.f, func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	})
	if len(s.f.Statuses) > 0 {
		numbers := make([]string, len(s.f.Statuses))
		for i, st := range s.f.Statuses {
			numbers[i] = strconv.Itoa(int(st))
		}
		where += " AND status IN (" + strings.Join(numbers, ", ") + ")"
	}
	return where, args
}

// inList appends ids to arguments, the last one again until there are many of them, so that one text serves for many numbers.
func inList(args []any, ids []chat.ConversationID, many int) (list string, all []any) {
	all = slices.Clone(args)
	var b strings.Builder
	for i := range many {
		if i > 0 {
			b.WriteString(", ")
		}
		all = append(all, ids[min(i, len(ids)-1)])
		b.WriteString("$" + strconv.Itoa(len(all)))
	}
	return b.String(), all
}

// ofVisitor looks through the conversations of one visitor, which are few.
func (s *search) ofVisitor(ctx context.Context, q Querier) error {
	where, args := s.where()
	args = append(args, maxOfVisitor)
	rows, err := q.QueryContext(ctx, `SELECT id FROM conversations WHERE tenant = $1`+where+` ORDER BY id DESC LIMIT $`+strconv.Itoa(len(args)), args...)
	if err != nil {
		return err
	}
	convs, err := collect(rows, scanID[chat.Conversation])
	if err != nil || len(convs) == 0 {
		return err
	}
	hits, err := s.index.Among(ctx, q, s.tenant, s.terms, convs)
	if err != nil {
		return err
	}
	slices.SortFunc(hits, later)
	if s.from != nil {
		before := Hit{Doc: s.from.updated, Conversation: s.from.id}
		hits = slices.DeleteFunc(hits, func(h Hit) bool { return later(h, before) <= 0 })
	}
	s.page = hits[:min(len(hits), s.f.Limit+1)]
	return nil
}

// rows reads the page's conversations and what was found in them.
func (s *search) rows(ctx context.Context, q Querier) ([]chat.Conversation, error) {
	out := make([]chat.Conversation, 0, len(s.page))
	if len(s.page) == 0 {
		return out, nil
	}
	convs := make([]chat.ConversationID, len(s.page))
	for i := range s.page {
		convs[i] = s.page[i].Conversation
	}
	in, args := inList([]any{s.tenant}, convs, (len(convs)+49)/50*50)
	rows, err := q.QueryContext(ctx, selectConversation+` FROM conversations c`+withVisitorAndMessage+
		`WHERE c.tenant = $1 AND c.id IN (`+in+`)`, args...)
	if err != nil {
		return nil, err
	}
	found, err := collect(rows, scanConversation)
	if err != nil {
		return nil, err
	}
	messages, err := s.index.Messages(ctx, q, s.tenant, s.page)
	if err != nil {
		return nil, err
	}
	byID := make(map[chat.ConversationID]*chat.Conversation, len(found))
	for i := range found {
		byID[found[i].ID] = &found[i].Conversation
	}
	for i := range messages {
		if c := byID[messages[i].Conversation]; c != nil {
			c.Match = &messages[i]
		}
	}
	for _, id := range convs {
		if c := byID[id]; c != nil {
			out = append(out, *c)
		}
	}
	return out, nil
}
