package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// keyring holds the signing keys: the newest signs, all verify. They live in the Store, so tokens survive a restart.
// Safe for concurrent use.
type keyring struct {
	store chat.Credentials
	now   func() time.Time
	keys  atomic.Pointer[keySet]

	mu     sync.Mutex // one reload at a time
	looked time.Time  // when the store was last asked for a key that nobody knew
}

type keySet struct {
	newest chat.SigningKey
	byID   map[string][]byte
}

// firstKey is the id of the key that the first start makes. Nodes that start at once agree on one key, because the Store
// keeps the first of an id.
const firstKey = "1"

var errNoKey = errors.New("no such signing key")

func openKeyring(ctx context.Context, store chat.Credentials, now func() time.Time) (*keyring, error) {
	r := &keyring{store: store, now: now}
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	if r.keys.Load() != nil {
		return r, nil
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // crypto/rand never fails: it ends the process instead
	if err := store.AddSigningKey(ctx, chat.SigningKey{ID: firstKey, Secret: secret, CreatedAt: now().UTC()}); err != nil {
		return nil, fmt.Errorf("add signing key: %w", err)
	}
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	if r.keys.Load() == nil {
		return nil, errors.New("the signing key was saved but can't be read back")
	}
	return r, nil
}

func (r *keyring) load(ctx context.Context) error {
	list, err := r.store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	if len(list) == 0 {
		return nil
	}
	set := &keySet{newest: list[0], byID: make(map[string][]byte, len(list))}
	for _, k := range list {
		if isWeak(k.Secret) {
			return fmt.Errorf("signing key %q is no secret: it is short, or has hardly any different bytes; delete it from signing_keys, and a new one is made", k.ID)
		}
		set.byID[k.ID] = k.Secret
	}
	r.keys.Store(set)
	return nil
}

// secret returns the key of an id. An id that is not known costs a look into the Store, at most once a second.
func (r *keyring) secret(ctx context.Context, id string) ([]byte, error) {
	if s, ok := r.keys.Load().byID[id]; ok {
		return s, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.keys.Load().byID[id]; ok {
		return s, nil
	}
	if r.now().Sub(r.looked) < time.Second {
		return nil, errNoKey
	}
	r.looked = r.now()
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	if s, ok := r.keys.Load().byID[id]; ok {
		return s, nil
	}
	return nil, errNoKey
}

// isWeak reports whether a key can't have come from a random source: whoever knows it makes tokens of anybody.
func isWeak(key []byte) bool {
	seen := map[byte]struct{}{}
	for _, b := range key {
		seen[b] = struct{}{}
	}
	return len(key) < 32 || len(seen) < 16 // 32 random bytes have fewer than 16 different ones once in 10^16 keys
}
