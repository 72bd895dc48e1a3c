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

const stateColumns = `tenant, revision, wanted, built, active, due_at, holder, until, done, total, failure,
	plan_percent, plan_micros, canary, canary_percent, canary_began, canary_ends, old_asked, old_open, new_asked, new_open`

func scanState(scan row) (st chat.KnowledgeState, err error) {
	var due, until, tried, began, ends int64
	var holder []byte
	var failure string
	c := &st.Canary
	err = scan(&st.Tenant, &st.Revision, &st.Wanted, &st.Built, &st.Active, &due, &holder, &until, &st.Done, &st.Total, &failure,
		&st.Plan.Percent, &tried, &c.Version, &c.Percent, &began, &ends, &c.Old.Asked, &c.Old.Open, &c.New.Asked, &c.New.Open)
	if err != nil {
		return st, err
	}
	copy(st.Holder[:], holder)
	st.DueAt, st.Until = FromMicros(due), FromMicros(until)
	st.Plan.For, c.Began, c.Ends = time.Duration(tried)*time.Microsecond, FromMicros(began), FromMicros(ends)
	if failure != "" {
		st.Failure = &chat.KnowledgeFailure{}
		err = json.Unmarshal([]byte(failure), st.Failure)
	}
	return st, err
}

// KnowledgeState implements chat.KnowledgeStore.
func (s *Store) KnowledgeState(ctx context.Context, tenant chat.TenantID) (st chat.KnowledgeState, err error) {
	err = s.read(ctx, Of(tenant), func(ctx context.Context, q Querier) (err error) {
		st, err = scanState(q.QueryRowContext(ctx, `SELECT `+stateColumns+` FROM knowledge_states WHERE tenant = $1`, tenant).Scan)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return chat.KnowledgeState{Tenant: tenant}, nil
	}
	return st, err
}

const versionColumns = `tenant, version, revision, embedder, documents, chunks, used, created_at`

func scanIndex(scan row) (v chat.KnowledgeVersion, err error) {
	return indexOf(scan)
}

func indexOf(scan row, more ...any) (v chat.KnowledgeVersion, err error) {
	var used, created int64
	err = scan(append([]any{&v.Tenant, &v.Version, &v.Revision, &v.Embedder, &v.Documents, &v.Chunks, &used, &created}, more...)...)
	v.Used, v.CreatedAt = used > 0, FromMicros(created)
	return v, err
}

func scanWholeIndex(scan row) (chat.KnowledgeVersion, error) {
	var members []byte
	v, err := indexOf(scan, &members)
	for ; len(members) >= 16; members = members[16:] {
		v.Members = append(v.Members, [16]byte(members))
	}
	return v, err
}

// KnowledgeVersions implements chat.KnowledgeStore.
func (s *Store) KnowledgeVersions(ctx context.Context, tenant chat.TenantID) ([]chat.KnowledgeVersion, error) {
	return readAll(ctx, s, Of(tenant), scanIndex, `SELECT `+versionColumns+` FROM knowledge_versions WHERE tenant = $1 ORDER BY version DESC`, tenant)
}

// KnowledgeVersion implements chat.KnowledgeBuilds.
func (s *Store) KnowledgeVersion(ctx context.Context, tenant chat.TenantID, version int64) (chat.KnowledgeVersion, error) {
	return readOne(ctx, s, Of(tenant), "version", scanWholeIndex, `SELECT `+versionColumns+`, members FROM knowledge_versions WHERE tenant = $1 AND version = $2`, tenant, version)
}

// Reindex implements chat.KnowledgeStore.
func (s *Store) Reindex(ctx context.Context, tenant chat.TenantID, due time.Time) error {
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		a.add(tenant, chat.AuditNote{Action: "knowledge.reindexed", TargetKind: "knowledge"})
		_, err := revise(ctx, q, tenant, due)
		return err
	})
}

