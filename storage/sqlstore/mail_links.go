package sqlstore

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

const linkColumns = `hash, tenant, id, agent, purpose, signing_key, created_at, expires_at, used_at`

func scanLink(scan row) (l chat.MailLink, err error) {
	var hash []byte
	var created, expires, used int64
	err = scan(&hash, &l.Tenant, &l.ID, &l.Agent, &l.Purpose, &l.Key, &created, &expires, &used)
	copy(l.Hash[:], hash)
	l.CreatedAt, l.ExpiresAt, l.UsedAt = FromMicros(created), FromMicros(expires), FromMicros(used)
	return l, err
}

func addLink(ctx context.Context, q Querier, l *chat.MailLink) error {
	_, err := q.ExecContext(ctx, `INSERT INTO mail_links (`+linkColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
		l.Hash[:], l.Tenant, l.ID, l.Agent, string(l.Purpose), l.Key, Micros(l.CreatedAt), Micros(l.ExpiresAt))
	return err
}

// Invite implements chat.Mails.
func (s *Store) Invite(ctx context.Context, a *chat.Agent, link chat.MailLink, m *chat.Mail) error {
	return s.audited(ctx, Of(link.Tenant), func(ctx context.Context, q Querier, acts *acts) error {
		if a != nil {
			if err := saveAgents(ctx, q, acts, []chat.Agent{*a}); err != nil {
				return err
			}
		}
		_, err := q.ExecContext(ctx, `UPDATE mail_links SET used_at = $4 WHERE tenant = $1 AND agent = $2 AND purpose = $3 AND used_at = 0`,
			link.Tenant, link.Agent, string(chat.LinkInvite), Micros(link.CreatedAt))
		if err != nil {
			return err
		}
		if err := addLink(ctx, q, &link); err != nil {
			return err
		}
		acts.add(link.Tenant, chat.AuditNote{
			Action: "agent.invited", TargetKind: "agent", TargetID: link.Agent.String(), Details: details("mailed", m != nil, "expires_at", link.ExpiresAt.UTC()),
		})
		if m == nil {
			return nil
		}
		return addMail(ctx, q, nil, m) // to one of the staff
	})
}

// MailLink implements chat.Mails.
func (s *Store) MailLink(ctx context.Context, hash [32]byte) (chat.MailLink, error) {
	return readOne(ctx, s, System, "link", scanLink, `SELECT `+linkColumns+` FROM mail_links WHERE hash = $1`, hash[:])
}

// LinkOf implements chat.Mails.
func (s *Store) LinkOf(ctx context.Context, tenant chat.TenantID, id chat.MailLinkID) (chat.MailLink, error) {
	return readOne(ctx, s, Of(tenant), "link", scanLink, `SELECT `+linkColumns+` FROM mail_links WHERE tenant = $1 AND id = $2`, tenant, id)
}

// SpendMailLink implements chat.Mails.
func (s *Store) SpendMailLink(ctx context.Context, hash [32]byte, now time.Time, password string, after time.Time) (spent bool, err error) {
	err = s.audited(ctx, System, func(ctx context.Context, q Querier, acts *acts) error {
		spent = false
		// First a write, so that two who hold one token stand in line.
		res, err := q.ExecContext(ctx, `UPDATE mail_links SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND expires_at > $2`, hash[:], Micros(now))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		l, err := scanLink(q.QueryRowContext(ctx, `SELECT `+linkColumns+` FROM mail_links WHERE hash = $1`, hash[:]).Scan)
		if err != nil {
			return err
		}
		res, err = q.ExecContext(ctx, `UPDATE agents SET password_hash = $3, tokens_after = CASE WHEN tokens_after < $4 THEN $4 ELSE tokens_after END
			WHERE tenant = $1 AND id = $2 AND disabled = 0 AND tokens_after <= $5`, l.Tenant, l.Agent, password, Micros(after), Micros(l.CreatedAt))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		spent = true
		if err := passwordChosen(ctx, q, acts, &l); err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `UPDATE mail_links SET used_at = $3 WHERE tenant = $1 AND agent = $2 AND used_at = 0`, l.Tenant, l.Agent, Micros(now))
		return err
	})
	return spent && err == nil, err
}

// passwordChosen notes that somebody chose a password with a link: the agent, as far as a mailbox proves it.
func passwordChosen(ctx context.Context, q Querier, acts *acts, l *chat.MailLink) error {
	g, err := scanAgent(q.QueryRowContext(ctx, `SELECT `+agentColumns+` FROM agents WHERE tenant = $1 AND id = $2`, l.Tenant, l.Agent).Scan)
	if err != nil {
		return err
	}
	acts.addBy(l.Tenant, chat.Act{ActorKind: chat.ActorAgent, ActorID: g.ID.String(), ActorName: g.Email}, chat.AuditNote{
		Action: "agent.password_changed", TargetKind: "agent", TargetID: g.ID.String(), TargetName: g.Email, Details: details("link", string(l.Purpose)),
	})
	return nil
}
