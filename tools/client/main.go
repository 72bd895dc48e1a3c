// Command client runs the main flow of uniqchat with a client that a generator has made of docs/openapi.yaml, and nothing else: what
// an integrator would do. It ends with 1 and the reason at the first thing that is not as the document says.
//
// testkit/e2e generates package api, builds this and runs it against a server of its own.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/uniqchat/uniqchat/tools/client/api"
)

// step is a part of the flow.
type step struct {
	name string
	do   func(*flow) error
}

// flow is what the steps hand on to each other.
type flow struct {
	ctx     context.Context
	base    string
	visitor *api.ClientWithResponses
	alice   *api.ClientWithResponses
	bob     *api.ClientWithResponses
	admin   *api.ClientWithResponses

	aliceID uuid.UUID
	conv    uuid.UUID
	last    int64 // the newest seq
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: client http://host:port, of a server with --demo; its password in UNIQCHAT_DEMO_PASSWORD")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	f := &flow{ctx: ctx, base: os.Args[1]}
	for _, s := range append(append(chatSteps, deskSteps...), adminSteps...) {
		if err := s.do(f); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %s\n", s.name, err)
			os.Exit(1)
		}
		fmt.Println(s.name)
	}
}

// as returns a client with a token; "" for none.
func (f *flow) as(token string) (*api.ClientWithResponses, error) {
	return api.NewClientWithResponses(f.base, api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		return nil
	}))
}

// answer is what every operation's answer has.
type answer interface {
	StatusCode() int
	GetBody() []byte
	GetApplicationproblemJSONDefault() *api.Problem
}

// want fails unless the answer has the status, and what it was decoded into, which a type that is not the document's leaves empty.
func want[T any](a answer, err error, status int, decoded **T) error {
	switch {
	case err != nil:
		return err
	case a.StatusCode() != status:
		return fmt.Errorf("answered %d, not %d: %s", a.StatusCode(), status, a.GetBody())
	case decoded != nil && *decoded == nil:
		return fmt.Errorf("the document has no answer %d such as %s", status, a.GetBody())
	}
	return nil
}

// wantProblem fails unless the answer is a problem with the status and code.
func wantProblem(a answer, err error, status int, code string) (*api.Problem, error) {
	if err != nil {
		return nil, err
	}
	p := a.GetApplicationproblemJSONDefault()
	if a.StatusCode() != status || p == nil || p.Code != code || p.Status != int64(status) {
		return nil, fmt.Errorf("answered %d %s, not %d %s", a.StatusCode(), a.GetBody(), status, code)
	}
	return p, nil
}

// newID is an id as clients make them.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// text is the body of a message of kind text.
func text(s string) map[string]any { return map[string]any{"text": s} }

// ptr is for members that may be left away.
func ptr[T any](v T) *T { return &v }
