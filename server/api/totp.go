package api

import (
	"context"
)

type challengeInput struct {
	Body struct {
		Challenge string `json:"challenge" maxLength:"2000" doc:"From the 401 totp_required of the log-in."`
		Code      string `json:"code" minLength:"6" maxLength:"40" doc:"Six digits of the authenticator app, or a recovery code."`
	}
}

// completeChallenge is the second half of a log-in.
func (a *API) completeChallenge(ctx context.Context, c *call, in *challengeInput) (*answer[LoginTokens], error) {
	if err := a.logins.Allow(addressKey(c.addr)); err != nil {
		return nil, err
	}
	t, err := a.cfg.Auth.CompleteChallenge(ctx, in.Body.Challenge, in.Body.Code)
	if err != nil {
		return nil, err
	}
	return a.tokens(c, &t)
}

// SecondFactor says how the caller's second factor stands.
type SecondFactor struct {
	Enabled bool `json:"enabled"`
	Left    int  `json:"recovery_codes_left"`
}

func (a *API) secondFactor(ctx context.Context, c *call, _ *none) (*answer[SecondFactor], error) {
	on, left, err := a.cfg.Auth.SecondFactor(ctx, *c.cred)
	if err != nil {
		return nil, err
	}
	return ok(SecondFactor{on, left})
}

type enrolInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1024"`
	}
}

// Enrolment is a second factor that waits to be confirmed.
type Enrolment struct {
	Secret string `json:"secret" doc:"Base32, to be typed into an authenticator app."`
	URL    string `json:"otpauth_url" doc:"The same as an otpauth:// address, to be shown as a QR code."`
}

func (a *API) enrol(ctx context.Context, c *call, in *enrolInput) (*answer[Enrolment], error) {
	e, err := a.cfg.Auth.Enrol(ctx, *c.cred, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return ok(Enrolment(e))
}

type confirmInput struct {
	Body struct {
		Code string `json:"code" minLength:"6" maxLength:"12" doc:"What the authenticator app shows now."`
	}
}

// RecoveryCodes stand in for the app when it is lost, each once.
type RecoveryCodes struct {
	Codes []string `json:"recovery_codes" nullable:"false" doc:"Shown this once: only their hashes are kept."`
}

func (a *API) confirmEnrolment(ctx context.Context, c *call, in *confirmInput) (*answer[RecoveryCodes], error) {
	codes, err := a.cfg.Auth.ConfirmEnrolment(ctx, *c.cred, in.Body.Code)
	if err != nil {
		return nil, err
	}
	return ok(RecoveryCodes{codes})
}

type disableInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1024"`
		Code     string `json:"code" minLength:"6" maxLength:"40" doc:"Six digits of the authenticator app, or a recovery code."`
	}
}

func (a *API) endSecondFactor(ctx context.Context, c *call, in *disableInput) (*none, error) {
	return &none{}, a.cfg.Auth.EndSecondFactor(ctx, *c.cred, in.Body.Password, in.Body.Code)
}
