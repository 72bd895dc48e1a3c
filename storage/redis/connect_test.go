package redis

import (
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func TestConnect(t *testing.T) {
	for raw, want := range map[string]any{
		"redis://127.0.0.1:1":                                     &goredis.Client{},
		"redis://127.0.0.1:1,127.0.0.1:2":                         &goredis.ClusterClient{},
		"redis://127.0.0.1:1?addr=127.0.0.1:2":                    &goredis.ClusterClient{},
		"redis://127.0.0.1:1,127.0.0.1:2?master=m":                &goredis.Client{},
		"redis://127.0.0.1?master=m&sentinel_password=s":          &goredis.Client{},
		"rediss://user:secret@redis.example:6380/2":               &goredis.Client{},
		"redis://:secret@a:1,b:2,c/1?master=m&sentinel_username=": &goredis.Client{},
	} {
		c, err := Connect(raw)
		require.NoError(t, err, raw)
		require.IsType(t, want, c, raw)
		require.NoError(t, c.Close())
	}
	for _, raw := range []string{"", "redis://", "http://127.0.0.1:1", "redis://127.0.0.1:1/x", "redis://:hidden@127.0.0.1:1/x", "redis://:hidden@a:x/1", "redis://127.0.0.1:1?nonsense=1"} {
		_, err := Connect(raw)
		require.ErrorContains(t, err, "redis.url: ", raw)
		require.NotContains(t, err.Error(), "hidden")
	}
}
