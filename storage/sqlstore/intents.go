package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

const intentColumns = `tenant, id, name, action, team, count, created_at, updated_at, about`

// keptIntent is an intent as its row has it.
type keptIntent struct {
	chat.Intent
	about, examples string // sealed, where tenants' texts are
}

// intentAbout is what stands in the column about.
type intentAbout struct {
	Description string         `json:"description,omitempty"`
	Reply       chat.Bilingual `json:"reply,omitzero"`
}

func intentOf(scan row, more ...any) (i keptIntent, err error) {
	var created, updated int64
	err = scan(append([]any{&i.Tenant, &i.ID, &i.Name, &i.Action, &i.Team, &i.Count, &created, &updated, &i.about}, more...)...)
	i.CreatedAt, i.UpdatedAt = FromMicros(created), FromMicros(updated)
	return i, err
}

func scanIntent(scan row) (keptIntent, error) { return intentOf(scan) }

func scanWholeIntent(scan row) (keptIntent, error) {
	var examples string
	i, err := intentOf(scan, &examples)
	i.examples = examples
	return i, err
}

func scanTrainingIntent(scan row) (keptIntent, error) {
	var examples, vectors string
	i, err := intentOf(scan, &examples, &vectors)
	i.examples, i.Vectors = examples, vectors
	return i, err
}

// decode makes an intent of opened texts. What could not be opened is empty.
func (i *keptIntent) decode(about, examples string) error {
	if about != "" {
		var a intentAbout
		if err := json.Unmarshal([]byte(about), &a); err != nil {
			return err
		}
		i.Description, i.Reply = a.Description, a.Reply
	}
	if examples == "" {
		return nil
	}
	return json.Unmarshal([]byte(examples), &i.Examples)
}

// openIntent opens an intent; what can't be opened is empty.
func (s *Store) openIntent(ctx context.Context, i *keptIntent) error {
	about, examples := i.about, i.examples
	for _, t := range []struct {
		text   *string
		column string
	}{{&about, "ai_intents.about"}, {&examples, "ai_intents.examples"}, {&i.Vectors, "ai_intents.vectors"}} {
		if err := s.keys.Known(ctx, i.Tenant, t.text, t.column, i.ID); err != nil {
			return err
		}
	}
	return i.decode(about, examples)
}

// Intents implements chat.IntentStore.
func (s *Store) Intents(ctx context.Context, tenant chat.TenantID) ([]chat.Intent, error) {
	return s.intents(ctx, tenant, scanIntent, `SELECT `+intentColumns+` FROM ai_intents WHERE tenant = $1 ORDER BY name`)
}

// TrainingIntents implements chat.IntentStore.
func (s *Store) TrainingIntents(ctx context.Context, tenant chat.TenantID) ([]chat.Intent, error) {
	all, err := s.intents(ctx, tenant, scanTrainingIntent, `SELECT `+intentColumns+`, examples, vectors FROM ai_intents WHERE tenant = $1 ORDER BY name`)
	return slices.DeleteFunc(all, func(i chat.Intent) bool { return len(i.Examples) != i.Count }), err
}

func (s *Store) intents(ctx context.Context, tenant chat.TenantID, scan func(row) (keptIntent, error), query string) ([]chat.Intent, error) {
	rows, err := readAll(ctx, s, Of(tenant), scan, query, tenant)
	out := make([]chat.Intent, len(rows))
	for i := range rows {
		if err == nil {
			err = s.openIntent(ctx, &rows[i])
		}
		out[i] = rows[i].Intent
	}
	return out, err
}

// Intent implements chat.IntentStore.
func (s *Store) Intent(ctx context.Context, tenant chat.TenantID, name string) (chat.Intent, error) {
	i, err := readOne(ctx, s, Of(tenant), "intent", scanWholeIntent, `SELECT `+intentColumns+`, examples FROM ai_intents WHERE tenant = $1 AND name = $2`, tenant, name)
	if err == nil {
		err = s.openIntent(ctx, &i)
	}
	return i.Intent, err
}

