package chat

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Person is a visitor as the staff knows it.
type Person struct {
	Visitor
	Phone   string
	Version uint64 // counts the staff's changes, from 1
	// SeenAt is when the visitor was last here, as far as rows tell: while it is here, or if it never wrote since, later.
	SeenAt time.Time
	// ErasedAt is when everything about the person was erased; zero if it was not.
	ErasedAt      time.Time
	Conversations int // counted up to 1000
}

// PersonFilter narrows a list of people. Zero fields ask for nothing.
type PersonFilter struct {
	Text     string // part of the name, e-mail address, telephone number or the shop's id; case does not matter (in ASCII)
	Verified *bool
	Since    time.Time // came first at this time or later
	Until    time.Time // came first before this time
	// Only and Not are visitors of whom alone, and of whom not, the list is; nil asks for nothing.
	Only, Not []VisitorID
	Cursor    string
	Limit     int // 1 to 200
}

// People are the rows of visitors, for the staff. An erased one is in no list, and Person finds it by the id that it has now.
type People interface {
	Person(ctx context.Context, tenant TenantID, id VisitorID) (Person, error)
	// People lists, who came last first; next is empty at the end.
	People(ctx context.Context, tenant TenantID, f PersonFilter) (page []Person, next string, err error)
	// ChangePerson changes Name, Email, Phone and Attributes of the one whose Version is p.Version-1. Conflict if it has another;
	// NotFound if there is none.
	ChangePerson(ctx context.Context, p Person) error
	// PersonFiles lists the files that a visitor sent up and those of its conversations; next is empty at the end.
	PersonFiles(ctx context.Context, tenant TenantID, id VisitorID, cursor string, limit int) (page []Upload, next string, err error)
	Trails
	Erasures
}

// Bounds of what is known of a person, in bytes.
const (
	MaxPersonName       = 200
	MaxPersonEmail      = 320
	MaxPersonPhone      = 40
	MaxPersonAttributes = 4 << 10
)

// PersonChange is what the staff writes of a person: nil leaves what is there, an empty text takes it away.
type PersonChange struct {
	Name, Email, Phone *string
	Attributes         json.RawMessage // a merge patch (RFC 7396): members that are null go
	Version            uint64          // the one that the caller has seen; 0: whichever there is
}

// check judges the sizes and shapes of a change, and brings texts into their form.
func (c *PersonChange) check() error {
	for _, f := range []struct {
		name  string
		value *string
		most  int
	}{
		{"name", c.Name, MaxPersonName},
		{"email", c.Email, MaxPersonEmail},
		{"phone", c.Phone, MaxPersonPhone},
	} {
		if f.value == nil {
			continue
		}
		*f.value = strings.TrimSpace(*f.value)
		if len(*f.value) > f.most || !isPlain(*f.value) {
			return Errorf(Malformed, "%s: must be UTF-8 of at most %d bytes", f.name, f.most)
		}
	}
	if c.Email != nil {
		*c.Email = strings.ToLower(*c.Email)
		if at := strings.IndexByte(*c.Email, '@'); *c.Email != "" && (at < 1 || at == len(*c.Email)-1) {
			return Errorf(Malformed, "email: is no e-mail address")
		}
	}
	return nil
}

// apply lays a change over a person, and reports whether that changes anything.
func (c *PersonChange) apply(p *Person) (changed bool, err error) {
	for _, f := range []struct {
		from *string
		to   *string
	}{{c.Name, &p.Name}, {c.Email, &p.Email}, {c.Phone, &p.Phone}} {
		if f.from != nil && *f.from != *f.to {
			*f.to, changed = *f.from, true
		}
	}
	if c.Attributes == nil {
		return changed, nil
	}
	merged, differs, err := mergePatch(p.Attributes, c.Attributes)
	if err != nil {
		return false, Errorf(Malformed, "attributes: must be a JSON object without U+0000, with no number beyond 1e308, at most %d levels deep", maxDepth)
	}
	if len(merged) > MaxPersonAttributes {
		return false, Errorf(Malformed, "attributes: must be at most %d bytes", MaxPersonAttributes)
	}
	p.Attributes = merged
	return changed || differs, nil
}

var errOldPerson = &Error{Code: Conflict, Name: "stale", Message: "it has changed in the meantime; read it again"}

// ChangePerson changes what is known of a person, and returns what it is now.
func (d *Desk) ChangePerson(ctx context.Context, a *Actor, id VisitorID, c PersonChange) (Person, error) {
	if err := c.check(); err != nil {
		return Person{}, err
	}
	for range maxRaces {
		p, err := d.Person(ctx, a, id)
		if err != nil {
			return Person{}, err
		}
		if !p.ErasedAt.IsZero() {
			return Person{}, &Error{Code: Conflict, Name: "erased", Message: "the person was erased"}
		}
		if c.Version != 0 && c.Version != p.Version {
			return Person{}, errOldPerson
		}
		changed, err := c.apply(&p)
		if err != nil || !changed {
			return p, err
		}
		p.Version++
		err = d.store.ChangePerson(ctx, p)
		if CodeOf(err) == Conflict && c.Version == 0 {
			continue
		}
		return p, err
	}
	return Person{}, errOldPerson
}

// Person returns what is known of a visitor of the actor's tenant. One who has just written may be known to the log only: then
// its row is waited for.
func (d *Desk) Person(ctx context.Context, a *Actor, id VisitorID) (Person, error) {
	p, err := d.store.Person(ctx, a.Tenant, id)
	if CodeOf(err) != NotFound || err == nil {
		return p, err
	}
	if writes, serr := d.SettlePerson(ctx, a, id); serr != nil || !writes {
		return p, err
	}
	return d.store.Person(ctx, a.Tenant, id)
}

// SettlePerson waits until the rows have what a visitor has said in its open conversation, and reports whether it has one.
func (d *Desk) SettlePerson(ctx context.Context, a *Actor, id VisitorID) (bool, error) {
	open, err := d.log.OpenConversations(ctx, VisitorKey{a.Tenant, id})
	if err != nil || open[0].IsZero() {
		return false, err
	}
	key := Key{a.Tenant, open[0]}
	heads, err := d.log.Heads(ctx, key)
	if err != nil {
		return false, err
	}
	return true, d.settle(ctx, key, heads[0].Last)
}

// Blocks reports whether the tenant's blocklist names a visitor.
func (d *Desk) Blocks(ctx context.Context, t TenantID, id VisitorID) bool {
	return d.Blocked(ctx, t, Suspect{Visitor: id})
}

// People lists a tenant's people. blocked asks for those whom the blocklist names, or does not name; nil for all.
func (d *Desk) People(ctx context.Context, a *Actor, f PersonFilter, blocked *bool) ([]Person, string, error) {
	if blocked != nil {
		named := d.settings.get(ctx, a.Tenant).blocks.named(d.now())
		if *blocked {
			f.Only = named
		} else {
			f.Not = named
		}
	}
	return d.store.People(ctx, a.Tenant, f)
}

// named returns the visitors whom a blocklist names at a time; never nil.
func (b *blocklist) named(now time.Time) []VisitorID {
	out := []VisitorID{}
	if b == nil {
		return out
	}
	for id, until := range b.visitors {
		if until.IsZero() || now.Before(until) {
			out = append(out, id)
		}
	}
	return out
}

// Has reports whether a text is part of the person's name, e-mail address, telephone number or the shop's id, whatever its case.
func (p *Person) Has(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{p.Name, p.Email, p.ExternalID, p.Phone}, func(s string) bool { return strings.Contains(strings.ToLower(s), text) })
}
