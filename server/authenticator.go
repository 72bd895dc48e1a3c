package server

import (
	"context"
	"runtime"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
	"github.com/uniqchat/uniqchat/server/live"
)

// authenticator is server/auth as live connections want it.
type authenticator struct{ auth *auth.Service }

// Authenticate implements live.Authenticator.
func (a authenticator) Authenticate(ctx context.Context, token, origin string) (live.Credential, error) {
	c, still, err := a.auth.Admit(ctx, token, origin)
	if err == nil && c.Platform {
		return live.Credential{}, chat.Errorf(chat.Forbidden, "a token of the platform has no conversations")
	}
	return live.Credential{Actor: c.Actor, Family: c.Family, Print: c.Print, Still: still}, err
}

// defaultShards is how many goroutines serve packets: more than processors, because they wait for the log.
func defaultShards() int { return max(2*runtime.GOMAXPROCS(0), 4) }
