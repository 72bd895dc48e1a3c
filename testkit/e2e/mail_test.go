package e2e_test

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/process"
	"github.com/uniqchat/uniqchat/testkit/smtpsink"
)

// TestMailKill: the server is killed while mails wait for an SMTP server that says "later". Afterwards each arrives, once, and its
// link works.
func TestMailKill(t *testing.T) { beside(t, testMailKill) }

var link = regexp.MustCompile(`http://\S+/auth/link#\S+`)

func testMailKill(t *testing.T, start func(o process.Options) *process.Server) {
	ctx := within(t, 8*time.Minute)
	sink := smtpsink.Start(t, smtpsink.Options{User: "me", Password: "secret", Refuse: func(_ string, try int) *smtp.SMTPError {
		if try < 2 {
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
		}
		return nil
	}})
	s := start(process.Options{Env: append([]string{
		"UNIQCHAT_SMTP_HOST=" + sink.Host, "UNIQCHAT_SMTP_PORT=" + strconv.Itoa(sink.Port), "UNIQCHAT_SMTP_FROM=Shop <chat@shop.test>",
		"UNIQCHAT_SMTP_USERNAME=me", "UNIQCHAT_SMTP_PASSWORD=secret", "SSL_CERT_FILE=" + sink.CAFile,
		"UNIQCHAT_SMTP_TIMEOUT=5s", // what is being sent when the server dies is claimed for 30 s longer than that
	}, fast...)})
	a := &api.API{Base: s.BaseURL()}
	admin, err := a.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)
	for _, name := range []string{"ann", "ben", "cat"} {
		var made struct{ Invite struct{ Mailed bool } }
		require.NoError(t, a.Call(ctx, "POST", "/api/v1/agents", admin.AccessToken, map[string]any{"email": name + "@shop.test", "name": name, "locale": "en"}, &made))
		require.True(t, made.Invite.Mailed)
	}
	require.Eventually(t, func() bool { return s.Metric("uniqchat_mail_retries_total") > 0 }, time.Minute, 10*time.Millisecond)
	s.Kill()
	s.Restart()
	got := sink.Wait(t, 3)
	seen := map[string]bool{}
	for i := range got {
		require.True(t, got[i].TLS)
		require.Equal(t, "me", got[i].User)
		require.False(t, seen[got[i].To[0]], "twice")
		seen[got[i].To[0]] = true
		_, text, _ := got[i].Read(t)
		u, err := url.Parse(link.FindString(text))
		require.NoError(t, err)
		_, token, _ := strings.Cut(u.Fragment, "=")
		require.NoError(t, a.Call(ctx, "POST", "/api/v1/auth/invite/accept", token, map[string]any{"password": "another horse"}, nil))
		_, err = a.Login(ctx, got[i].To[0], "another horse")
		require.NoError(t, err)
	}
	require.Len(t, seen, 3)
}
