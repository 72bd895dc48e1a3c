package library

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/chat"
)

// farewell is for letting go of a build when this node ends.
const farewell = 3 * time.Second

// again is how long after a failure of storage or embedder a build is tried again.
const again = 10 * time.Second

// build is one build of a tenant's index.
type build struct {
	*Library
	state  chat.KnowledgeState
	holder [16]byte
	model  Embedder // nil: there is none
	name   string   // the embedder's

	chunks    []knowledge.Chunk
	vectors   []knowledge.Vectors
	twins     map[int][]int // for a chunk that is embedded: others with the same heading and text
	members   [][16]byte
	documents int
}

// buildNext builds what is due, or will be in so long, whoever holds it until then, and reports whether there was anything.
func (l *Library) buildNext(ctx context.Context, ahead time.Duration) (bool, error) {
	now := time.Now()
	holder := [16]byte(chat.NewID[build]())
	st, held, err := l.Store.HoldKnowledge(ctx, holder, now.Add(ahead), now.Add(l.Hold))
	if err != nil || !held {
		return false, err
	}
	b := &build{Library: l, state: st, holder: holder}
	err = b.run(ctx)
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	due := time.Now()
	if err != nil && ctx.Err() == nil {
		due = due.Add(again)
	}
	if rerr := l.Store.ReleaseKnowledge(bye, st.Tenant, holder, due); err == nil && !isNotHeld(rerr) {
		err = rerr
	}
	if isNotHeld(err) {
		return true, nil // it is another's now, or was rolled back: nobody wants this one
	}
	if err != nil {
		return true, fmt.Errorf("index of tenant %s: %w", st.Tenant, err)
	}
	return true, nil
}

func isNotHeld(err error) bool {
	var e *chat.Error
	return errors.As(err, &e) && e.Name == "not_held"
}

// run builds aside, asks the golden questions, and swaps.
func (b *build) run(ctx context.Context) error {
	b.builds.Inc()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	progress := make(chan [2]int, 1)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		b.keep(ctx, stop, progress)
	}()
	defer func() { stop(nil); <-kept }()
	err := b.make(ctx, progress)
	if cause := context.Cause(ctx); err != nil && isNotHeld(cause) {
		return cause
	}
	return err
}

// keep holds on to the build until ctx ends, and tells how far it is: how many chunks of how many.
func (b *build) keep(ctx context.Context, stop context.CancelCauseFunc, progress <-chan [2]int) {
	tick := time.NewTicker(b.Hold / 3)
	defer tick.Stop()
	var at [2]int
	for {
		select {
		case <-ctx.Done():
			return
		case at = <-progress:
		case <-tick.C:
			err := b.Store.KeepKnowledge(ctx, b.state.Tenant, b.holder, time.Now().Add(b.Hold), at[0], at[1])
			if isNotHeld(err) {
				stop(err)
				return
			}
		}
	}
}

func (b *build) make(ctx context.Context, progress chan [2]int) error {
	tenant := b.state.Tenant
	if failure, err := b.cut(ctx); err != nil || failure != nil {
		return errors.Join(err, b.fail(ctx, failure))
	}
	var err error
	if b.model, err = b.embedder(ctx); err != nil {
		return fmt.Errorf("have the embedder ready: %w", err)
	}
	if b.model != nil {
		b.name = b.model.Name()
	}
	if err := b.embed(ctx, progress); err != nil {
		return err
	}
	vectors := b.vectors
	if b.name == "" {
		vectors = nil
	}
	index, err := knowledge.NewIndexAside(ctx, b.chunks, b.name, vectors)
	if err != nil {
		return err
	}
	failure, err := b.golden(ctx, index)
	if failure != nil {
		if err = b.endTrial(ctx, failure); err == nil {
			err = b.fail(ctx, failure)
		}
	}
	if err != nil || failure != nil {
		return err
	}
	v, err := b.Store.SwapKnowledge(ctx, b.holder, chat.KnowledgeVersion{
		Tenant: tenant, Revision: b.state.Wanted, Embedder: b.name, Documents: b.documents, Members: b.members, CreatedAt: time.Now().UTC().Truncate(time.Microsecond),
	})
	if err != nil {
		return err
	}
	b.put(ctx, tenant, edition{v.Version, index})
	b.Changed(ctx, tenant)
	b.Logger.Info("knowledge indexed", "tenant", tenant, "version", v.Version, "documents", b.documents, "chunks", len(b.chunks))
	return b.prune(ctx)
}

