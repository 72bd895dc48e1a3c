package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/storage/project"
)

const (
	leaseLife = 10 * time.Second // how long a projector that says nothing counts as alive
	leaseBeat = 3 * time.Second
	handOver  = 300 * time.Millisecond // between looks while another projector has what is wanted here
)

// holder is what the database says of a partition.
type holder struct {
	position
	owner string
}

// keep holds leases until ctx ends, and then gives them back. Whoever is alive gets its share of the partitions: a projector's
// row says until when it is alive, and a partition is free once its owner gave it back or is dead. Nothing depends on its being
// in time: the fence sees to it that one owner commits.
func (p *Projector) keep(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-p.doubt:
		}
		beat, cancel := context.WithTimeout(ctx, leaseLife)
		missing, err := p.beat(beat)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.trouble.say(p.logger, "keep the leases of the projection", err)
			timer.Reset(time.Second)
		case missing > 0:
			timer.Reset(handOver)
		default:
			timer.Reset(leaseBeat)
		}
	}
}

// beat says that this projector is alive, looks who else is, gives back what is another's and takes what is free. It returns
// how many partitions it wants and doesn't have.
func (p *Projector) beat(ctx context.Context) (missing int, err error) {
	var nodes []string
	var holders []holder
	batch := &pgx.Batch{}
	batch.Queue(`BEGIN`)
	batch.Queue(asSystem)
	batch.Queue(`INSERT INTO log_projectors (node, alive_until) VALUES ($1, clock_timestamp() + $2::bigint * interval '1 ms')
		ON CONFLICT (node) DO UPDATE SET alive_until = excluded.alive_until`, p.node, leaseLife.Milliseconds())
	batch.Queue(`DELETE FROM log_projectors WHERE alive_until < clock_timestamp() - interval '1 hour'`)
	batch.Queue(`SELECT node FROM log_projectors WHERE alive_until > clock_timestamp()`).Query(func(rows pgx.Rows) (err error) {
		nodes, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	batch.Queue(`SELECT partition, fence, floor, epoch, n, tag, owner FROM log_partitions`).Query(func(rows pgx.Rows) (err error) {
		holders, err = pgx.CollectRows(rows, scanHolder)
		return err
	})
	batch.Queue(`COMMIT`)
	if err := p.db.pool.SendBatch(ctx, batch).Close(); err != nil {
		return 0, fmt.Errorf("say that this node is alive: %w", err)
	}
	wanted := share(p.node, nodes)
	p.reconcile(holders, wanted)
	var free []holder
	for _, h := range holders {
		if !wanted[h.partition] || p.has(h.partition) {
			continue
		}
		missing++
		if h.owner == "" || h.owner == p.node || !slices.Contains(nodes, h.owner) {
			free = append(free, h)
		}
	}
	if err := p.giveBack(ctx, holders, wanted); err != nil {
		return missing, err
	}
	taken, err := p.take(ctx, free)
	return missing - taken, err
}

func scanHolder(row pgx.CollectableRow) (h holder, err error) {
	var floor, epoch, n int64
	var tag []byte
	err = row.Scan(&h.partition, &h.fence, &floor, &epoch, &n, &tag, &h.owner)
	h.floor, h.cursor = uint64(floor), project.Cursor{Epoch: uint64(epoch), N: uint64(n)}
	copy(h.cursor.Tag[:], tag)
	return h, err
}

// share is the partitions that fall to a node: of all nodes it has the highest number for them (rendezvous hashing, Thaler and
// Ravishankar 1998), so a node that comes or goes moves only its own.
func share(node string, nodes []string) (mine [project.Partitions]bool) {
	for i := range mine {
		own := weight(node, i)
		mine[i] = !slices.ContainsFunc(nodes, func(other string) bool {
			w := weight(other, i)
			return w > own || w == own && other > node
		})
	}
	return mine
}

func weight(node string, partition int) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", partition, node))
	return binary.BigEndian.Uint64(sum[:8])
}

// reconcile drops what was taken over, and begins anew with what has forked.
func (p *Projector) reconcile(holders []holder, wanted [project.Partitions]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range holders {
		mine, ok := p.held[h.partition]
		switch {
		case !ok:
		case h.owner != p.node || h.fence != mine.fence || !wanted[h.partition]:
			delete(p.held, h.partition)
		case h.floor != mine.floor:
			p.held[h.partition] = h.position.started()
		}
	}
}

// started is the position that reading begins at.
func (p position) started() position {
	if p.cursor.N == 0 {
		p.cursor = project.Cursor{}
	}
	return p
}

func (p *Projector) has(partition int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.held[partition]
	return ok
}

// giveBack frees partitions that are this node's and fall to another.
func (p *Projector) giveBack(ctx context.Context, holders []holder, wanted [project.Partitions]bool) error {
	var surplus []int16
	for _, h := range holders {
		if h.owner == p.node && !wanted[h.partition] {
			surplus = append(surplus, int16(h.partition))
		}
	}
	if len(surplus) == 0 {
		return nil
	}
	_, err := p.db.pool.Exec(ctx, `UPDATE log_partitions SET owner = '' WHERE owner = $1 AND partition = ANY($2)`, p.node, surplus)
	if err != nil {
		return fmt.Errorf("give partitions back: %w", err)
	}
	return nil
}

// take takes partitions that nobody has taken since they were looked at.
func (p *Projector) take(ctx context.Context, free []holder) (taken int, err error) {
	if len(free) == 0 {
		return 0, nil
	}
	rows, err := p.db.pool.Query(ctx, `WITH k AS (SELECT * FROM unnest($2::smallint[], $3::bigint[]) AS k(partition, fence)),
		free AS (SELECT l.partition FROM log_partitions l JOIN k ON l.partition = k.partition AND l.fence = k.fence ORDER BY l.partition FOR UPDATE OF l)
		UPDATE log_partitions l SET owner = $1, fence = l.fence + 1 FROM free WHERE l.partition = free.partition
		RETURNING l.partition, l.fence, l.floor, l.epoch, l.n, l.tag`, p.node,
		column(free, func(h *holder) int16 { return int16(h.partition) }), column(free, func(h *holder) int64 { return h.fence }))
	if err != nil {
		return 0, fmt.Errorf("take partitions: %w", err)
	}
	got, err := pgx.CollectRows(rows, scanPosition)
	if err != nil {
		return 0, fmt.Errorf("take partitions: %w", err)
	}
	p.mu.Lock()
	for _, g := range got {
		p.held[g.partition] = g.started()
	}
	p.mu.Unlock()
	put(p.wake)
	return len(got), nil
}

// release gives everything back, so that others need not wait for this node to be dead.
func (p *Projector) release(ctx context.Context) error {
	p.mu.Lock()
	clear(p.held)
	p.mu.Unlock()
	return p.db.transact(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM log_projectors WHERE node = $1`, p.node); err != nil {
			return fmt.Errorf("give partitions back: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE log_partitions SET owner = '' WHERE owner = $1`, p.node); err != nil {
			return fmt.Errorf("give partitions back: %w", err)
		}
		return nil
	})
}

// put leaves a token in a channel that holds one.
func put(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
