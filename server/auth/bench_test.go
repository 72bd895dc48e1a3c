package auth_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/server/auth"
)

func BenchmarkVerifyVisitor(b *testing.B) {
	ctx, w := context.Background(), newWorld(b)
	s, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop"})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Authenticate(ctx, s.Token, "https://shop.example"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyAgent(b *testing.B) {
	ctx, w := context.Background(), newWorld(b)
	w.agent(b, w.tenant.ID, "a@x.test")
	tokens, err := w.Login(ctx, auth.LoginRequest{Email: "a@x.test", Password: password})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Verify(ctx, tokens.Access); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenSession(b *testing.B) {
	ctx, w := context.Background(), newWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop"}); err != nil {
			b.Fatal(err)
		}
	}
}
