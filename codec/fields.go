package codec

// The one definition of every packet: its fields in wire order, by their JSON names. All four directions (binary and
// JSON, encoding and decoding) run through these methods.

var (
	roleNames         = []string{"system", "visitor", "agent", "bot", "api"}
	kindNames         = []string{"text", "image", "file", "card", "form", "system"}
	visibilityNames   = []string{"public", "internal"}
	typingNames       = []string{"stop", "typing"}
	availabilityNames = []string{"offline", "online", "busy", "away"}
	watchNames        = []string{"none", "inbox", "board"}
)

// Packet is a pointer to one of the packet structs.
type Packet interface {
	// Type returns the packet's number.
	Type() Type
	fields(v *visitor)
}

func (*Connect) Type() Type    { return TypeConnect }
func (*Connack) Type() Type    { return TypeConnack }
func (*Ping) Type() Type       { return TypePing }
func (*Pong) Type() Type       { return TypePong }
func (*Disconnect) Type() Type { return TypeDisconnect }
func (*Error) Type() Type      { return TypeError }
func (*Send) Type() Type       { return TypeSend }
func (*Sendack) Type() Type    { return TypeSendack }
func (*Message) Type() Type    { return TypeMessage }
func (*Read) Type() Type       { return TypeRead }
func (*Receipt) Type() Type    { return TypeReceipt }
func (*Typing) Type() Type     { return TypeTyping }
func (*Durable) Type() Type    { return TypeDurable }
func (*Event) Type() Type      { return TypeEvent }
func (*Stream) Type() Type     { return TypeStream }
func (*Join) Type() Type       { return TypeJoin }
func (*Joined) Type() Type     { return TypeJoined }
func (*Leave) Type() Type      { return TypeLeave }
func (*Sync) Type() Type       { return TypeSync }
func (*Synced) Type() Type     { return TypeSynced }
func (*Gap) Type() Type        { return TypeGap }
func (*Status) Type() Type     { return TypeStatus }
func (*Track) Type() Type      { return TypeTrack }
func (*Watch) Type() Type      { return TypeWatch }

func (p *Connect) fields(v *visitor) {
	v.u8("min_version", &p.MinVersion)
	v.u8("max_version", &p.MaxVersion)
	v.str("token", &p.Token)
	v.uuid("device", &p.Device)
	v.u32("caps", &p.Caps)
	v.str("page", &p.Page)
	v.str("locale", &p.Locale)
	v.positions("resume", "seq", &p.Resume)
}

func (p *Connack) fields(v *visitor) {
	v.u8("version", &p.Version)
	v.uuid("session", &p.Session)
	v.uuid("user", &p.User)
	v.enum("role", (*uint8)(&p.Role), roleNames)
	v.u64("time", &p.Time)
	v.u16("ping", &p.Ping)
	v.u16("pong", &p.Pong)
	v.u32("max_body", &p.MaxBody)
	v.u16("window", &p.Window)
	v.u32("caps", &p.Caps)
	v.uuid("conv", &p.Conv)
}

func (p *Ping) fields(v *visitor) { v.u64("time", &p.Time) }

func (p *Pong) fields(v *visitor) { v.u64("time", &p.Time) }

func (p *Disconnect) fields(v *visitor) {
	v.u16("code", &p.Code)
	v.bool("reconnect", &p.Reconnect)
	v.bool("soft", &p.Soft)
	v.u32("retry_after", &p.RetryAfter)
	v.str("reason", &p.Reason)
}

func (p *Error) fields(v *visitor) {
	v.u16("code", &p.Code)
	v.bool("retryable", &p.Retryable)
	v.u32("retry_after", &p.RetryAfter)
	v.str("message", &p.Message)
	v.uuid("conv", &p.Conv)
}

func (p *Send) fields(v *visitor) {
	v.uuid("conv", &p.Conv)
	v.uuid("cmid", &p.CMID)
	v.enum("kind", (*uint8)(&p.Kind), kindNames)
	v.enum("visibility", (*uint8)(&p.Visibility), visibilityNames)
	v.uuid("reply_to", &p.ReplyTo)
	v.blob("body", &p.Body)
}

func (p *Sendack) fields(v *visitor) {
	v.uuid("conv", &p.Conv)
	v.uuid("cmid", &p.CMID)
	v.uuid("mid", &p.MID)
	v.u64("seq", &p.Seq)
	v.u64("prev", &p.Prev)
	v.u64("time", &p.Time)
	v.bool("dup", &p.Dup)
}

