// Package journal decides whether a chat server kept its promises (docs/architecture.md, I1 to I4): clients write down
// everything that they sent, were told and showed, and the checker compares all of it with what is in the database.
//
// It owns the format of a journal and the verdict. It never talks to a server, and shares no code with one: message ids,
// for one, are computed here anew.
package journal