// ChangeIntents implements chat.IntentStore.
func (s *Store) ChangeIntents(ctx context.Context, tenant chat.TenantID, due time.Time, change func(all []chat.Intent) ([]chat.Intent, error)) error {
	keys, err := s.keys.Ready(ctx, tenant)
	if err != nil {
		return err
	}
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		// First a write, so that two changes stand in line.
		if _, err := q.ExecContext(ctx, `INSERT INTO ai_intent_states (tenant, revision, trained, due_at, until, report) VALUES ($1, 0, 0, 0, 0, '')
			ON CONFLICT (tenant) DO UPDATE SET revision = ai_intent_states.revision`, tenant); err != nil {
			return err
		}
		rows, err := q.QueryContext(ctx, `SELECT `+intentColumns+`, examples FROM ai_intents WHERE tenant = $1 ORDER BY name`, tenant)
		if err != nil {
			return err
		}
		old, err := collect(rows, scanWholeIntent)
		if err != nil {
			return err
		}
		all := make([]chat.Intent, len(old))
		for i := range old {
			o := &old[i]
			about, aerr := keys.OpenText(o.about, seal.OfKnowledge("ai_intents.about", o.ID))
			examples, eerr := keys.OpenText(o.examples, seal.OfKnowledge("ai_intents.examples", o.ID))
			if aerr != nil {
				about = "" // it can be replaced, or deleted
			}
			if eerr != nil {
				examples = ""
			}
			if err := o.decode(about, examples); err != nil {
				return err
			}
			all[i] = o.Intent
			all[i].Examples = slices.Clone(o.Examples)
		}
		next, err := change(all)
		if err != nil {
			return err
		}
		if err := chat.CheckIntents(next); err != nil {
			return err
		}
		w := intentWriter{keys: keys, q: q, a: a, tenant: tenant}
		if err := w.write(ctx, old, next); err != nil || !w.wrote {
			return err
		}
		_, err = q.ExecContext(ctx, `UPDATE ai_intent_states SET revision = revision + 1, due_at = $2 WHERE tenant = $1`, tenant, Micros(due))
		return err
	})
}

// intentWriter brings a tenant's rows from what they were to what they are to be.
type intentWriter struct {
	keys   *seal.Tenant
	q      Querier
	a      *acts
	tenant chat.TenantID
	wrote  bool
}

func (w *intentWriter) write(ctx context.Context, old []keptIntent, next []chat.Intent) error {
	stays := map[chat.IntentID]bool{}
	for i := range next {
		stays[next[i].ID] = true
	}
	before := map[chat.IntentID]*keptIntent{}
	for i := range old { // deletions first: a name may be another's by then
		if stays[old[i].ID] {
			before[old[i].ID] = &old[i]
			continue
		}
		w.wrote = true
		w.a.add(w.tenant, chat.AuditNote{Action: "intent.deleted", TargetKind: "intent", TargetID: old[i].ID.String(), TargetName: old[i].Name})
		if _, err := w.q.ExecContext(ctx, `DELETE FROM ai_intents WHERE tenant = $1 AND id = $2`, w.tenant, old[i].ID); err != nil {
			return err
		}
	}
	for i := range next {
		if err := w.save(ctx, before[next[i].ID], &next[i]); err != nil {
			return err
		}
	}
	return nil
}

// save writes one intent if it differs. old is nil if it is new.
func (w *intentWriter) save(ctx context.Context, old *keptIntent, i *chat.Intent) error {
	var was *chat.Intent
	if old != nil {
		was = &old.Intent
	}
	c := changesOf(was, i, func(c *changes, old, now *chat.Intent) {
		c.field("name", old.Name, now.Name)
		c.field("action", old.Action, now.Action)
		c.field("team_id", old.Team.String(), now.Team.String())
		c.field("examples_count", old.Count, len(now.Examples))
		c.secret("description", old.Description != now.Description)
		c.secret("reply", old.Reply != now.Reply)
		c.secret("examples", !slices.Equal(old.Examples, now.Examples))
	})
	if was != nil && len(c) == 0 {
		return nil
	}
	w.wrote = true
	about, err := json.Marshal(intentAbout{i.Description, i.Reply})
	if err != nil {
		return err
	}
	examples, err := json.Marshal(i.Examples)
	if err != nil {
		return err
	}
	if was == nil {
		i.ID = chat.NewID[chat.Intent]()
	}
	args := []any{
		w.tenant, i.ID, i.Name, i.Action, i.Team[:], len(i.Examples), Micros(i.CreatedAt), Micros(i.UpdatedAt),
		w.keys.Text(string(about), seal.OfKnowledge("ai_intents.about", i.ID)), w.keys.Text(string(examples), seal.OfKnowledge("ai_intents.examples", i.ID)),
	}
	w.a.saved(w.tenant, "intent", i.ID.String(), i.Name, was != nil, c)
	if was == nil {
		_, err = w.q.ExecContext(ctx, `INSERT INTO ai_intents (`+intentColumns+`, examples, vectors) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '')`, args...)
		return err
	}
	_, err = w.q.ExecContext(ctx, `UPDATE ai_intents SET name = $3, action = $4, team = $5, count = $6, created_at = $7, updated_at = $8, about = $9, examples = $10
		WHERE tenant = $1 AND id = $2`, args...)
	return err
}

