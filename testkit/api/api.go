// Package api calls the HTTP API as an outside program would, for tests.
//
// It owns nothing of the server's: shapes are written down once more, so that a change of the API shows.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/uniqchat/uniqchat/testkit/journal"
)

// API is one server. Safe for concurrent use.
type API struct {
	// Base is the address without a path: http://host:port.
	Base string
	// Client defaults to one with a timeout of 30 s.
	Client *http.Client
}

var defaultClient = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// Problem is an error document (RFC 9457), or whatever else a failed call answered.
type Problem struct {
	Status int
	Code   string
	Detail string
	Header http.Header
}

func (p *Problem) Error() string { return fmt.Sprintf("HTTP %d %s: %s", p.Status, p.Code, p.Detail) }

// Call makes a request with a JSON body and decodes the answer into out; both may be nil. An answer that isn't 2xx is a *Problem.
func (a *API) Call(ctx context.Context, method, path, token string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.Base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := a.Client
	if client == nil {
		client = defaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		p := &Problem{Status: res.StatusCode, Header: res.Header, Detail: string(b)}
		var doc struct{ Code, Detail string }
		if json.Unmarshal(b, &doc) == nil {
			p.Code, p.Detail = doc.Code, doc.Detail
		}
		return p
	}
	if out == nil || len(b) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// Visitor is a widget session.
type Visitor struct {
	Token          string
	ConversationID *uuid.UUID `json:"conversation_id"`
	WSURL          string     `json:"ws_url"`
	Visitor        struct{ ID uuid.UUID }
}

// Session opens a widget session for a site key.
func (a *API) Session(ctx context.Context, siteKey string) (v Visitor, err error) {
	err = a.Call(ctx, http.MethodPost, "/api/v1/widget/session", "", map[string]string{"site_key": siteKey}, &v)
	return v, err
}

// Login is an agent's log-in.
type Login struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	WSURL        string `json:"ws_url"`
	Agent        struct {
		ID    uuid.UUID
		Name  string
		Email string
		Role  string
	}
}

// Login logs an agent in.
func (a *API) Login(ctx context.Context, email, password string) (l Login, err error) {
	err = a.Call(ctx, http.MethodPost, "/api/v1/auth/login", "", map[string]string{"email": email, "password": password}, &l)
	return l, err
}

// Conversation is a row of the list.
type Conversation struct {
	ID         uuid.UUID
	Status     string
	VisitorID  uuid.UUID  `json:"visitor_id"`
	AssigneeID *uuid.UUID `json:"assignee_id"`
	Version    uint64
	Unread     int
}

// Conversation reads one.
func (a *API) Conversation(ctx context.Context, token string, id uuid.UUID) (c Conversation, err error) {
	err = a.Call(ctx, http.MethodGet, "/api/v1/conversations/"+id.String(), token, nil, &c)
	return c, err
}

// Conversations reads the whole list, all pages of it; query may filter.
func (a *API) Conversations(ctx context.Context, token string, query url.Values) (all []Conversation, err error) {
	q := url.Values{"limit": {"200"}}
	for k, v := range query {
		q[k] = v
	}
	for {
		var page struct {
			Data       []Conversation
			NextCursor *string `json:"next_cursor"`
		}
		if err := a.Call(ctx, http.MethodGet, "/api/v1/conversations?"+q.Encode(), token, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Data...)
		if page.NextCursor == nil {
			return all, nil
		}
		q.Set("cursor", *page.NextCursor)
	}
}

// Database reads conversations as the journal's checker wants them, with a token that may see everything in them. Those
// that do not exist are left out.
func (a *API) Database(ctx context.Context, token, tenant string, convs []uuid.UUID) ([]journal.Conversation, error) {
	var db []journal.Conversation
	for _, id := range convs {
		c, err := a.Conversation(ctx, token, id)
		if p, ok := err.(*Problem); ok && p.Status == http.StatusNotFound { //nolint:errorlint // Call never wraps it
			continue
		}
		if err != nil {
			return nil, err
		}
		out := journal.Conversation{ID: id, Tenant: tenant, Visitor: c.VisitorID}
		if out.Messages, err = a.messages(ctx, token, id); err != nil {
			return nil, err
		}
		db = append(db, out)
	}
	return db, nil
}

func (a *API) messages(ctx context.Context, token string, conv uuid.UUID) (all []journal.Stored, err error) {
	for cursor := ""; ; {
		var page struct {
			Data []struct {
				Seq              uint64
				Mid, Cmid        uuid.UUID
				Sender           *uuid.UUID
				Kind, Visibility string
				Body             json.RawMessage
			}
			NextCursor *string `json:"next_cursor"`
		}
		path := "/api/v1/conversations/" + conv.String() + "/messages?limit=200"
		if cursor != "" {
			path += "&cursor=" + url.QueryEscape(cursor)
		}
		if err := a.Call(ctx, http.MethodGet, path, token, nil, &page); err != nil {
			return nil, err
		}
		for _, m := range page.Data {
			s := journal.Stored{
				MID: m.Mid, CMID: m.Cmid, Seq: m.Seq, Hash: journal.HashBody(m.Body),
				Internal: m.Visibility == "internal", System: m.Kind == "system",
			}
			if m.Sender != nil {
				s.Sender = *m.Sender
			}
			all = append(all, s)
		}
		if page.NextCursor == nil {
			return all, nil
		}
		cursor = *page.NextCursor
	}
}
