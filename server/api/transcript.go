package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/uniqchat/uniqchat/chat"
)

// download is an answer that a browser saves.
type download struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// maxTranscript bounds a transcript, in messages, and transcriptRoom in bytes of their bodies: it is made in memory, for as many at once as
// ask, and one of them may have written very long messages.
const (
	maxTranscript  = 20_000
	transcriptRoom = 4 << 20
)

// asksForHuman is the hand-off that the visitor asked for.
var asksForHuman = chat.EventHandoff + chat.ToHuman + chat.RoleVisitor.String()

// words are a transcript's own words: of what happened by event, where it went, and who did it if that matters.
var words = map[string]map[string]string{
	"en": {
		"title": "Conversation", "visitor": "Visitor", "agent": "Agent", "bot": "Bot", "api": "Service", "system": "System", "note": "note", "edited": "edited",
		"recalled": "(taken back)", "image": "image", "file": "file", "card": "card", "form": "form", "more": "… the rest is left out.",
		chat.EventCreated: "began", chat.EventQueued: "waits in the queue", chat.EventAssigned: "answered by %s", chat.EventTransferred: "handed over to %s",
		chat.EventClosed: "closed", chat.EventReopened: "reopened", chat.EventSnoozed: "put aside", chat.EventWoken: "taken up again",
		chat.EventRated: "rated %s of 5", chat.EventHandoff + chat.ToHuman: "handed to a person", chat.EventHandoff + chat.ToBot: "handed to the bot",
		asksForHuman: "asked for a person",
	},
	"zh": {
		"title": "会话记录", "visitor": "访客", "agent": "客服", "bot": "机器人", "api": "服务", "system": "系统", "note": "内部备注", "edited": "已编辑",
		"recalled": "（已撤回）", "image": "图片", "file": "文件", "card": "卡片", "form": "表单", "more": "……其余内容已省略。",
		chat.EventCreated: "会话开始", chat.EventQueued: "进入排队", chat.EventAssigned: "由 %s 接待", chat.EventTransferred: "转接给 %s",
		chat.EventClosed: "会话关闭", chat.EventReopened: "会话重新打开", chat.EventSnoozed: "会话已搁置", chat.EventWoken: "会话恢复处理",
		chat.EventRated: "评分 %s/5", chat.EventHandoff + chat.ToHuman: "转给人工客服", chat.EventHandoff + chat.ToBot: "转给机器人",
		asksForHuman: "请求人工客服",
	},
}

// transcript answers with everything that the caller may see of a conversation, as it is shown: edits made, what was recalled left out.
func (a *API) transcript(ctx context.Context, c *call, in *Target) (*download, error) {
	id, err := pathID[chat.Conversation](in.ID)
	if err != nil {
		return nil, err
	}
	t, err := a.transcriptOf(ctx, c.actor(), id, c.lang, maxTranscript)
	if err != nil {
		return nil, err
	}
	return &download{
		ContentType: "text/plain; charset=utf-8", Disposition: `attachment; filename="conversation-` + id.String() + `.txt"`, Body: t.text(id),
	}, nil
}

// transcriptOf reads what the actor may see of a conversation, about most messages at most.
func (a *API) transcriptOf(ctx context.Context, actor *chat.Actor, id chat.ConversationID, lang string, most int) (*transcript, error) {
	head, err := a.cfg.Desk.Head(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	members, err := a.cfg.Desk.Members(ctx, actor, id, &head.State)
	if err != nil {
		return nil, err
	}
	t := &transcript{words: words[lang], names: make(map[chat.UserID]string, len(members)), shown: make(map[chat.MessageID]chat.Revision)}
	for _, m := range members {
		t.names[m.User] = m.Name
	}
	for room := transcriptRoom; ; {
		p := chat.Page{Limit: 50}
		if n := len(t.messages); n > 0 {
			p.After = t.messages[n-1].Seq
		}
		page, complete, err := a.cfg.Desk.Messages(ctx, actor, id, p)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if room -= len(page[i].Body); room < 0 {
				page, complete = page[:i], false
				break
			}
		}
		t.messages = append(t.messages, page...)
		if t.cut = (len(t.messages) >= most || room < 0) && !complete; complete || t.cut || len(page) == 0 {
			return t, nil
		}
	}
}

// transcript is a conversation on its way to a text.
type transcript struct {
	words    map[string]string
	names    map[chat.UserID]string
	messages []chat.Message
	shown    map[chat.MessageID]chat.Revision // the newest of each message
	cut      bool
}

func (t *transcript) text(id chat.ConversationID) []byte {
	for i := range t.messages {
		m := &t.messages[i]
		if r := chat.RevisionOf(m); r != nil && t.shown[r.Message].Event != chat.EventMessageRecalled {
			t.shown[r.Message] = *r
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s\n\n", t.words["title"], id)
	for i := range t.messages {
		t.line(&b, &t.messages[i])
	}
	if t.cut {
		b.WriteString(t.words["more"] + "\n")
	}
	return b.Bytes()
}

func (t *transcript) line(b *bytes.Buffer, m *chat.Message) {
	at := m.Time.UTC().Format("2006-01-02 15:04:05Z")
	if m.Kind == chat.KindSystem {
		if what := t.change(m); what != "" {
			fmt.Fprintf(b, "[%s] — %s\n", at, what)
		}
		return
	}
	who := t.words[m.Role.String()]
	if name := t.names[m.Sender]; name != "" {
		who = oneLine(name)
	}
	body, mark := m.Body, ""
	if m.Visibility == chat.InternalOnly {
		mark = " [" + t.words["note"] + "]"
	}
	var text string
	if r, ok := t.shown[m.ID]; ok && r.Event == chat.EventMessageRecalled {
		text = t.words["recalled"]
	} else {
		if ok {
			body, mark = r.Body, mark+" ["+t.words["edited"]+"]"
		}
		text = t.show(m.Kind, body)
	}
	fmt.Fprintf(b, "[%s] %s%s: %s\n", at, who, mark, strings.ReplaceAll(text, "\n", "\n    "))
}

// change says what happened to the conversation; empty if it is not worth a line.
func (t *transcript) change(m *chat.Message) string {
	var c chat.Change
	if json.Unmarshal(m.Body, &c) != nil {
		return ""
	}
	text := cmp.Or(t.words[c.Event+c.To+c.ByRole], t.words[c.Event+c.To])
	switch {
	case c.Event == chat.EventRated:
		text = fmt.Sprintf(text, strconv.Itoa(c.Rating))
		if c.Comment != "" {
			text += ": " + oneLine(c.Comment)
		}
	case strings.Contains(text, "%s"):
		name := oneLine(c.Assignee)
		if name == "" {
			name = t.words["agent"]
		}
		text = fmt.Sprintf(text, name)
	}
	return text
}

// show is a body in a line of text.
func (t *transcript) show(k chat.Kind, body []byte) string {
	var v struct {
		Text, Name, Title, URL string
	}
	if json.Unmarshal(body, &v) != nil {
		return ""
	}
	if k == chat.KindText {
		return printable(v.Text)
	}
	parts := []string{"[" + t.words[kindNames[k]] + "]"}
	for _, s := range []string{v.Name, v.Title, v.Text, v.URL} {
		if s != "" {
			parts = append(parts, oneLine(s))
		}
	}
	return strings.Join(parts, " ")
}

// printable leaves out control characters, with which a terminal could be fooled, but for line ends and tabs.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

func oneLine(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }
