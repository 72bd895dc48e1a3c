package api

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/uniqchat/uniqchat/chat"
)

// single is a document of which a tenant has one, that holds by default while nobody has changed it: a collection of one.
type single[T any, B recordBody[T]] struct{ collection[T, B] }

// read returns the document; a zero Version if the tenant never changed it.
func (k *single[T, B]) read(ctx context.Context, t chat.TenantID) (r chat.Record, b T, err error) {
	all, err := k.api.cfg.Store.RecordsOf(ctx, t, k.kind)
	if err != nil {
		return r, b, err
	}
	r = chat.Record{Tenant: t, Kind: k.kind, Body: json.RawMessage(`{}`)}
	if len(all) > 0 {
		r = all[0]
	}
	b, err = k.parse(&r)
	return r, b, err
}

// parse returns what a record says, with what holds by default.
func (k *single[T, B]) parse(r *chat.Record) (b T, err error) {
	return b, errors.Join(json.Unmarshal(r.Body, &b), B(&b).Check())
}

// patch changes the document and returns what it is then.
func (k *single[T, B]) patch(ctx context.Context, t chat.TenantID, p *Patch[T]) (r chat.Record, b T, err error) {
	if r, b, err = k.read(ctx, t); err != nil {
		return r, b, err
	}
	if p.version != 0 && p.version != r.Version {
		return r, b, errOldVersion
	}
	if r.Version > 0 {
		err = k.replace(ctx, &r, p)
	} else {
		err = k.first(ctx, &r, p)
	}
	if err != nil {
		return r, b, err
	}
	if b, err = k.parse(&r); err != nil {
		return r, b, err
	}
	return r, b, k.api.recordsChanged(ctx, t, k.kind)
}

// first writes the document for the first time.
func (k *single[T, B]) first(ctx context.Context, r *chat.Record, p *Patch[T]) error {
	if err := k.patched(ctx, r, p); err != nil {
		return err
	}
	k.begin(r)
	err := k.api.cfg.Store.AddRecord(ctx, *r, 1)
	if errors.Is(err, &chat.Error{Code: chat.Conflict}) {
		return errOldVersion // somebody else has just written it
	}
	return err
}

// reset removes the document.
func (k *single[T, B]) reset(ctx context.Context, t chat.TenantID) error {
	r, _, err := k.read(ctx, t)
	if err != nil || r.Version == 0 {
		return err
	}
	err = k.api.cfg.Store.DeleteRecord(ctx, t, k.kind, r.ID)
	if err != nil && !errors.Is(err, &chat.Error{Code: chat.NotFound}) {
		return err
	}
	return k.api.recordsChanged(ctx, t, k.kind)
}
