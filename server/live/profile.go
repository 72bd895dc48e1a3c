package live

import (
	"encoding/json"

	"github.com/uniqchat/uniqchat/chat"
)

// profile is what a visitor's token and CONNECT say of the visitor, packed: it is needed with the first message, and for the live
// board, and there is one for everybody who just looks around. Empty: nothing.
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

// capSaved, in a session's caps, says that its profile is in the database already.
const capSaved = 1 << 31

// sender is the session's actor as a message of it is appended: with the profile, if that is not in the database.
func (s *session) sender() *chat.Actor {
	if s.caps&capSaved != 0 {
		return &s.actor
	}
	return s.profile.actor(&s.actor)
}
