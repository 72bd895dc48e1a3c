package live

import (
	"encoding/json"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/load"
)

// LoadChanged tells the staff's connections to this node what is left out from now on. Screens read anew what they missed when it is
// less than before.
func (h *Handler) LoadChanged(was, l load.Level) {
	var frames [engine.Kinds]*engine.Frame
	var screens []*session // what they look at is said anew
	for _, space := range h.spaces.all() {
		h.hub.Publish(staffTopic(space), func(c *engine.Conn) *engine.Frame {
			if s, ok := c.Session().(*session); ok && was >= load.Presence && l < load.Presence && s.agent.isScreen() {
				screens = append(screens, s)
			}
			f := &frames[c.Kind()]
			if *f == nil {
				*f = loadEvent(c.Kind(), l)
			}
			(*f).Retain()
			return *f
		}, engine.Push)
	}
	for _, f := range frames {
		if f != nil {
			f.Release()
		}
	}
	type shown struct {
		tenant chat.TenantID
		conv   chat.ConversationID
	}
	said := make(map[shown]bool) // once is enough: all the others who look answer
	for _, s := range screens {
		for _, c := range s.agent.follows() {
			if at := (shown{s.actor.Tenant, c}); !said[at] {
				said[at] = true
				h.looks(s, chat.LooksNew, c)
			}
		}
	}
}

// tellLoad tells an agent that has just come what is left out, if anything is.
func (h *Handler) tellLoad(s *session) {
	if l := h.cfg.Load.Level(); l > load.Normal && s.agent != nil {
		s.conn.Send(loadEvent(s.conn.Kind(), l), engine.Must)
	}
}

func loadEvent(k engine.Kind, l load.Level) *engine.Frame {
	data, err := json.Marshal(map[string]string{"left_out": l.String()})
	if err != nil { // strings always marshal
		panic(err)
	}
	return encode(k, codec.Header{Flags: codec.FlagEphemeral}, &codec.Event{Name: "load.changed", Data: data})
}
