package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// reply is what Redis answers for one partition.
type reply struct {
	body string
	err  error
}

var (
	errLate   = errors.New("the call came too late")
	errTurned = errors.New("another window or generation has begun")
	errNotYet = errors.New("not yet")
)

// oneAttempt is how long an attempt may take.
const oneAttempt = 1500 * time.Millisecond

// send makes one attempt. On a single server one call spans partitions; on a cluster there is one for each.
func (l *Log) send(ctx context.Context, parts []*part, limit int64) ([]reply, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), oneAttempt)
	defer cancel()
	if !l.cluster {
		got, err := l.eval(ctx, parts, limit, "PUBLISH")
		if err != nil {
			return nil, err
		}
		out := make([]reply, len(parts))
		for i := range out {
			out[i].body = got[i]
		}
		return out, nil
	}
	out := make([]reply, len(parts))
	done := make(chan struct{}, len(parts))
	for i, t := range parts {
		go func() {
			defer func() { done <- struct{}{} }()
			got, err := l.eval(ctx, []*part{t}, limit, "SPUBLISH")
			if errors.Is(err, errTurned) {
				if again := l.encodeAgain(ctx, []*part{t}); again != nil {
					err = again
				}
			}
			if err != nil {
				out[i].err = err
				return
			}
			out[i].body = got[0]
		}()
	}
	for range parts {
		<-done
	}
	for i := range out {
		if !errors.Is(out[i].err, errLate) {
			return out, nil
		}
	}
	return nil, errLate
}

// eval runs the script for some partitions and returns a body for each.
func (l *Log) eval(ctx context.Context, parts []*part, limit int64, publish string) ([]string, error) {
	s := parts[0].p.scope
	m := parts[0].book
	names := make([]string, 0, 7+len(parts))
	names = append(names, s.meta, numbered(s.head, m.generation), numbered(s.head, m.generation-1), numbered(s.dup, m.window), numbered(s.dup, m.window-1))
	names = append(names, s.openKeys(m)...)
	args := make([]any, 0, 8+8*len(parts))
	args = append(args, strconv.FormatInt(limit, 10), publish, s.feed, l.node[:], l.Backlog/project.Partitions, m.window, m.generation, l.own)
	for _, t := range parts {
		names = append(names, t.p.stream)
		args = append(args, t.args...)
	}
	l.stats.calls.Inc()
	var cmd *goredis.Cmd
	if l.Ack == AckReplica {
		var err error
		if cmd, err = l.evalReplicated(ctx, names, args); err != nil {
			return nil, err
		}
	} else {
		cmd = appendScript.Run(ctx, l.Client, names, args...)
	}
	got, err := cmd.Slice()
	if err != nil {
		return nil, fmt.Errorf("append: %w", err)
	}
	if len(got) == 2 && got[0] == "late" {
		l.learnClock(got[1])
		return nil, errLate
	}
	if len(got) == 2 && got[1] == "w" {
		return nil, errTurned
	}
	if len(got) != len(parts)+1 {
		return nil, fmt.Errorf("append: %d answers for %d partitions", len(got)-1, len(parts))
	}
	l.learnClock(got[0])
	out := make([]string, len(parts))
	for i := range out {
		s, ok := got[i+1].(string)
		if !ok || len(s) < 25 {
			return nil, errors.New("append: malformed answer")
		}
		out[i] = s
	}
	return out, nil
}

// primaryOf is the server that has a key: WAIT has none of its own, and a cluster's client would ask any server, for what others wrote.
func (l *Log) primaryOf(ctx context.Context, key string) (goredis.UniversalClient, error) {
	if c, many := l.Client.(*goredis.ClusterClient); many {
		return c.MasterForKey(ctx, key)
	}
	return l.Client, nil
}

// evalReplicated runs the script and waits until a replica has what it wrote, and everything before it: a duplicate is
// acknowledged on the same terms.
func (l *Log) evalReplicated(ctx context.Context, names []string, args []any) (*goredis.Cmd, error) {
	for loaded := false; ; loaded = true {
		node, err := l.primaryOf(ctx, names[0])
		if err != nil {
			return nil, fmt.Errorf("append: %w", err)
		}
		pipe := node.Pipeline()
		cmd := appendScript.EvalSha(ctx, pipe, names, args...)
		pipe.HIncrBy(ctx, names[0], "r", 1)
		wait := pipe.Do(ctx, "WAIT", "1", "1000")
		_, err = pipe.Exec(ctx)
		if cmd.Err() != nil && goredis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") && !loaded {
			if err := appendScript.Load(ctx, l.Client).Err(); err != nil {
				return nil, fmt.Errorf("load script: %w", err)
			}
			continue
		}
		if c, many := l.Client.(*goredis.ClusterClient); many && goredis.HasErrorPrefix(cmd.Err(), "MOVED") {
			c.ReloadState(ctx) // the next attempt asks whoever has it by now
		}
		if err != nil {
			return nil, fmt.Errorf("append: %w", err)
		}
		if n, err := wait.Int(); err != nil || n < 1 {
			return nil, errors.New("append: no replica has confirmed it")
		}
		return cmd, nil
	}
}

func asError(err error) error {
	var e *chat.Error
	if errors.As(err, &e) {
		return e
	}
	return chat.Errorf(chat.Internal, "internal error")
}
