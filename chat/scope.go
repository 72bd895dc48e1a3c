package chat

import "strings"

// Scopes is a set of what an API token may do.
type Scopes uint32

// The scopes. What is written in a database or a request is their names; the numbers are this process's own.
const (
	ConversationsRead Scopes = 1 << iota
	ConversationsWrite
	MessagesWrite
	VisitorsRead
	VisitorsWrite
	AgentsRead
	AgentsWrite
	SettingsRead
	SettingsWrite
	WebhooksWrite
	ReportsRead
	KnowledgeWrite
	AuditRead
	AIRead  // engines without their keys, what they used, traces
	AIWrite // engines
	AIAsk   // questions, suggestions, summaries: what costs tokens

	// AllScopes is every scope, those of later versions too.
	AllScopes Scopes = 1 << 31
)

var scopeNames = []struct {
	scope Scopes
	name  string
}{
	{ConversationsRead, "conversations:read"},
	{ConversationsWrite, "conversations:write"},
	{MessagesWrite, "messages:write"},
	{VisitorsRead, "visitors:read"},
	{VisitorsWrite, "visitors:write"},
	{AgentsRead, "agents:read"},
	{AgentsWrite, "agents:write"},
	{SettingsRead, "settings:read"},
	{SettingsWrite, "settings:write"},
	{WebhooksWrite, "webhooks:write"},
	{ReportsRead, "reports:read"},
	{KnowledgeWrite, "knowledge:write"},
	{AuditRead, "audit:read"},
	{AIRead, "ai:read"},
	{AIWrite, "ai:write"},
	{AIAsk, "ai:ask"},
	{AllScopes, "*"},
}

// Has reports whether everything in want is in s. Nothing is in no set: an empty want is never had.
func (s Scopes) Has(want Scopes) bool { return want != 0 && (s&AllScopes != 0 || s&want == want) }

// Names returns the names of the scopes, in the order of this page.
func (s Scopes) Names() []string {
	names := make([]string, 0, 4)
	for _, n := range scopeNames {
		if s&n.scope != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

// String returns the names with spaces between.
func (s Scopes) String() string { return strings.Join(s.Names(), " ") }

// ParseScopes reads names. It returns Malformed for a name that there is none of, and for no name at all.
func ParseScopes(names []string) (s Scopes, err error) {
	for _, name := range names {
		one := scopeNamed(name)
		if one == 0 {
			return 0, &Error{Code: Malformed, Name: "scope_unknown", Message: "scopes: there is no scope " + cut(name, 40) + "; there are " +
				(1<<31 - 1 | AllScopes).String()}
		}
		s |= one
	}
	if s == 0 {
		return 0, &Error{Code: Malformed, Name: "scopes_empty", Message: "scopes: name at least one"}
	}
	return s, nil
}

// StoredScopes reads what String wrote. Names that this version does not know count for nothing.
func StoredScopes(text string) (s Scopes) {
	for name := range strings.FieldsSeq(text) {
		s |= scopeNamed(name)
	}
	return s
}

func scopeNamed(name string) Scopes {
	for _, n := range scopeNames {
		if n.name == name {
			return n.scope
		}
	}
	return 0
}
