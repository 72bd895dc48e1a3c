package redis

import (
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/storage/project"
)

// confirmations knows, at level replica, the batches of this node that no replica is known to have: those under way, which are not handed on
// before they are confirmed, and those whose callers were told that nobody knows, which are handed on and answer nobody. The zero value is
// ready; at other levels it stays empty. Safe for concurrent use.
type confirmations struct {
	mu      sync.Mutex
	waiting map[project.Tag]struct{}
	failed  map[project.Tag]time.Time
}

// failedFor is how long it is remembered that a batch's callers were answered: by then it was handed on, or never was.
const failedFor = time.Minute

func (c *confirmations) begin(parts []*part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting, c.failed = make(map[project.Tag]struct{}), make(map[project.Tag]time.Time)
	}
	for _, t := range parts {
		c.waiting[t.tag] = struct{}{}
	}
}

// end takes in that a part's outcome is known, or that its callers were told that it is not. False if it did not wait.
func (c *confirmations) end(t *part, known bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, is := c.waiting[t.tag]; !is {
		return false
	}
	delete(c.waiting, t.tag)
	if known {
		return true
	}
	now := time.Now()
	for tag, at := range c.failed {
		if now.Sub(at) > failedFor {
			delete(c.failed, tag)
		}
	}
	c.failed[t.tag] = now
	return true
}

// of reports whether a batch must wait for its replica, and whether its callers were answered without it.
func (c *confirmations) of(tag project.Tag) (waits, failed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, waits = c.waiting[tag]
	_, failed = c.failed[tag]
	return waits, failed
}
