package chat

// Heard takes in a signal from the Broker, before anyone else is told of it.
func (d *Desk) Heard(s Signal) {
	if s.Kind == SignalSettings {
		d.staff.forget(s.Tenant)
		d.settings.renew(s.Tenant)
		return
	}
	switch s.Kind {
	case SignalKnowledge, SignalIntents, SignalStream: // whoever builds and trains listens itself; pieces are for screens
	case SignalForget:
		d.heardForget(&s)
	case SignalBoardAsk:
		d.heardAsk(s)
	case SignalBoardTell:
		d.heardTell(&s)
	default:
		d.Presence.heard(&s)
	}
}

// Connected tells the other nodes that somebody has connected, so that older connections of the same device end there.
func (d *Desk) Connected(a *Actor, session SessionID, device [16]byte) {
	if device == ([16]byte{}) || d.Presence.Peers() == 0 {
		return
	}
	d.signal(Signal{Kind: SignalSession, Tenant: a.Tenant, User: a.User, Role: a.Role, Origin: session, Data: device[:]})
}
