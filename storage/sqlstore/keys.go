package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// Seal makes the store seal what it writes, and open what it reads, with a keyring. Before anything is read or written.
func (s *Store) Seal(k *seal.Keyring) { s.keys = k }

// Keyring is what the store seals with; nil if encryption is off.
func (s *Store) Keyring() *seal.Keyring { return s.keys }

func scanKeyRow(scan row) (r seal.Row, err error) {
	var created int64
	err = scan(&r.ID, &r.Master, &r.Wrapped, &created)
	r.Created = FromMicros(created)
	return r, err
}

// Keys implements seal.Table.
func (s *Store) Keys(ctx context.Context, tenant chat.TenantID) (keys []seal.Row, done int64, err error) {
	err = s.read(ctx, System, func(ctx context.Context, q Querier) (err error) {
		keys, done, err = readKeys(ctx, q, tenant)
		return err
	})
	return keys, done, err
}

// readKeys reads a tenant's keys and the target that all of its rows have reached.
func readKeys(ctx context.Context, q Querier, tenant chat.TenantID) (keys []seal.Row, done int64, err error) {
	rows, err := q.QueryContext(ctx, `SELECT id, master, wrapped, created_at FROM tenant_keys WHERE tenant = $1 ORDER BY id`, tenant)
	if err != nil {
		return nil, 0, err
	}
	if keys, err = collect(rows, scanKeyRow); err != nil {
		return nil, 0, err
	}
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MAX(target), -1) FROM seal_progress WHERE tenant = $1 AND part = ''`, tenant).Scan(&done)
	return keys, done, err
}

// AddKeys implements seal.Table.
func (s *Store) AddKeys(ctx context.Context, tenant chat.TenantID, keys ...seal.Row) error {
	return s.write(ctx, System, func(ctx context.Context, q Querier) error {
		for _, k := range keys {
			if err := addKey(ctx, q, tenant, k); err != nil {
				return err
			}
		}
		return keysChanged(ctx, q)
	})
}

// addKey adds a key, unless there is one with its id, or the tenant's were erased.
func addKey(ctx context.Context, q Querier, tenant chat.TenantID, k seal.Row) error {
	var erased int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM tenant_keys WHERE tenant = $1 AND id = $2`, tenant, int64(seal.Erased)).Scan(&erased); err != nil || erased > 0 {
		return err
	}
	_, err := q.ExecContext(ctx, `INSERT INTO tenant_keys (tenant, id, master, wrapped, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (tenant, id) DO NOTHING`, tenant, k.ID, k.Master, k.Wrapped, Micros(k.Created))
	return err
}

// keysChanged makes all nodes look at their keys again.
func keysChanged(ctx context.Context, q Querier) error {
	_, err := q.ExecContext(ctx, `UPDATE seal_state SET version = version + 1`)
	return err
}

func scanVersion(scan row) (v int64, err error) {
	err = scan(&v)
	return v, err
}

// KeyVersion implements seal.Table.
func (s *Store) KeyVersion(ctx context.Context) (int64, error) {
	return readOne(ctx, s, System, "version", scanVersion, `SELECT version FROM seal_state`)
}

// SealedTenants lists the tenants that have keys, or whose keys were erased.
func (s *Store) SealedTenants(ctx context.Context) ([]chat.TenantID, error) {
	return readAll(ctx, s, System, scanID[chat.Tenant], `SELECT DISTINCT tenant FROM tenant_keys ORDER BY tenant`)
}

// Rotation says what RotateKeys does.
type Rotation struct {
	Rewrapped int // keys that the newest master key now seals
	Added     int // new data keys
}

// RotateKeys seals all of a tenant's keys with the newest master key, and, if fresh, adds a data key that seals from now on. What is
// sealed already is sealed anew by the nodes, in time.
func (s *Store) RotateKeys(ctx context.Context, m *seal.Masters, tenant chat.TenantID, fresh bool) (done Rotation, err error) {
	err = s.audited(ctx, System, func(ctx context.Context, q Querier, a *acts) error {
		done = Rotation{}
		// First a write, so that two rotations stand in line.
		if err := keysChanged(ctx, q); err != nil {
			return err
		}
		keys, _, err := readKeys(ctx, q, tenant)
		if err != nil {
			return err
		}
		newest := int64(0)
		for _, k := range keys {
			if k.ID == seal.Erased {
				return nil
			}
			newest = max(newest, k.ID)
			again, changed, err := m.Rewrap(tenant, k)
			if err != nil {
				return err
			}
			if !changed {
				continue
			}
			if _, err := q.ExecContext(ctx, `UPDATE tenant_keys SET master = $3, wrapped = $4 WHERE tenant = $1 AND id = $2`, tenant, k.ID, again.Master, again.Wrapped); err != nil {
				return err
			}
			done.Rewrapped++
		}
		if fresh && newest > 0 {
			done.Added++
			if err := addKey(ctx, q, tenant, m.NewRow(tenant, newest+1)); err != nil {
				return err
			}
		}
		if done != (Rotation{}) {
			a.add(tenant, chat.AuditNote{Action: "keys.rotated", TargetKind: "tenant", TargetID: tenant.String(), Details: details("new", done.Added, "sealed_anew", done.Rewrapped)})
		}
		return nil
	})
	if err != nil {
		return done, fmt.Errorf("rotate keys: %w", err)
	}
	return done, nil
}