// RollBackKnowledge implements chat.KnowledgeStore.
func (s *Store) RollBackKnowledge(ctx context.Context, tenant chat.TenantID, version int64) (v chat.KnowledgeVersion, err error) {
	err = s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		// First a write, so that nobody puts another version in use meanwhile.
		if _, err := q.ExecContext(ctx, `UPDATE knowledge_states SET built = wanted, holder = NULL, until = 0 WHERE tenant = $1`, tenant); err != nil {
			return err
		}
		var active, canary int64
		if err := q.QueryRowContext(ctx, `SELECT active, canary FROM knowledge_states WHERE tenant = $1`, tenant).Scan(&active, &canary); err != nil {
			return err
		}
		where, arg, from := `version = $2`, version, active
		switch {
		case canary > 0:
			if from = canary; version == 0 {
				arg = active
			}
		case version == 0:
			where, arg = `version < $2 AND used > 0`, active
		}
		v, err = scanIndex(q.QueryRowContext(ctx, `SELECT `+versionColumns+` FROM knowledge_versions WHERE tenant = $1 AND `+where+` ORDER BY version DESC LIMIT 1`, tenant, arg).Scan)
		if err != nil {
			return err
		}
		a.add(tenant, chat.AuditNote{Action: "knowledge.rolled_back", TargetKind: "knowledge", Details: details("from", from, "to", v.Version)})
		v.Used = true
		return use(ctx, q, tenant, v.Version)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = &chat.Error{Code: chat.Conflict, Name: "no_such_version", Message: "there is no such version of the index to go back to"}
	}
	return v, err
}

// use puts a version in use. Whatever is tried is not any more.
func use(ctx context.Context, q Querier, tenant chat.TenantID, version int64) error {
	if _, err := q.ExecContext(ctx, `UPDATE knowledge_states SET active = $2, canary = 0 WHERE tenant = $1`, tenant, version); err != nil {
		return err
	}
	_, err := q.ExecContext(ctx, `UPDATE knowledge_versions SET used = 1 WHERE tenant = $1 AND version = $2`, tenant, version)
	return err
}

// forgetVersions removes versions that are too many: of those that were in use, and of those that were only tried.
func forgetVersions(ctx context.Context, q Querier, tenant chat.TenantID) error {
	for used, most := range []int{chat.TriedKnowledgeVersions, chat.KnowledgeVersions} {
		_, err := q.ExecContext(ctx, `DELETE FROM knowledge_versions WHERE tenant = $1 AND used = $2
			AND version NOT IN (SELECT active FROM knowledge_states WHERE tenant = $1) AND version NOT IN (SELECT canary FROM knowledge_states WHERE tenant = $1)
			AND version NOT IN (SELECT version FROM knowledge_versions WHERE tenant = $1 AND used = $2
				AND version NOT IN (SELECT canary FROM knowledge_states WHERE tenant = $1) ORDER BY version DESC LIMIT $3)`, tenant, used, most)
		if err != nil {
			return err
		}
	}
	return nil
}

// HoldKnowledge implements chat.KnowledgeBuilds.
func (s *Store) HoldKnowledge(ctx context.Context, holder [16]byte, now, until time.Time) (st chat.KnowledgeState, held bool, err error) {
	due, err := readAll(ctx, s, System, scanState, `SELECT `+stateColumns+` FROM knowledge_states WHERE wanted > built AND due_at <= $1 AND until <= $1
		ORDER BY due_at LIMIT 8`, Micros(now))
	for i := range due {
		if err != nil || held {
			break
		}
		st = due[i]
		held, err = s.changed(ctx, Of(st.Tenant), `UPDATE knowledge_states SET holder = $2, until = $3, done = 0, total = 0
			WHERE tenant = $1 AND wanted > built AND due_at <= $4 AND until <= $4`, st.Tenant, holder[:], Micros(until), Micros(now))
	}
	if err != nil || !held {
		return chat.KnowledgeState{}, false, err
	}
	st, err = s.KnowledgeState(ctx, st.Tenant)
	return st, err == nil, err
}

