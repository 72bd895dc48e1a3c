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
	return s.write(ctx, Of(link.Tenant), func(ctx context.Context, q Querier) error {
		if a != nil {
			if err := saveAgents(ctx, q, []chat.Agent{*a}); err != nil {
				return err
			}
		}
		_, err := q.ExecContext(ctx, `UPDATE mail_links SET used_at = $4 WHERE tenant = $1 AND agent = $2 AND purpose = $3 AND used_at = 0`,
			link.Tenant, link.Agent, string(chat.LinkInvite), Micros(link.CreatedAt))
		if err != nil {
			return err
		}
		if err := addLink(ctx, q, &link); err != nil || m == nil {
			return err
		}
		return addMail(ctx, q, m)
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
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		spent = false
		// First a write, so that two who hold one token stand in line.
		res, err := q.ExecContext(ctx, `UPDATE mail_links SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND expires_at > $2`, hash[:], Micros(now))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		res, err = q.ExecContext(ctx, `UPDATE agents SET password_hash = $2, tokens_after = CASE WHEN tokens_after < $3 THEN $3 ELSE tokens_after END
			WHERE disabled = 0 AND (tenant, id) = (SELECT tenant, agent FROM mail_links WHERE hash = $1)
			AND tokens_after <= (SELECT created_at FROM mail_links WHERE hash = $1)`, hash[:], password, Micros(after))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		spent = true
		_, err = q.ExecContext(ctx, `UPDATE mail_links SET used_at = $2 WHERE used_at = 0 AND (tenant, agent) =
			(SELECT tenant, agent FROM mail_links WHERE hash = $1)`, hash[:], Micros(now))
		return err
	})
	return spent && err == nil, err
}
