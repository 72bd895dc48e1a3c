package live

import (
	"encoding/json"

	"github.com/uniqchat/uniqchat/chat"
)

// profile is what a visitor's token and CONNECT say of the visitor, packed: it is needed once, with the first message, and
// until then there is one for everybody who just looks around. Empty: nothing, or in the database already.
type profile string

// packed is a profile's content. Ids and the time are the actor's and the moment's.
type packed struct {
	ExternalID string          `json:"x,omitempty"`
	Verified   bool            `json:"v,omitempty"`
	Name       string          `json:"n,omitempty"`
	Email      string          `json:"e,omitempty"`
	Locale     string          `json:"l,omitempty"`
	Page       string          `json:"p,omitempty"`
	Attributes json.RawMessage `json:"a,omitempty"`
}

// packProfile packs a visitor's row-to-be.
func packProfile(v *chat.Visitor) profile {
	p := packed{v.ExternalID, v.Verified, v.Name, v.Email, v.Locale, v.Page, v.Attributes}
	b, err := json.Marshal(&p)
	if err != nil { // attributes that are no JSON: not what the token's issuer checked
		p.Attributes = nil
		b, _ = json.Marshal(&p) // strings always marshal
	}
	if len(b) <= len("{}") {
		return ""
	}
	return profile(b)
}

// actor returns the actor with its profile, for the message that makes its row.
func (p profile) actor(a *chat.Actor) *chat.Actor {
	if p == "" {
		return a
	}
	var c packed
	if json.Unmarshal([]byte(p), &c) != nil {
		return a
	}
	full := *a
	full.Profile = &chat.Visitor{
		ExternalID: c.ExternalID, Verified: c.Verified, Name: c.Name, Email: c.Email, Locale: c.Locale, Page: c.Page, Attributes: c.Attributes,
	}
	return &full
}