// fail notes why the build is not put in use. A nil failure is none.
func (b *build) fail(ctx context.Context, f *chat.KnowledgeFailure) error {
	if f == nil {
		return nil
	}
	b.failed.Inc()
	b.date(f)
	err := b.Store.FailKnowledge(ctx, b.state.Tenant, b.holder, *f)
	b.Logger.Warn("knowledge was not put in use", "tenant", b.state.Tenant, "reason", f.Reason, "golden", len(f.Golden))
	return err
}

// date says when, and of which revision, a build failed.
func (b *build) date(f *chat.KnowledgeFailure) {
	f.At, f.Revision = time.Now().UTC().Truncate(time.Microsecond), b.state.Wanted
}

// endTrial ends the trial of a version that fails golden questions as they are by now: it would be put in use when its time is over. f is why the
// build fails, which may be of the same chunks, or of others.
func (b *build) endTrial(ctx context.Context, f *chat.KnowledgeFailure) error {
	tenant, version := b.state.Tenant, b.state.Canary.Version
	if version == 0 {
		return nil
	}
	v, err := b.Store.KnowledgeVersion(ctx, tenant, version)
	if err != nil || v.Embedder != b.name { // this embedder's vectors say nothing of another's
		return err
	}
	if !slices.Equal(v.Members, b.members) {
		index, err := b.tried(ctx)
		if err != nil {
			return err
		}
		if f, err = b.golden(ctx, index); err != nil || f == nil {
			return err
		}
	}
	b.date(f)
	ended, err := b.Store.EndCanary(ctx, tenant, version, f)
	if err != nil || !ended {
		return err
	}
	b.Logger.Warn("a version of the knowledge was tried and taken back: it fails golden questions", "tenant", tenant, "version", version, "golden", len(f.Golden))
	b.Changed(ctx, tenant)
	return nil
}

// tried is the index of the version that is tried.
func (b *build) tried(ctx context.Context) (*knowledge.Index, error) {
	version := b.state.Canary.Version
	if have := b.shelf.Kept(b.state.Tenant); have != nil && have.Value.canary.version == version && have.Value.canary.index != nil {
		return have.Value.canary.index, nil
	}
	return b.read(ctx, b.state.Tenant, version, true)
}

// cut makes chunks of the documents.
func (b *build) cut(ctx context.Context) (*chat.KnowledgeFailure, error) {
	documents, err := b.Store.SourceDocuments(ctx, b.state.Tenant)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := range documents {
		d := &documents[i]
		_, sections, err := knowledge.Read(knowledge.Format(d.Format), []byte(d.Text))
		if err != nil { // it was read when it was kept; it can't be opened any more
			b.Logger.Warn("a document can't be read and is left out", "tenant", b.state.Tenant, "document", d.ID, "err", err)
			continue
		}
		b.documents++
		for c := range knowledge.Chunks(d.ID.String(), d.Title, sections) {
			if seen[c.ID] {
				continue
			}
			seen[c.ID] = true
			if b.chunks = append(b.chunks, c); len(b.chunks) > b.MaxChunks {
				return &chat.KnowledgeFailure{Reason: chat.FailureTooMany}, nil
			}
		}
	}
	return nil, nil
}

