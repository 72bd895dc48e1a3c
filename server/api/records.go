package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
)

// recordBody is what T must be for *T to be the body of a record.
type recordBody[T any] interface {
	*T
	chat.RecordBody
}

// Record is something that a tenant has set up: the members of its body, and its own.
type Record[T any] struct {
	record chat.Record
}

// recordMeta is what every Record has beside its body.
type recordMeta struct {
	ID        string    `json:"id" format:"uuid"`
	Version   uint64    `json:"version" doc:"Counts changes, from 1."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// MarshalJSON puts the members of both into one object.
func (r Record[T]) MarshalJSON() ([]byte, error) {
	meta, err := json.Marshal(recordMeta{r.record.ID.String(), r.record.Version, r.record.CreatedAt, r.record.UpdatedAt})
	if err != nil || len(r.record.Body) <= len(`{}`) {
		return meta, err
	}
	out := append(meta[:len(meta)-1:len(meta)-1], ',')
	return append(out, r.record.Body[1:]...), nil // compact: we made it
}

// Schema describes what MarshalJSON makes.
func (Record[T]) Schema(r huma.Registry) *huma.Schema {
	s := huma.SchemaFromType(r, reflect.TypeFor[T]())
	meta := huma.SchemaFromType(r, reflect.TypeFor[recordMeta]())
	out := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false}
	for _, from := range []*huma.Schema{meta, s} {
		for name, p := range from.Properties {
			out.Properties[name] = p
		}
		out.Required = append(out.Required, from.Required...)
	}
	return named(r, reflect.TypeFor[Record[T]](), out)
}

// named makes a schema one of the document's, under its type's name, and refers to it: a type of our clients has a name, too.
func named(r huma.Registry, t reflect.Type, s *huma.Schema) *huma.Schema {
	s.PrecomputeMessages()
	name := huma.DefaultSchemaNamer(t, "")
	r.Map()[name] = s
	return &huma.Schema{Ref: schemaPrefix + name}
}

// Patch changes some members of a body: those that it names, each as a whole; null is as if it had never been given.
type Patch[T any] struct {
	members map[string]json.RawMessage
	version uint64
}

// UnmarshalJSON keeps the members apart.
func (p *Patch[T]) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, &p.members); err != nil {
		return err
	}
	if v, ok := p.members["version"]; ok {
		delete(p.members, "version")
		return json.Unmarshal(v, &p.version)
	}
	return nil
}

// Schema is the body's, with nothing required, and the version that the caller has seen.
func (Patch[T]) Schema(r huma.Registry) *huma.Schema {
	s := huma.SchemaFromType(r, reflect.TypeFor[T]())
	out := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false}
	for name, p := range s.Properties {
		out.Properties[name] = p
	}
	one := 1.0
	out.Properties["version"] = &huma.Schema{
		Type: huma.TypeInteger, Format: "int64", Minimum: &one, Description: "The version that the caller has seen: 409 if it is another by now.",
	}
	return named(r, reflect.TypeFor[Patch[T]](), out)
}

// apply returns the body with the patch on it.
func (p *Patch[T]) apply(old json.RawMessage) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(old, &all); err != nil {
		return nil, err
	}
	for name, v := range p.members {
		if string(v) == "null" {
			delete(all, name)
		} else {
			all[name] = v
		}
	}
	return json.Marshal(all)
}

// collection is one kind of a tenant's records over HTTP.
type collection[T any, B recordBody[T]] struct {
	api  *API
	kind chat.RecordKind
	most int
	// check judges what needs a look-up; nil if nothing does.
	check func(ctx context.Context, tenant chat.TenantID, b *T) error
}

// rows are the routes of a collection. One thing of it is called what one says, all of it what many says.
func (k *collection[T, B]) rows(path, tag, one, many string, read, write access) []row {
	a := k.api
	return []row{
		{http.MethodGet, path, read, "list" + many, tag, "List them, the oldest first", 200, bind(a, k.list)},
		{http.MethodPost, path, write, "create" + one, tag, "Add one", 201, bind(a, k.create)},
		{http.MethodGet, path + "/{id}", read, "get" + one, tag, "One of them", 200, bind(a, k.get)},
		{http.MethodPatch, path + "/{id}", write, "update" + one, tag, "Change one", 200, bind(a, k.update)},
		{http.MethodDelete, path + "/{id}", write, "delete" + one, tag, "Delete one", 204, bind(a, k.remove)},
	}
}

func (k *collection[T, B]) list(ctx context.Context, c *call, in *listInput) (*answer[List[Record[T]]], error) {
	page, next, err := k.api.cfg.Store.Records(ctx, c.actor().Tenant, k.kind, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[Record[T]]{Data: make([]Record[T], len(page)), NextCursor: orNull(next)}
	for i := range page {
		out.Data[i].record = page[i]
	}
	return ok(out)
}

// read finds the record of a path.
func (k *collection[T, B]) read(ctx context.Context, c *call, rawID string) (chat.Record, error) {
	id, err := pathID[chat.Record](rawID)
	if err != nil {
		return chat.Record{}, err
	}
	return k.api.cfg.Store.Record(ctx, c.actor().Tenant, k.kind, id)
}

func (k *collection[T, B]) get(ctx context.Context, c *call, in *Target) (*answer[Record[T]], error) {
	r, err := k.read(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return ok(Record[T]{r})
}

// createInput is a new record's body.
type createInput[T any] struct{ Body T }

func (k *collection[T, B]) create(ctx context.Context, c *call, in *createInput[T]) (*answer[Record[T]], error) {
	r := chat.Record{Tenant: c.actor().Tenant, Kind: k.kind}
	k.begin(&r)
	if err := k.fill(ctx, &r, &in.Body); err != nil {
		return nil, err
	}
	if err := k.api.cfg.Store.AddRecord(ctx, r, k.most); err != nil {
		return nil, err
	}
	return k.changed(ctx, r)
}

// fill checks a body and makes it the record's.
func (k *collection[T, B]) fill(ctx context.Context, r *chat.Record, b *T) (err error) {
	if err := B(b).Check(); err != nil {
		return err
	}
	if k.check != nil {
		if err := k.check(ctx, r.Tenant, b); err != nil {
			return err
		}
	}
	r.Name = B(b).UniqueName()
	r.Body, err = json.Marshal(b)
	return err
}

// recordsChanged has this node go by what a tenant has set up from now on, and tells the others.
func (a *API) recordsChanged(ctx context.Context, t chat.TenantID, kind chat.RecordKind) error {
	if a.cfg.AI.Answerer != nil && (kind == chat.RecordBot || kind == chat.RecordHours) {
		a.cfg.AI.Answerer.SettingsChanged(t)
	}
	return a.cfg.Desk.SettingsChanged(ctx, t, kind)
}

// changed lets everybody know and answers with the record.
func (k *collection[T, B]) changed(ctx context.Context, r chat.Record) (*answer[Record[T]], error) {
	if err := k.api.recordsChanged(ctx, r.Tenant, k.kind); err != nil {
		return nil, err
	}
	return ok(Record[T]{r})
}

// patchInput is what is to be changed of a record.
type patchInput[T any] struct {
	Target
	Body Patch[T]
}

// maxPatchRaces bounds how often a patch is laid over what somebody else has just changed.
const maxPatchRaces = 5

func (k *collection[T, B]) update(ctx context.Context, c *call, in *patchInput[T]) (*answer[Record[T]], error) {
	for try := 1; ; try++ {
		r, err := k.read(ctx, c, in.ID)
		if err != nil {
			return nil, err
		}
		if v := in.Body.version; v != 0 && v != r.Version {
			return nil, errOldVersion
		}
		if err := k.replace(ctx, &r, &in.Body); err != nil {
			var e *chat.Error
			if in.Body.version == 0 && try < maxPatchRaces && errors.As(err, &e) && e.Name == errOldVersion.Name {
				continue
			}
			return nil, err
		}
		return k.changed(ctx, r)
	}
}

var errOldVersion = &chat.Error{Code: chat.Conflict, Name: "stale", Message: "it has changed in the meantime; read it again"}

// replace writes a record with a patch on it.
func (k *collection[T, B]) replace(ctx context.Context, r *chat.Record, p *Patch[T]) error {
	if err := k.patched(ctx, r, p); err != nil {
		return err
	}
	r.Version++
	r.UpdatedAt = k.api.cfg.Now().UTC().Truncate(time.Microsecond)
	return k.api.cfg.Store.ReplaceRecord(ctx, *r)
}

// patched lays a patch over a record's body and checks what comes of it.
func (k *collection[T, B]) patched(ctx context.Context, r *chat.Record, p *Patch[T]) error {
	merged, err := p.apply(r.Body)
	if err != nil {
		return err
	}
	b := new(T)
	if err := json.Unmarshal(merged, b); err != nil {
		return chat.Errorf(chat.Malformed, "body: %s", err)
	}
	return k.fill(ctx, r, b)
}

// begin makes a record a new one.
func (k *collection[T, B]) begin(r *chat.Record) {
	now := k.api.cfg.Now().UTC().Truncate(time.Microsecond)
	r.ID, r.Version, r.CreatedAt, r.UpdatedAt = chat.NewID[chat.Record](), 1, now, now
}

func (k *collection[T, B]) remove(ctx context.Context, c *call, in *Target) (*none, error) {
	r, err := k.read(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if err := k.api.cfg.Store.DeleteRecord(ctx, r.Tenant, k.kind, r.ID); err != nil {
		return nil, err
	}
	return &none{}, k.api.recordsChanged(ctx, r.Tenant, k.kind)
}
