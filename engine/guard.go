package engine

import (
	"fmt"
	"runtime/debug"

	"github.com/uniqchat/uniqchat/codec"
)

// guard calls the application. gnet does not recover on its loops, and a panic must not leave one of our lists half worked
// off: it is counted and logged, the zero value is returned, and the connection concerned, if any, is closed with 3004.
func guard[T any](e *Engine, c *Conn, call func() T) (out T) {
	defer e.rescue(c)
	return call()
}

// rescue is deferred around everything that runs on a loop: a panic ends one connection, never the loop.
func (e *Engine) rescue(c *Conn) {
	if p := recover(); p != nil {
		e.panicked(c, p)
	}
}

func (e *Engine) panicked(c *Conn, p any) {
	e.stats.panics.Inc()
	e.cfg.Logger.Error("panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if c != nil {
		c.Close(codec.CloseInternal, "internal error")
	}
}

// byeFrame asks the application for the frame that announces a close.
func (e *Engine) byeFrame(k Kind, g *goodbye) *Frame {
	return guard(e, nil, func() *Frame { return e.handler.Bye(k, g.code, g.reason, g.retryAfter, g.soft) })
}
