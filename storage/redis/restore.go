package redis

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// restore appends again what Redis lost and this node still has in memory. Every node does, and senders do too: the ids of
// messages see to it that each is there once. It ends with ctx.
func (l *Log) restore(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case lost := <-l.restores:
			number, total, back := lost[0].Partition, 0, 0
			for _, b := range lost {
				total += len(b.Events)
				back += l.restoreBatch(ctx, b)
			}
			l.stats.restored.Add(back)
			l.stats.lost.Add(total - back)
			if back == total {
				l.Logger.Warn("redis had lost acknowledged messages; they were appended again from memory", "partition", number, "messages", total)
			} else {
				l.Logger.Error("acknowledged messages are gone from redis; senders who are still there send them again", "partition", number,
					"messages", total-back, "restored", back)
			}
		}
	}
}

// restoreFor is how long one batch is tried again.
const restoreFor = 30 * time.Second

// restoreBatch appends a batch's events again, and returns how many are there now.
func (l *Log) restoreBatch(ctx context.Context, b *project.Batch) (back int) {
	events := make([]chat.Event, len(b.Events))
	for i := range events {
		events[i] = b.Events[i]
		e := &events[i]
		e.Seq, e.Prev, e.PrevPublic, e.State = 0, 0, 0, chat.State{}
		e.Joined, e.Retry, e.Origin, e.Expect = false, true, chat.Origin{}, 0
		if e.Next != nil {
			e.Expect = e.Next.Version - 1
		}
	}
	for until := time.Now().Add(restoreFor); len(events) > 0 && time.Now().Before(until) && ctx.Err() == nil; {
		receipts, err := l.Append(ctx, events...)
		if err != nil {
			l.stats.lastError(l.Logger, err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		rest := events[:0:0]
		for i := range receipts {
			switch {
			case receipts[i].Err == nil:
				back++
			case chat.CodeOf(receipts[i].Err).Retryable():
				rest = append(rest, events[i])
			case events[i].Next != nil: // the conversation went on without it: there is nothing to restore
				back++
			}
		}
		if events = rest; len(events) > 0 {
			time.Sleep(100 * time.Millisecond)
		}
	}
	return back
}