// errNotHeld says that somebody else builds, or that a build is not wanted any more.
var errNotHeld = &chat.Error{Code: chat.Conflict, Name: "not_held", Message: "the build is another's, or not wanted any more"}

// holding runs fn if a build is a holder's, who keeps it until the end of the transaction at least.
func (s *Store) holding(ctx context.Context, tenant chat.TenantID, holder [16]byte, set string, args []any, fn func(ctx context.Context, q Querier) error) error {
	return s.held(ctx, "knowledge_states", tenant, holder, set, args, fn)
}

// held is holding for any table of states.
func (s *Store) held(ctx context.Context, table string, tenant chat.TenantID, holder [16]byte, set string, args []any, fn func(ctx context.Context, q Querier) error) error {
	return s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) error {
		res, err := q.ExecContext(ctx, `UPDATE `+table+` SET `+set+` WHERE tenant = $1 AND holder = $2`, append([]any{tenant, holder[:]}, args...)...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errNotHeld)
		}
		if fn == nil {
			return nil
		}
		return fn(ctx, q)
	})
}

// KeepKnowledge implements chat.KnowledgeBuilds.
func (s *Store) KeepKnowledge(ctx context.Context, tenant chat.TenantID, holder [16]byte, until time.Time, done, total int) error {
	return s.holding(ctx, tenant, holder, `until = $3, done = $4, total = $5`, []any{Micros(until), done, total}, nil)
}

// ReleaseKnowledge implements chat.KnowledgeBuilds.
func (s *Store) ReleaseKnowledge(ctx context.Context, tenant chat.TenantID, holder [16]byte, due time.Time) error {
	return s.holding(ctx, tenant, holder, `holder = NULL, until = 0, due_at = CASE WHEN due_at < $3 THEN $3 ELSE due_at END`, []any{Micros(due)}, nil)
}

// FailKnowledge implements chat.KnowledgeBuilds.
func (s *Store) FailKnowledge(ctx context.Context, tenant chat.TenantID, holder [16]byte, f chat.KnowledgeFailure) error {
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return s.holding(ctx, tenant, holder, `built = $3, failure = $4`, []any{f.Revision, string(b)}, nil)
}

