package chat

import (
	"encoding/json"
	"time"
)

// Status is where a conversation stands.
type Status uint8

// A conversation waits in the queue, is open with an agent, is answered by a bot, sleeps, or is closed.
const (
	Queued Status = iota
	Open
	WithBot
	Snoozed
	Closed
)

var statusNames = [...]string{"queued", "open", "bot", "snoozed", "closed"}

// String returns the API's name of the status.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown"
}

// ParseStatus is the reverse of String.
func ParseStatus(name string) (Status, error) {
	for i, n := range statusNames {
		if n == name {
			return Status(i), nil
		}
	}
	return 0, Errorf(Malformed, "status %.40q is none of queued, open, bot, snoozed, closed", name)
}

// State is what the rules look at: the part of a conversation that only state events change. The zero State (Version 0)
// means that there is no such conversation.
type State struct {
	Visitor  VisitorID
	Status   Status
	Assignee AgentID
	Team     TeamID
	Version  uint64    // counts state events, from 1
	Queued   time.Time // since when it waits; zero unless Queued
	Wakes    time.Time // when a Snoozed one wakes by itself; zero otherwise, and if only its visitor can wake it
}

// Exists reports whether the conversation was created.
func (s State) Exists() bool { return s.Version > 0 }

// Clock is the one time that a state has at most, for those who keep it in few bytes: Wakes of a snoozed conversation,
// otherwise Queued.
func (s *State) Clock() time.Time {
	if s.Status == Snoozed {
		return s.Wakes
	}
	return s.Queued
}

// SetClock is the reverse of Clock. Status must be set.
func (s *State) SetClock(t time.Time) {
	s.Queued, s.Wakes = t, time.Time{}
	if s.Status == Snoozed {
		s.Queued, s.Wakes = time.Time{}, t
	}
}

// Head is a conversation's state and how far its log reaches.
type Head struct {
	State
	Last       Seq // newest entry
	LastPublic Seq // newest entry that visitors may see
}

// LastFor returns the newest seq that the audience may see.
func (h Head) LastFor(a Audience) Seq {
	if a == AudiencePublic {
		return h.LastPublic
	}
	return h.Last
}

// Key names a conversation across tenants. Conversation ids are chosen by clients, so an id alone is never a key.
type Key struct {
	Tenant       TenantID
	Conversation ConversationID
}

// VisitorKey names a visitor across tenants.
type VisitorKey struct {
	Tenant  TenantID
	Visitor VisitorID
}

// Conversation is the row that lists and side panels show.
type Conversation struct {
	ID     ConversationID
	Tenant TenantID
	Head
	Labels      []RecordID // of RecordLabel; one that was deleted since may still be named
	Priority    int
	Context     json.RawMessage // a JSON object
	LastMessage *Message        // newest public message that is not a system message, as it is shown; nil if none
	LastRevised Revised         // whether that is what was sent
	Unread      int             // visitor messages after the last one that an agent read
	CreatedAt   time.Time
	ClosedAt    time.Time
	LastAgent   AgentID // who answered last, for sticky routing
	Rating      Rating
	VisitorName string
	Match       *Message // in a list by Filter.Text: the newest message that has it
}

// Tenant is one customer of the deployment. Tenants share nothing but the machines.
type Tenant struct {
	ID        TenantID
	Slug      string // lower-case name for logins and command lines
	Name      string
	CreatedAt time.Time
}

// SiteKey is what a shop's page is known by.
type SiteKey struct {
	Tenant  TenantID
	Key     string
	Secrets []string // up to two live secrets that sign identities; newest first
	Origins []string // exact origins allowed to use the key; empty: any
	Name    string   // for people; may be empty
	Widget  Widget

	CreatedAt time.Time
}

// Visitor is a person on a shop's site.
type Visitor struct {
	ID         VisitorID
	Tenant     TenantID
	ExternalID string // the shop's id of the person
	Verified   bool   // the shop signed ExternalID
	Name       string
	Email      string
	Locale     string
	Page       string // where the conversation was started
	Attributes json.RawMessage
	CreatedAt  time.Time
}

// AgentRole is what an agent may do.
type AgentRole string

// The roles of api.md, from the most to the least powerful.
const (
	Owner      AgentRole = "owner"
	Admin      AgentRole = "admin"
	Supervisor AgentRole = "supervisor"
	Member     AgentRole = "agent"
	Viewer     AgentRole = "viewer"
)

// Availability is what an agent says of himself. The numbers are the protocol's.
type Availability uint8

// The states of STATUS.
const (
	Offline Availability = iota
	Online
	BusyNow
	Away
)

// Agent is a member of a tenant's staff.
type Agent struct {
	ID           AgentID
	Tenant       TenantID
	Email        string // lower case
	Name         string
	Role         AgentRole
	Teams        []TeamID
	Capacity     int    // how many open conversations routing gives at once
	PasswordHash string // argon2id, PHC string
	Disabled     bool
	// TokensAfter ends every credential issued before it (password change, log out everywhere).
	TokensAfter time.Time
	CreatedAt   time.Time
}

// EndTokens ends every credential that was issued before now, and never fewer than have ended already, whatever the clocks of
// several machines say.
func (a *Agent) EndTokens(now time.Time) {
	if now.After(a.TokensAfter) {
		a.TokensAfter = now.UTC()
	}
}

// Team is a group of agents that conversations can be given to.
type Team struct {
	ID        TeamID
	Tenant    TenantID
	Name      string
	CreatedAt time.Time
}