func (p *Message) fields(v *visitor) {
	v.uuid("conv", &p.Conv)
	v.u64("seq", &p.Seq)
	v.u64("prev", &p.Prev)
	v.uuid("mid", &p.MID)
	v.uuid("cmid", &p.CMID)
	v.uuid("sender", &p.Sender)
	v.enum("role", (*uint8)(&p.Role), roleNames)
	v.enum("kind", (*uint8)(&p.Kind), kindNames)
	v.enum("visibility", (*uint8)(&p.Visibility), visibilityNames)
	v.u64("time", &p.Time)
	v.uuid("reply_to", &p.ReplyTo)
	v.blob("body", &p.Body)
}

func (p *Read) fields(v *visitor) {
	v.uuid("conv", &p.Conv)
	v.u64("seq", &p.Seq)
}

func (p *Receipt) fields(v *visitor) {
	v.uuid("conv", &p.Conv)
	v.uuid("user", &p.User)
	v.u64("delivered", &p.Delivered)
	v.u64("read", &p.Read)
}

func (p *Typing) fields(v *visitor) {
	v.uuid("conv", &p.Conv)
	v.uuid("user", &p.User)
	v.enum("state", (*uint8)(&p.State), typingNames)
	v.str("preview", &p.Preview)
}

func (p *Durable) fields(v *visitor) { v.positions("items", "seq", &p.Items) }

func (p *Event) fields(v *visitor) {
	v.str("name", &p.Name)
	v.uuid("conv", &p.Conv)
	v.blob("data", &p.Data)
}

func (p *Stream) fields(v *visitor) {
	v.uuid("conv", &p.Conv)
	v.uuid("mid", &p.MID)
	v.u32("offset", &p.Offset)
	v.bool("end", &p.End)
	v.str("delta", &p.Delta)
}

func (p *Join) fields(v *visitor) {
	v.uuid("conv", &p.Conv)
	v.u64("after", &p.After)
	v.u16("limit", &p.Limit)
}

func (p *Member) fields(v *visitor) {
	v.uuid("user", &p.User)
	v.enum("role", (*uint8)(&p.Role), roleNames)
	v.str("name", &p.Name)
	v.u64("delivered", &p.Delivered)
	v.u64("read", &p.Read)
}

func (p *Joined) fields(v *visitor) {
	v.uuid("conv", &p.Conv)
	v.u64("top", &p.Top)
	v.bool("complete", &p.Complete)
	list(v, "members", &p.Members, (*Member).fields)
	list(v, "messages", &p.Messages, (*Message).fields)
}

func (p *Leave) fields(v *visitor) { v.uuid("conv", &p.Conv) }

func (p *Sync) fields(v *visitor) {
	v.uuid("conv", &p.Conv)
	v.u64("after", &p.After)
	v.u64("before", &p.Before)
	v.u16("limit", &p.Limit)
}

func (p *Synced) fields(v *visitor) {
	v.uuid("conv", &p.Conv)
	v.u64("top", &p.Top)
	v.bool("complete", &p.Complete)
	list(v, "messages", &p.Messages, (*Message).fields)
}

func (p *Gap) fields(v *visitor) { v.positions("items", "top", &p.Items) }

func (p *Status) fields(v *visitor) { v.enum("state", (*uint8)(&p.State), availabilityNames) }

func (p *Watch) fields(v *visitor) {
	v.enum("topic", (*uint8)(&p.Topic), watchNames)
	v.blob("filter", &p.Filter)
	v.u32("offset", &p.Offset)
	v.u16("limit", &p.Limit)
}

func (p *Track) fields(v *visitor) {
	v.str("name", &p.Name)
	v.blob("data", &p.Data)
}

var typeNames = [...]string{
	TypeConnect: "connect", TypeConnack: "connack", TypePing: "ping", TypePong: "pong", TypeDisconnect: "disconnect",
	TypeError: "error", TypeSend: "send", TypeSendack: "sendack", TypeMessage: "message", TypeRead: "read",
	TypeReceipt: "receipt", TypeTyping: "typing", TypeDurable: "durable", TypeEvent: "event", TypeStream: "stream",
	TypeJoin: "join", TypeJoined: "joined", TypeLeave: "leave", TypeSync: "sync", TypeSynced: "synced", TypeGap: "gap",
	TypeStatus: "status", TypeTrack: "track", TypeWatch: "watch",
}

// String returns the packet's name as it is written in JSON, or "" for an unknown type.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return ""
}

// Types returns every packet type, ascending.
func Types() []Type {
	var out []Type
	for t, name := range typeNames {
		if name != "" {
			out = append(out, Type(t))
		}
	}
	return out
}

// typeOf is the reverse of String, for a name that is still in its JSON text.
func typeOf(name []byte) (Type, bool) {
	for t, n := range typeNames {
		if n != "" && n == string(name) {
			return Type(t), true
		}
	}
	return 0, false
}