// embed finds the vectors of chunks: those that are kept, with the chunk or with another of the same heading and text, and for what is left new ones.
// What was not kept of it is kept at once.
func (b *build) embed(ctx context.Context, progress chan [2]int) error {
	tenant := b.state.Tenant
	ids, err := b.Store.ChunkIDs(ctx, tenant)
	if err != nil {
		return err
	}
	have := make(map[[16]byte]bool, len(ids))
	for _, id := range ids {
		have[id] = true
	}
	at := make(map[[16]byte]int, len(b.chunks))
	b.vectors, b.members = make([]knowledge.Vectors, len(b.chunks)), make([][16]byte, len(b.chunks))
	var known [][16]byte
	var missing []int
	for i := range b.chunks {
		id := keyOf(&b.chunks[i], b.name)
		b.members[i], at[id] = id, i
		if have[id] {
			known = append(known, id)
		} else {
			missing = append(missing, i)
		}
	}
	rows, err := b.Store.Chunks(ctx, tenant, known)
	if err != nil {
		return err
	}
	for i := range rows {
		if _, b.vectors[at[rows[i].ID]], err = unpack(rows[i].Body); err != nil {
			return err
		}
	}
	if missing, err = b.reuse(ctx, ids, missing); err != nil {
		return err
	}
	step := 16 * workers()
	if w, is := b.model.(knowledge.Wide); is {
		step = max(1, w.Wide()/2)
	}
	for from := 0; from < len(missing); from += step {
		if err := b.embedSome(ctx, missing[from:min(from+step, len(missing))]); err != nil {
			return err
		}
		select {
		case progress <- [2]int{len(b.chunks) - len(missing) + min(from+step, len(missing)), len(b.chunks)}:
		default:
		}
	}
	return nil
}

// embedSome makes the vectors of some chunks and keeps them: a build that is cut off here goes on behind them.
func (b *build) embedSome(ctx context.Context, which []int) error {
	chunks := make([]knowledge.Chunk, len(which))
	for i, at := range which {
		chunks[i] = b.chunks[at]
	}
	if b.model != nil {
		vectors, err := knowledge.Embed(ctx, b.model, chunks, nil)
		if err != nil {
			return err
		}
		same := which
		for i, at := range which {
			b.vectors[at] = vectors[i]
			for _, twin := range b.twins[at] {
				b.vectors[twin] = vectors[i]
			}
			same = slices.Concat(same, b.twins[at])
		}
		b.embedded.Add(len(chunks))
		which = same
	}
	return b.save(ctx, which)
}

// spare is how many pieces that bots leave out may stand before what is looked for.
const spare = 10

// golden asks an index every golden question.
func (b *build) golden(ctx context.Context, index *knowledge.Index) (*chat.KnowledgeFailure, error) {
	f := &chat.KnowledgeFailure{Reason: chat.FailureGolden}
	for cursor := ""; ; {
		page, next, err := b.Store.GoldenQuestions(ctx, b.state.Tenant, cursor, 200)
		if err != nil {
			return nil, err
		}
		texts := make([]string, len(page))
		for i := range page {
			texts[i] = page[i].Question
		}
		vectors, err := b.vectorsOf(ctx, index, texts)
		if err != nil {
			return nil, fmt.Errorf("embed golden questions: %w", err)
		}
		for i := range page {
			g := &page[i]
			f.GoldenAsked++
			// As bots find it: what speaks to machines is not there.
			hits := slices.DeleteFunc(ask(index, knowledge.Query{Text: g.Question, Vector: vectors[i]}, g.Within+spare),
				func(h knowledge.Hit) bool { return suspicious(index.Chunk(h.Chunk)) != "" })
			hits = hits[:min(len(hits), g.Within)]
			found, want := false, g.Document.String()
			for _, h := range hits {
				found = found || index.Chunk(h.Chunk).Document == want
			}
			if found {
				continue
			}
			miss := chat.GoldenFailure{ID: g.ID}
			if len(hits) > 0 {
				if id, err := chat.ParseID[chat.Document](index.Chunk(hits[0].Chunk).Document); err == nil {
					miss.Found = &id
				}
			}
			f.Golden = append(f.Golden, miss)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if len(f.Golden) == 0 {
		return nil, nil
	}
	return f, nil
}

// prune removes chunks that no kept version has.
func (b *build) prune(ctx context.Context) error {
	tenant := b.state.Tenant
	versions, err := b.Store.KnowledgeVersions(ctx, tenant)
	if err != nil {
		return err
	}
	wanted := map[[16]byte]bool{}
	for i := range versions {
		v, err := b.Store.KnowledgeVersion(ctx, tenant, versions[i].Version)
		if err != nil {
			return err
		}
		for _, id := range v.Members {
			wanted[id] = true
		}
	}
	ids, err := b.Store.ChunkIDs(ctx, tenant)
	if err != nil {
		return err
	}
	var drop [][16]byte
	for _, id := range ids {
		if !wanted[id] {
			drop = append(drop, id)
		}
	}
	return b.Store.DropChunks(ctx, tenant, b.holder, drop)
}
