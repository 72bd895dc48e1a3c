package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Credentials says where identities come from: a file of tokens minted in bulk, or the API.
type Credentials struct {
	// Tokens is a file of JSON lines {"role","token","user","conv"?}, as `uniqchat token mint` writes it.
	Tokens string
	// SiteKey makes visitors through the API.
	SiteKey string
	// AgentEmails and AgentPassword log agents in through the API.
	AgentEmails   []string
	AgentPassword string
}

// people are who a run plays.
type people struct {
	visitors, agents []*Identity
	spares           []*Identity // visitors of the file that are not needed
}

var errNobody = errors.New("no credentials: name a file with --tokens, or --site-key (visitors) and --agent-email with --agent-password (agents)")

// people gets nv visitors, and as many agents as there are but at most na.
func (r *runner) people(nv, na int) (*people, error) {
	cr := &r.cfg.Credentials
	if cr.Tokens != "" {
		p, err := readTokens(cr.Tokens)
		if err != nil {
			return nil, err
		}
		if len(p.visitors) < nv {
			return nil, fmt.Errorf("%s has %d visitors; this run needs %d: mint more with uniqchat token mint", cr.Tokens, len(p.visitors), nv)
		}
		if na > 0 && len(p.agents) == 0 {
			return nil, fmt.Errorf("%s has no agents: mint some with uniqchat token mint", cr.Tokens)
		}
		p.visitors, p.spares = p.visitors[:nv], p.visitors[nv:]
		p.agents = p.agents[:min(len(p.agents), na)]
		return p, nil
	}
	if nv > 0 && cr.SiteKey == "" || na > 0 && len(cr.AgentEmails) == 0 {
		return nil, errNobody
	}
	p := &people{visitors: make([]*Identity, nv)}
	if err := r.makeSessions(p.visitors); err != nil {
		return nil, err
	}
	for _, email := range cr.AgentEmails[:min(len(cr.AgentEmails), na)] {
		err := r.api.retrying(r.ctx, func() error {
			id, err := r.api.login(r.ctx, email, cr.AgentPassword)
			if err == nil {
				p.agents = append(p.agents, id)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// makeSessions fills a list with new visitors.
func (r *runner) makeSessions(out []*Identity) error {
	if len(out) == 0 {
		return nil
	}
	body := sessionBody(r.cfg.Credentials.SiteKey)
	g, ctx := errgroup.WithContext(r.ctx)
	g.SetLimit(16)
	var made atomic.Int64
	end := r.cfg.Progress.phase("sessions", int64(len(out)), func() (int64, string) { return made.Load(), "" })
	defer end()
	for i := range out {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			return r.api.retrying(ctx, func() (err error) {
				if out[i], err = r.api.session(ctx, body); err == nil {
					made.Add(1)
				}
				return err
			})
		})
	}
	return g.Wait()
}

// readTokens reads a file of minted tokens.
func readTokens(path string) (*people, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	defer f.Close()
	p := new(people)
	dec := json.NewDecoder(bufio.NewReaderSize(f, 1<<20))
	for n := 1; ; n++ {
		id := new(Identity)
		if err := dec.Decode(id); err == io.EOF {
			return p, nil
		} else if err != nil {
			return nil, fmt.Errorf("tokens: entry %d of %s: %w", n, path, err)
		}
		switch id.Role {
		case "visitor":
			p.visitors = append(p.visitors, id)
		case "agent":
			p.agents = append(p.agents, id)
		default:
			return nil, fmt.Errorf("tokens: entry %d of %s: role %q is neither visitor nor agent", n, path, id.Role)
		}
	}
}
