package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// Encryption says how what people write is sealed. The zero Encryption is none.
type Encryption struct {
	// Masters seal tenants' keys. Nil: nothing is sealed, and nothing that is can be opened.
	Masters *seal.Masters
	// Off makes what is sealed plain again: what is written is plain, and what was sealed is opened in the background.
	Off bool
	// Poll is how often nodes look for changed keys. Defaults to 2s.
	Poll time.Duration
}

// errSealed says that a database can't be read without keys.
var errSealed = errors.New("the database holds what is sealed: set encryption.key_file, or open everything first (encryption.enabled: false with the key file still set, until `uniqchat keys status` says that nothing is sealed)")

// sealing is what runs beside a storage that seals, or opens what was sealed.
type sealing struct {
	ring  *seal.Keyring
	again *sqlstore.Resealer
}

func (s *sealing) run(ctx context.Context) error { return together(ctx, s.ring.Run, s.again.Run) }

// Reseal has files that were kept before brought into the form that is written now, as rows are. Before Run.
func (s *Storage) Reseal(f chat.Files) {
	if kept, is := f.(sqlstore.KeptFiles); is && s.sealing != nil {
		s.sealing.again.Files = kept
	}
}

// seal makes a store seal and open, if it is to, and returns what must run beside it; nil if nothing must.
func (o *Options) seal(ctx context.Context, store *sqlstore.Store, reindex sqlstore.Reindex, finished func(context.Context) error, set *metrics.Set) (*sealing, error) {
	e := &o.Encryption
	if e.Masters == nil {
		left, err := store.StillSealed(ctx)
		if err == nil && left {
			err = errSealed
		}
		return nil, err
	}
	ring := seal.New(e.Masters, store, seal.Options{Seals: !e.Off, Poll: e.Poll, Logger: o.Logger, Metrics: set})
	store.Seal(ring)
	if err := store.BeginSealing(ctx, !e.Off); err != nil {
		return nil, fmt.Errorf("begin to seal: %w", err)
	}
	again := sqlstore.NewResealer(store, sqlstore.ResealerOptions{Node: o.Node, Reindex: reindex, Finished: finished, Poll: e.Poll, Logger: o.Logger, Metrics: set})
	return &sealing{ring, again}, nil
}

// attach makes a store that is opened beside a server seal and open.
func (o *Options) attach(store *sqlstore.Store) {
	if e := &o.Encryption; e.Masters != nil {
		store.Seal(seal.New(e.Masters, store, seal.Options{Seals: !e.Off, Logger: o.Logger}))
	}
}

// together runs functions until one fails or ctx ends.
func together(ctx context.Context, runs ...func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range runs {
		g.Go(func() error { return run(ctx) })
	}
	return g.Wait()
}