const intentStateColumns = `tenant, revision, trained, due_at, holder, until, report`

func scanIntentState(scan row) (st chat.IntentState, err error) {
	var due, until int64
	var holder []byte
	var report string
	if err = scan(&st.Tenant, &st.Revision, &st.Trained, &due, &holder, &until, &report); err != nil {
		return st, err
	}
	copy(st.Holder[:], holder)
	st.DueAt, st.Until = FromMicros(due), FromMicros(until)
	if report != "" {
		st.Report = &chat.IntentReport{}
		err = json.Unmarshal([]byte(report), st.Report)
	}
	return st, err
}

// IntentState implements chat.IntentStore.
func (s *Store) IntentState(ctx context.Context, tenant chat.TenantID) (st chat.IntentState, err error) {
	err = s.read(ctx, Of(tenant), func(ctx context.Context, q Querier) (err error) {
		st, err = scanIntentState(q.QueryRowContext(ctx, `SELECT `+intentStateColumns+` FROM ai_intent_states WHERE tenant = $1`, tenant).Scan)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return chat.IntentState{Tenant: tenant}, nil
	}
	return st, err
}

// HoldIntents implements chat.IntentStore.
func (s *Store) HoldIntents(ctx context.Context, holder [16]byte, now, until time.Time) (st chat.IntentState, held bool, err error) {
	due, err := readAll(ctx, s, System, scanIntentState, `SELECT `+intentStateColumns+` FROM ai_intent_states WHERE revision > trained AND due_at <= $1 AND until <= $1
		ORDER BY due_at LIMIT 8`, Micros(now))
	for i := range due {
		if err != nil || held {
			break
		}
		st = due[i]
		held, err = s.changed(ctx, Of(st.Tenant), `UPDATE ai_intent_states SET holder = $2, until = $3 WHERE tenant = $1 AND revision > trained AND due_at <= $4 AND until <= $4`,
			st.Tenant, holder[:], Micros(until), Micros(now))
	}
	if err != nil || !held {
		return chat.IntentState{}, false, err
	}
	st, err = s.IntentState(ctx, st.Tenant)
	return st, err == nil, err
}

// KeepIntents implements chat.IntentStore.
func (s *Store) KeepIntents(ctx context.Context, tenant chat.TenantID, holder [16]byte, until time.Time) error {
	return s.held(ctx, "ai_intent_states", tenant, holder, `until = $3`, []any{Micros(until)}, nil)
}

// ReleaseIntents implements chat.IntentStore.
func (s *Store) ReleaseIntents(ctx context.Context, tenant chat.TenantID, holder [16]byte, due time.Time) error {
	return s.held(ctx, "ai_intent_states", tenant, holder, `holder = NULL, until = 0, due_at = CASE WHEN due_at < $3 THEN $3 ELSE due_at END`, []any{Micros(due)}, nil)
}

// FinishIntents implements chat.IntentStore.
func (s *Store) FinishIntents(ctx context.Context, tenant chat.TenantID, holder [16]byte, t chat.IntentTraining) error {
	keys, err := s.keys.Ready(ctx, tenant)
	if err != nil {
		return err
	}
	report, err := t.Report.Encode()
	if err != nil {
		return err
	}
	return s.held(ctx, "ai_intent_states", tenant, holder, `trained = $3, report = $4, holder = NULL, until = 0`, []any{t.Revision, report}, func(ctx context.Context, q Querier) error {
		for id, vectors := range t.Vectors {
			if _, err := q.ExecContext(ctx, `UPDATE ai_intents SET vectors = $3 WHERE tenant = $1 AND id = $2`,
				tenant, id, keys.Text(vectors, seal.OfKnowledge("ai_intents.vectors", id))); err != nil {
				return err
			}
		}
		return nil
	})
}