// SwapKnowledge implements chat.KnowledgeBuilds.
func (s *Store) SwapKnowledge(ctx context.Context, holder [16]byte, v chat.KnowledgeVersion) (now chat.KnowledgeVersion, err error) {
	members := make([]byte, 0, 16*len(v.Members))
	for i := range v.Members {
		members = append(members, v.Members[i][:]...)
	}
	v.Chunks = len(v.Members)
	err = s.holding(ctx, v.Tenant, holder, `built = $3, failure = ''`, []any{v.Revision}, func(ctx context.Context, q Querier) error {
		now = v
		st, err := scanState(q.QueryRowContext(ctx, `SELECT `+stateColumns+` FROM knowledge_states WHERE tenant = $1`, v.Tenant).Scan)
		if err != nil {
			return err
		}
		for _, version := range []int64{st.Active, st.Canary.Version} {
			old, err := before(ctx, q, scanWholeIndex, `SELECT `+versionColumns+`, members FROM knowledge_versions WHERE tenant = $1 AND version = $2`, v.Tenant, version)
			if err != nil {
				return err
			}
			if old == nil || old.Embedder != v.Embedder || !slices.Equal(old.Members, v.Members) {
				continue
			}
			old.Revision, old.Documents = v.Revision, v.Documents
			now = *old
			if _, err := q.ExecContext(ctx, `UPDATE knowledge_versions SET revision = $3, documents = $4 WHERE tenant = $1 AND version = $2`, v.Tenant, old.Version, v.Revision, v.Documents); err != nil {
				return err
			}
			if version == st.Active { // what was tried is not wanted any more
				return dropCanary(ctx, q, &st)
			}
			return nil
		}
		if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) + 1 FROM knowledge_versions WHERE tenant = $1`, v.Tenant).Scan(&now.Version); err != nil {
			return err
		}
		now.Used = st.Active == 0 || st.Plan.Percent == 0
		if _, err := q.ExecContext(ctx, `INSERT INTO knowledge_versions (`+versionColumns+`, members) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)`, v.Tenant, now.Version,
			v.Revision, v.Embedder, v.Documents, v.Chunks, Micros(v.CreatedAt), members); err != nil {
			return err
		}
		if now.Used {
			err = use(ctx, q, v.Tenant, now.Version)
		} else {
			err = beginCanary(ctx, q, &st, now)
		}
		if err != nil {
			return err
		}
		return forgetVersions(ctx, q, v.Tenant)
	})
	return now, err
}

// ChunkIDs implements chat.KnowledgeBuilds.
func (s *Store) ChunkIDs(ctx context.Context, tenant chat.TenantID) ([][16]byte, error) {
	return readAll(ctx, s, Of(tenant), func(scan row) (id [16]byte, err error) {
		var raw []byte
		err = scan(&raw)
		copy(id[:], raw)
		return id, err
	}, `SELECT id FROM knowledge_chunks WHERE tenant = $1`, tenant)
}

// SaveChunks implements chat.KnowledgeBuilds.
func (s *Store) SaveChunks(ctx context.Context, tenant chat.TenantID, chunks []chat.KnowledgeChunk) error {
	keys, err := s.keys.Ready(ctx, tenant)
	if err != nil {
		return err
	}
	return s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) error {
		for i := range chunks {
			c := &chunks[i]
			if _, err := q.ExecContext(ctx, `INSERT INTO knowledge_chunks (tenant, id, body) VALUES ($1, $2, $3) ON CONFLICT (tenant, id) DO NOTHING`,
				tenant, c.ID[:], keys.Text(c.Body, seal.OfKnowledge("knowledge_chunks.body", c.ID))); err != nil {
				return err
			}
		}
		return nil
	})
}

// chunksAtOnce is how many chunks one statement names.
const chunksAtOnce = 200

// named is a statement's list of ids, from the second placeholder on, and its arguments.
func named(tenant chat.TenantID, ids [][16]byte) (list string, args []any) {
	args = []any{tenant}
	for i := range ids {
		args = append(args, ids[i][:])
	}
	return placeholders(2, len(ids)), args
}

// Chunks implements chat.KnowledgeBuilds.
func (s *Store) Chunks(ctx context.Context, tenant chat.TenantID, ids [][16]byte) (all []chat.KnowledgeChunk, err error) {
	for part := range slices.Chunk(ids, chunksAtOnce) {
		list, args := named(tenant, part)
		page, err := readAll(ctx, s, Of(tenant), func(scan row) (c chat.KnowledgeChunk, err error) {
			var id []byte
			err = scan(&id, &c.Body)
			copy(c.ID[:], id)
			return c, err
		}, `SELECT id, body FROM knowledge_chunks WHERE tenant = $1 AND id IN (`+list+`)`, args...)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if err := s.keys.Chunk(ctx, tenant, &page[i]); err != nil {
				return nil, err
			}
			if page[i].Body != "" {
				all = append(all, page[i])
			}
		}
	}
	return all, nil
}

// DropChunks implements chat.KnowledgeBuilds.
func (s *Store) DropChunks(ctx context.Context, tenant chat.TenantID, holder [16]byte, ids [][16]byte) error {
	for part := range slices.Chunk(ids, chunksAtOnce) {
		list, args := named(tenant, part)
		err := s.holding(ctx, tenant, holder, `until = until`, nil, func(ctx context.Context, q Querier) error {
			_, err := q.ExecContext(ctx, `DELETE FROM knowledge_chunks WHERE tenant = $1 AND id IN (`+list+`)`, args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
