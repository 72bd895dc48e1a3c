package live

import (
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// mayConnect says whether the actor may have a connection: what comes over one is conversations.
func mayConnect(a *chat.Actor) error {
	if a.Role == chat.RoleAPI && !a.Scopes.Has(chat.ConversationsRead) {
		return chat.Errorf(chat.Forbidden, "this needs an API token with the scope %s", chat.ConversationsRead)
	}
	return nil
}

// mayDo says whether the actor may send a packet. Only API tokens are bound by scopes; what may be done to which
// conversation is the Desk's to say.
func mayDo(a *chat.Actor, p codec.Packet) error {
	if a.Role != chat.RoleAPI {
		return nil
	}
	need := chat.ConversationsRead
	switch p.(type) {
	case *codec.Send, *codec.Typing:
		need = chat.MessagesWrite
	case *codec.Read:
		need = chat.ConversationsWrite
	}
	if a.Scopes.Has(need) {
		return nil
	}
	return chat.Errorf(chat.Forbidden, "this needs an API token with the scope %s", need)
}
