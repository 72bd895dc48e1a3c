package sqlstore

import (
	"context"
	"slices"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// sealed asks an index for words as a tenant's rows have them: as HMACs, as they are, or both while rows are being sealed.
type sealed struct {
	Index
	keys *seal.Tenant
}

func sealedIndex(index Index, keys *seal.Tenant) Index {
	if !keys.Seals() && !keys.Mixed() {
		return index
	}
	return sealed{index, keys}
}

// forms calls ask for each form that words may have, and returns all hits, newest first.
func (s sealed) forms(terms []text.Term, ask func([]text.Term) ([]Hit, error)) (hits []Hit, err error) {
	if s.keys.Seals() || s.keys.Mixed() {
		if hits, err = ask(s.keys.Terms(terms)); err != nil {
			return nil, err
		}
	}
	if s.keys.Seals() && !s.keys.Mixed() {
		return hits, nil
	}
	more, err := ask(terms)
	if err != nil {
		return nil, err
	}
	hits = append(hits, more...)
	slices.SortFunc(hits, later)
	return hits, nil
}

// Newest implements Index.
func (s sealed) Newest(ctx context.Context, q Querier, tenant chat.TenantID, terms []text.Term, before Hit, most int) ([]Hit, error) {
	hits, err := s.forms(terms, func(terms []text.Term) ([]Hit, error) { return s.Index.Newest(ctx, q, tenant, terms, before, most) })
	return hits[:min(len(hits), most)], err
}

// Among implements Index.
func (s sealed) Among(ctx context.Context, q Querier, tenant chat.TenantID, terms []text.Term, convs []chat.ConversationID) ([]Hit, error) {
	hits, err := s.forms(terms, func(terms []text.Term) ([]Hit, error) { return s.Index.Among(ctx, q, tenant, terms, convs) })
	seen := make(map[chat.ConversationID]bool, len(hits))
	return slices.DeleteFunc(hits, func(h Hit) bool {
		again := seen[h.Conversation]
		seen[h.Conversation] = true
		return again
	}), err
}