// wrappedLen is how long a sealed key is.
const wrappedLen = 72

// EraseKeys removes a tenant's keys for good: nothing that was sealed with them can be read again. It stays erased.
func (s *Store) EraseKeys(ctx context.Context, tenant chat.TenantID, at time.Time) error {
	err := s.audited(ctx, System, func(ctx context.Context, q Querier, a *acts) error {
		a.add(tenant, chat.AuditNote{Action: "keys.erased", TargetKind: "tenant", TargetID: tenant.String()})
		if _, ok := s.index.(SQLiteIndex); ok {
			if _, err := q.ExecContext(ctx, `PRAGMA secure_delete = ON`); err != nil {
				return err
			}
		}
		// Overwritten first: an engine may keep the bytes of what is deleted.
		if _, err := q.ExecContext(ctx, `UPDATE tenant_keys SET master = '', wrapped = $2 WHERE tenant = $1`, tenant, make([]byte, wrappedLen)); err != nil {
			return err
		}
		if _, err := q.ExecContext(ctx, `DELETE FROM tenant_keys WHERE tenant = $1`, tenant); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `INSERT INTO tenant_keys (tenant, id, master, wrapped, created_at) VALUES ($1, $2, '', $3, $4)`,
			tenant, int64(seal.Erased), []byte{}, Micros(at))
		if err != nil {
			return err
		}
		return keysChanged(ctx, q)
	})
	if err != nil {
		return fmt.Errorf("erase keys: %w", err)
	}
	return nil
}

// RetireKeys removes data keys that nothing is sealed with any more: those below the target that all of a tenant's rows have
// reached, if the next one is older than an age, by when nothing that waits anywhere can be sealed with them. It returns how many.
func (s *Store) RetireKeys(ctx context.Context, tenant chat.TenantID, now time.Time, age time.Duration) (n int, err error) {
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		n = 0
		keys, done, err := readKeys(ctx, q, tenant)
		if err != nil {
			return err
		}
		for i, k := range keys {
			if k.ID < 1 || k.ID >= done || i+1 == len(keys) {
				continue
			}
			if next := keys[i+1]; now.Sub(next.Created) < age {
				continue
			}
			if _, err := q.ExecContext(ctx, `DELETE FROM tenant_keys WHERE tenant = $1 AND id = $2`, tenant, k.ID); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			return nil
		}
		return keysChanged(ctx, q)
	})
	if err != nil {
		return 0, fmt.Errorf("retire keys: %w", err)
	}
	return n, nil
}

// StillSealed reports whether there are rows that can't be read without keys.
func (s *Store) StillSealed(ctx context.Context) (bool, error) {
	n, err := readOne(ctx, s, System, "count", scanVersion, `SELECT COUNT(*) FROM tenant_keys k WHERE k.id > 0 AND NOT EXISTS
		(SELECT 1 FROM seal_progress p WHERE p.tenant = k.tenant AND p.part = '' AND p.target = 0)`)
	return n > 0, err
}

// BeginSealing notes in which form rows are written from now on: what was brought to the other one is not finished any more.
func (s *Store) BeginSealing(ctx context.Context, seals bool) error {
	if seals {
		return s.sealAnew(ctx, `target = 0`)
	}
	return s.sealAnew(ctx, `target > 0`)
}

// SealAgain has everything looked through once more, because some of it may not be in the form that is written: a node without keys
// wrote it.
func (s *Store) SealAgain(ctx context.Context) error { return s.sealAnew(ctx, `target >= 0`) }

// sealAnew makes parts be gone through from their beginning.
func (s *Store) sealAnew(ctx context.Context, which string) error {
	return s.write(ctx, System, func(ctx context.Context, q Querier) error {
		res, err := q.ExecContext(ctx, `UPDATE seal_progress SET target = -1 WHERE `+which)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return keysChanged(ctx, q)
	})
}

// Sealing is how a tenant's rows are sealed.
type Sealing struct {
	Tenant chat.TenantID
	Keys   []int64 // live data keys, the newest last
	Erased bool
	// Reached is the data key that all rows are sealed with, or a later one; 0: they are plain; -1: they may be anything.
	Reached int64
}

// Sealing tells of all tenants that have keys, or had.
func (s *Store) Sealing(ctx context.Context) (all []Sealing, err error) {
	tenants, err := s.SealedTenants(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tenants {
		keys, done, err := s.Keys(ctx, t)
		if err != nil {
			return nil, err
		}
		one := Sealing{Tenant: t, Reached: done}
		for _, k := range keys {
			switch {
			case k.ID == seal.Erased:
				one.Erased = true
			case k.ID > 0:
				one.Keys = append(one.Keys, k.ID)
			}
		}
		all = append(all, one)
	}
	return all, nil
}
