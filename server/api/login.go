package api

import (
	"context"

	"github.com/uniqchat/uniqchat/server/auth"
)

type loginInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"320"`
		Password string `json:"password" maxLength:"1024"`
		Tenant   string `json:"tenant,omitempty" maxLength:"100" doc:"The tenant's slug; needed only if the address is in several."`
	}
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token" maxLength:"200"`
		Attempt      string `json:"attempt,omitempty" minLength:"16" maxLength:"64" doc:"Random, made up for this one exchange and kept beside the refresh token until the answer is there. Whoever did not get the answer asks again with the same within 10 minutes, as long as no token given for this one was used; the newest answer counts. Without it, or with another, a token that comes twice ends its log-in."`
	}
}

// LoginTokens is what a log-in gives.
type LoginTokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token" doc:"Works once; each refresh gives a new one."`
	TokenType    string `json:"token_type" enum:"Bearer"`
	ExpiresIn    int    `json:"expires_in" doc:"Seconds until the access token expires."`
	Agent        Agent  `json:"agent"`
	WSURL        string `json:"ws_url"`
}

func (a *API) login(ctx context.Context, c *call, in *loginInput) (*answer[LoginTokens], error) {
	if err := a.logins.Allow(addressKey(c.addr)); err != nil {
		return nil, err
	}
	account := auth.NormalEmail(in.Body.Email) + "\x00" + addressKey(c.addr)
	if err := a.accounts.Allow(account); err != nil {
		return nil, err
	}
	t, err := a.cfg.Auth.Login(ctx, auth.LoginRequest{
		Email: in.Body.Email, Password: in.Body.Password, Tenant: in.Body.Tenant, From: addressKey(c.addr),
	})
	if err != nil {
		return nil, err
	}
	a.accounts.Give(account) // only wrong passwords count
	return a.tokens(c, &t)
}

func (a *API) refresh(ctx context.Context, c *call, in *refreshInput) (*answer[LoginTokens], error) {
	t, err := a.cfg.Auth.Refresh(ctx, in.Body.RefreshToken, in.Body.Attempt)
	if err != nil {
		return nil, err
	}
	return a.tokens(c, &t)
}

func (a *API) tokens(c *call, t *auth.Tokens) (*answer[LoginTokens], error) {
	return ok(LoginTokens{
		AccessToken: t.Access, RefreshToken: t.Refresh, TokenType: "Bearer", ExpiresIn: int(t.ExpiresIn.Seconds()),
		Agent: a.showAgent(&t.Agent), WSURL: a.cfg.WSURL(c.host),
	})
}

func (a *API) logout(ctx context.Context, c *call, _ *none) (*none, error) {
	return &none{}, a.cfg.Auth.Logout(ctx, *c.cred)
}

type passwordInput struct {
	Body struct {
		Current string `json:"current_password" maxLength:"1024"`
		New     string `json:"new_password" minLength:"8" maxLength:"256"`
	}
}

// password changes the caller's own password. Every log-in of the caller ends, this one too; the answer begins a new one.
func (a *API) password(ctx context.Context, c *call, in *passwordInput) (*answer[LoginTokens], error) {
	if err := a.logins.Allow(addressKey(c.addr)); err != nil {
		return nil, err
	}
	t, err := a.cfg.Auth.ChangePassword(ctx, *c.cred, in.Body.Current, in.Body.New)
	if err != nil {
		return nil, err
	}
	return a.tokens(c, &t)
}
