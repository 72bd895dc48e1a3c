package board

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// asked is a WATCH's filter: what GET /api/v1/visitors/online takes, by the same names.
type asked struct {
	Text    string    `json:"q"`
	Page    string    `json:"page"`
	Locale  string    `json:"locale"`
	Country string    `json:"country"`
	State   string    `json:"state"`
	Cart    *bool     `json:"has_cart"`
	Since   time.Time `json:"since,omitzero"`
	Sort    string    `json:"sort"`
	Order   string    `json:"order"`
}

// ParseFilter reads a WATCH's filter; none asks for everybody. What is not understood is refused: a screen that asked for less must
// not show more.
func ParseFilter(raw []byte) (q chat.BoardQuery, err error) {
	var a asked
	if raw = bytes.TrimSpace(raw); len(raw) > 0 {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&a); err != nil || d.More() {
			return q, chat.Errorf(chat.Malformed, "filter is not what GET /api/v1/visitors/online takes")
		}
	}
	switch {
	case len(a.Text) > 800 || len(a.Page) > 2000 || len(a.Locale) > 35 || len(a.Country) > 2:
		return q, chat.Errorf(chat.Malformed, "filter: a value is too long")
	case a.State != "" && a.State != chat.GuestIdle && a.State != chat.GuestQueued && a.State != chat.GuestChatting:
		return q, chat.Errorf(chat.Malformed, "filter: state must be idle, queued or chatting")
	case a.Order != "" && a.Order != "asc" && a.Order != "desc":
		return q, chat.Errorf(chat.Malformed, "filter: order must be asc or desc")
	}
	q = chat.BoardQuery{
		Text: a.Text, Page: a.Page, Locale: a.Locale, Country: a.Country, State: a.State, Cart: a.Cart, Since: a.Since, Asc: a.Order == "asc",
	}
	switch a.Sort {
	case "", chat.BySince:
		q.Sort = chat.BySince
	case "last_seen":
		q.Sort = chat.BySeen
	case chat.ByPages, chat.ByCart:
		q.Sort = a.Sort
	default:
		return q, chat.Errorf(chat.Malformed, "filter: sort must be since, last_seen, pages or cart_value")
	}
	return q, nil
}
