package sqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/chat"
)

// cpu is what this process has used so far.
func cpu(b *testing.B) time.Duration {
	var u unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAppend appends 128 messages of as many conversations at once, as a busy server does.
func BenchmarkAppend(b *testing.B) {
	s, stop := run(b, filepath.Join(b.TempDir(), "chat.db"))
	defer stop()
	const group, conversations = 128, 4096
	said := []string{
		"Order %d says delivered but nothing arrived, can you look?", "订单%d显示已签收,但是我没有收到", "ok %d", "Where is my refund for %d? I asked twice already",
		"您好,订单%d已经从北京仓库发出,预计3天内送达", "The code %d does not work at checkout", "好的,谢谢 %d", "I want the projector with the %d pattern",
	}
	tenant := chat.NewID[chat.Tenant]()
	keys := make([]chat.Key, conversations)
	event := func(i int) chat.Event {
		k := keys[i%conversations]
		e := chat.Event{Message: chat.Message{
			Tenant: tenant, Conversation: k.Conversation, CMID: chat.NewID[chat.Event](), Sender: chat.UserID(k.Conversation), Role: chat.RoleVisitor,
			Time: time.Now().UTC().Truncate(time.Millisecond), Body: fmt.Appendf(nil, `{"text":%q}`, fmt.Sprintf(said[i%len(said)], i)),
		}}
		e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
		return e
	}
	for i := range keys {
		keys[i] = chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}
		e := event(i)
		e.Kind, e.Next = chat.KindSystem, &chat.State{Visitor: chat.VisitorID(e.Sender), Version: 1}
		_, err := s.Log.Append(b.Context(), e)
		require.NoError(b, err)
	}
	events := make([]chat.Event, group)
	n := 0
	began := cpu(b)
	for b.Loop() {
		for i := range events {
			events[i] = event(n)
			n++
		}
		receipts, err := s.Log.Append(b.Context(), events...)
		require.NoError(b, err)
		require.NoError(b, receipts[0].Err)
	}
	b.ReportMetric(float64((cpu(b)-began).Microseconds())/float64(n), "cpu-us/message")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "us/message")
}
