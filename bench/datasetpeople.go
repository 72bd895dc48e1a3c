package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/codec"
)

// plan is who there is: everything about a data set but what is said.
type plan struct {
	Dataset
	blocks  int
	tenants []tenantPlan
	upto    []float64 // share of conversations of the tenants up to each
}

// tenantPlan is a tenant with its people.
type tenantPlan struct {
	number   int
	id       codec.UUID
	chinese  float64 // how many of its visitors speak Chinese
	visitors int     // who may come more than once
	agents   []agentPlan
	teams    []codec.UUID
}

type agentPlan struct {
	id   codec.UUID
	team codec.UUID
}

// biggest is the share of the first tenant; the others share the rest as sizes of firms do, few large and many small.
const biggest = 0.10

func newPlan(d Dataset) *plan {
	p := &plan{Dataset: d, blocks: (d.Conversations + perBlock - 1) / perBlock}
	rest := 0.0
	for i := 1; i < d.Tenants; i++ {
		rest += zipf(i)
	}
	sum := 0.0
	for i := range d.Tenants {
		weight := biggest
		if i > 0 {
			weight = (1 - biggest) * zipf(i) / rest
		}
		sum += weight
		p.upto = append(p.upto, sum)
		p.tenants = append(p.tenants, d.tenant(i, weight*float64(d.Conversations)))
	}
	return p
}

func zipf(i int) float64 { return math.Pow(float64(i+15), -0.9) }

// tenant makes up a tenant that will have about so many conversations.
func (d Dataset) tenant(i int, conversations float64) tenantPlan {
	r := rand.New(rand.NewPCG(d.Seed, uint64(i)<<20|1))
	t := tenantPlan{number: i, id: d.id(r, 0), visitors: max(1, int(conversations*0.6)), chinese: [...]float64{0.95, 0.05, 0.9, 0.02, 0.5}[i%5]}
	for range min(12, 2+int(conversations)/4000) {
		t.teams = append(t.teams, d.id(r, 0))
	}
	for n := range min(150, 3+int(conversations)/900) {
		t.agents = append(t.agents, agentPlan{d.id(r, 0), t.teams[n%len(t.teams)]})
	}
	return t
}

// id is a UUIDv7 so long after the beginning.
func (d Dataset) id(r *rand.Rand, after time.Duration) codec.UUID {
	return uuidv7(datasetStart.Add(after).UnixMilli(), r.Uint64(), r.Uint64())
}

// pickTenant chooses by size.
func (p *plan) pickTenant(r *rand.Rand) *tenantPlan {
	i := sort.SearchFloat64s(p.upto, r.Float64()*p.upto[len(p.upto)-1])
	return &p.tenants[min(i, len(p.tenants)-1)]
}

// visitorID is the id of a tenant's visitor by number.
func (p *plan) visitorID(t *tenantPlan, n int) (id codec.UUID) {
	r := rand.NewPCG(p.Seed^0x5eed, uint64(t.number)<<32|uint64(n))
	binary.BigEndian.PutUint64(id[:8], r.Uint64()&^0xF000|0x8000)
	binary.BigEndian.PutUint64(id[8:], r.Uint64()&^(3<<62)|2<<62)
	return id
}

// labelNames are the labels that every tenant has.
var labelNames = [...]string{"refund", "delivery", "vip", "complaint", "pre-sales"}

// labelID is the id of a tenant's label by number.
func (p *plan) labelID(t *tenantPlan, n int) codec.UUID {
	r := rand.NewPCG(p.Seed^0x1abe1, uint64(t.number)<<32|uint64(n))
	return uuidv7(datasetStart.UnixMilli(), r.Uint64(), r.Uint64())
}

var (
	recordColumns  = []string{"tenant", "kind", "id", "name", "body", "version", "created_at", "updated_at"}
	tenantColumns  = []string{"id", "slug", "name", "created_at"}
	siteKeyColumns = []string{"site_key", "tenant", "secrets", "origins"}
	teamColumns    = []string{"tenant", "id", "name", "created_at"}
	agentColumns   = []string{
		"tenant", "id", "email", "name", "role", "teams", "capacity", "password_hash", "disabled", "tokens_after", "created_at",
	}
	visitorColumns = []string{
		"tenant", "id", "external_id", "verified", "name", "email", "locale", "page", "attributes", "created_at",
	}
)

// writePeople writes tenants, site keys, teams, agents, and the visitors who come more than once.
func (p *plan) writePeople(ctx context.Context, conn *pgx.Conn) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // no-op after Commit
	at := datasetStart.UnixMicro()
	var tenants, keys, teams, agents, records [][]any
	visitors := 0
	for i := range p.tenants {
		t := &p.tenants[i]
		slug := fmt.Sprintf("data-%04d", i)
		tenants = append(tenants, []any{t.id[:], slug, fmt.Sprintf("Data %d", i), at})
		keys = append(keys, []any{slug, t.id[:], "[]", "[]"})
		for n := range t.teams {
			teams = append(teams, []any{t.id[:], t.teams[n][:], fmt.Sprintf("Team %d", n+1), at})
		}
		for n, name := range labelNames {
			id := p.labelID(t, n)
			records = append(records, []any{t.id[:], "label", id[:], name, fmt.Sprintf(`{"name":%q,"color":"#64748b"}`, name), int64(1), at, at})
		}
		for n := range t.agents {
			a := &t.agents[n]
			role := "agent"
			if n == 0 {
				role = "admin"
			}
			agents = append(agents, []any{
				t.id[:], a.id[:], fmt.Sprintf("agent%d@%s.test", n, slug), fmt.Sprintf("Agent %d", n), role,
				fmt.Sprintf(`[%q]`, a.team.String()), int64(5 + n%10), "!", int16(0), int64(0), at, // nobody can log in with this hash
			})
		}
		visitors += t.visitors
	}
	for _, c := range []struct {
		table   string
		columns []string
		rows    [][]any
	}{
		{"tenants", tenantColumns, tenants},
		{"site_keys", siteKeyColumns, keys},
		{"teams", teamColumns, teams},
		{"agents", agentColumns, agents},
		{"records", recordColumns, records},
	} {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{c.table}, c.columns, pgx.CopyFromRows(c.rows)); err != nil {
			return fmt.Errorf("copy %s: %w", c.table, err)
		}
	}
	tenant, n := 0, -1
	source := pgx.CopyFromSlice(visitors, func(int) ([]any, error) {
		if n++; n == p.tenants[tenant].visitors {
			tenant, n = tenant+1, 0
		}
		return p.visitor(&p.tenants[tenant], n, 0), nil
	})
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"visitors"}, visitorColumns, source); err != nil {
		return fmt.Errorf("copy visitors: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// visitor is the row of a tenant's visitor by number.
func (p *plan) visitor(t *tenantPlan, n int, after time.Duration) []any {
	r := rand.New(rand.NewPCG(p.Seed^0xface, uint64(t.number)<<32|uint64(n)))
	id := p.visitorID(t, n)
	language, locale := &english, "en-GB"
	if r.Float64() < t.chinese {
		language, locale = &chinese, "zh-CN"
	}
	var external, name, email string
	verified := int16(0)
	if r.IntN(3) == 0 {
		external, verified = fmt.Sprintf("u%08d", n), 1
		email = fmt.Sprintf("u%d@shop%d.test", n, t.number)
	}
	if verified == 1 || r.IntN(4) == 0 {
		name = language.full(r)
	}
	page := fmt.Sprintf("https://shop%d.test/p/%d", t.number, r.IntN(5000))
	attributes := fmt.Sprintf(`{"plan":%q,"orders":%d}`, [...]string{"free", "plus", "pro"}[r.IntN(3)], r.IntN(40))
	return []any{t.id[:], id[:], external, verified, name, email, locale, page, attributes, datasetStart.Add(after).UnixMicro()}
}
