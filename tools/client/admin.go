package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/uniqchat/uniqchat/tools/client/api"
)

// adminSteps are what an administrator and a program do.
var adminSteps = []step{
	{"a webhook is made, hears of a test, and is deleted", (*flow).webhook},
	{"a program's token is made, used in a header of its own, and revoked", (*flow).program},
	{"reports and the audit log tell of it", (*flow).reports},
	{"who has logged out is out", (*flow).logOut},
}

func (f *flow) webhook() error {
	heard := make(chan string, 16)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard <- r.Header.Get("webhook-id") }))
	defer endpoint.Close()
	made, err := f.admin.CreateWebhookWithResponse(f.ctx, nil, api.CreateWebhookInputBody{Url: endpoint.URL, Events: []string{"message.created"}})
	if err := want(made, err, 201, &made.JSON201); err != nil {
		return err
	}
	hook := made.JSON201
	if hook.Secret == nil || hook.State != api.WebhookStateActive {
		return fmt.Errorf("the webhook is %s", made.Body)
	}
	sent, err := f.admin.TestWebhookWithResponse(f.ctx, hook.Id, nil)
	if err := want(sent, err, 202, &sent.JSON202); err != nil {
		return err
	}
	select {
	case id := <-heard:
		if id != sent.JSON202.EventId.String() {
			return fmt.Errorf("the endpoint heard of %s", id)
		}
	case <-time.After(30 * time.Second):
		return errors.New("the endpoint heard nothing")
	}
	for { // the answer is written down after it was given
		list, err := f.admin.ListDeliveriesWithResponse(f.ctx, hook.Id, &api.ListDeliveriesParams{State: ptr(api.ListDeliveriesParamsStateDelivered)})
		if err := want(list, err, 200, &list.JSON200); err != nil {
			return err
		}
		if d := list.JSON200.Data; len(d) == 1 {
			if d[0].Request == nil || len(d[0].Attempts) != 1 || d[0].Attempts[0].Status == nil || d[0].Request.Body["type"] != "webhook.ping" {
				return fmt.Errorf("the delivery is %s", list.Body)
			}
			break
		}
		select {
		case <-f.ctx.Done():
			return f.ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	gone, err := f.admin.DeleteWebhookWithResponse(f.ctx, hook.Id)
	return want[struct{}](gone, err, 204, nil)
}

func (f *flow) program() error {
	made, err := f.admin.CreateAPITokenWithResponse(f.ctx, nil, api.CreateAPITokenInputBody{
		Name: "crm", Scopes: []api.CreateAPITokenInputBodyScopes{"conversations:read"},
	})
	if err := want(made, err, 201, &made.JSON201); err != nil {
		return err
	}
	program, err := api.NewClientWithResponses(f.base, api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("X-API-Token", made.JSON201.Token)
		return nil
	}))
	if err != nil {
		return err
	}
	got, err := program.GetConversationWithResponse(f.ctx, f.conv)
	if err := want(got, err, 200, &got.JSON200); err != nil {
		return err
	}
	closed, err := program.CloseConversationWithResponse(f.ctx, f.conv, nil)
	p, err := wantProblem(closed, err, 403, "scope_missing")
	if err != nil {
		return err
	}
	if p.RequiredScope == nil || *p.RequiredScope != "conversations:write" {
		return fmt.Errorf("the problem is %s", closed.Body)
	}
	gone, err := f.admin.RevokeAPITokenWithResponse(f.ctx, made.JSON201.Id)
	if err := want[struct{}](gone, err, 204, nil); err != nil {
		return err
	}
	if got, err = program.GetConversationWithResponse(f.ctx, f.conv); err != nil {
		return err
	}
	_, err = wantProblem(got, err, 401, "token_revoked")
	return err
}

func (f *flow) reports() error {
	report, err := f.admin.ReportOverviewWithResponse(f.ctx, &api.ReportOverviewParams{Timezone: ptr("Asia/Shanghai")})
	if err := want(report, err, 200, &report.JSON200); err != nil {
		return err
	}
	if r := report.JSON200; r.Created < 1 || r.Timezone != "Asia/Shanghai" {
		return fmt.Errorf("the report is %s", report.Body)
	}
	log, err := f.admin.ListAuditLogWithResponse(f.ctx, &api.ListAuditLogParams{Action: ptr("api_token.")})
	if err := want(log, err, 200, &log.JSON200); err != nil {
		return err
	}
	if d := log.JSON200.Data; len(d) != 2 || d[0].Actor.Kind != api.AuditActorKindAgent || d[0].Details == nil {
		return fmt.Errorf("the audit log is %s", log.Body)
	}
	return nil
}

func (f *flow) logOut() error {
	out, err := f.bob.LogoutWithResponse(f.ctx, nil)
	if err := want[struct{}](out, err, 204, nil); err != nil {
		return err
	}
	got, err := f.bob.ListAgentsWithResponse(f.ctx, nil)
	_, err = wantProblem(got, err, 401, "token_revoked")
	return err
}
