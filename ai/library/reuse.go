package library

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/chat"
)

// atOnce is how many chunks are kept at once, or read for the sake of their vectors.
const atOnce = 200

// contentOf names what the vectors of a chunk are made of. Its document and the title of that are no part of it.
func contentOf(c *knowledge.Chunk) (id [16]byte) {
	sum := sha256.Sum256([]byte(c.Heading + "\x00" + c.Text))
	copy(id[:], sum[:])
	return id
}

// reuse gives chunks without vectors those of chunks with the same heading and text: of this build, or kept for any version, by the same embedder. They
// are kept with them. It returns the chunks that are to be embedded, each heading and text once; b.twins has the others. kept are the ids of all kept chunks.
//
// Of kept chunks it reads those that this build does not have, some at once, and only until all is found.
func (b *build) reuse(ctx context.Context, kept [][16]byte, missing []int) ([]int, error) {
	if b.model == nil || len(missing) == 0 {
		return missing, nil
	}
	wanted := make(map[[16]byte][]int, len(missing))
	without := make(map[int]bool, len(missing))
	for _, at := range missing {
		content := contentOf(&b.chunks[at])
		wanted[content], without[at] = append(wanted[content], at), true
	}
	var found []int
	take := func(c *knowledge.Chunk, v knowledge.Vectors) {
		content := contentOf(c)
		for _, at := range wanted[content] {
			b.vectors[at] = v
			found = append(found, at)
		}
		delete(wanted, content)
	}
	members := make(map[[16]byte]bool, len(b.members))
	for i := range b.chunks {
		if members[b.members[i]] = true; !without[i] {
			take(&b.chunks[i], b.vectors[i])
		}
	}
	others := slices.DeleteFunc(kept, func(id [16]byte) bool { return members[id] })
	for len(others) > 0 && len(wanted) > 0 {
		page := others[:min(len(others), atOnce)]
		others = others[len(page):]
		rows, err := b.Store.Chunks(ctx, b.state.Tenant, page)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			// What can't be read is no part of this build. And of another embedder's vectors none are taken.
			if c, v, err := unpack(rows[i].Body); err == nil && keyOf(&c, b.name) == rows[i].ID {
				take(&c, v)
			}
		}
	}
	return b.first(missing, wanted), b.save(ctx, found)
}

// save keeps some chunks with their vectors.
func (b *build) save(ctx context.Context, which []int) error {
	for some := range slices.Chunk(which, atOnce) {
		rows := make([]chat.KnowledgeChunk, len(some))
		for i, at := range some {
			var err error
			if rows[i], err = pack(&b.chunks[at], b.name, &b.vectors[at]); err != nil {
				return err
			}
		}
		if err := b.Store.SaveChunks(ctx, b.state.Tenant, rows); err != nil {
			return err
		}
	}
	return nil
}

// first are the chunks of missing that are still wanted, the first of each content. The others are its twins.
func (b *build) first(missing []int, wanted map[[16]byte][]int) []int {
	b.twins = make(map[int][]int)
	var out []int
	for _, at := range missing {
		if all := wanted[contentOf(&b.chunks[at])]; len(all) > 0 && all[0] == at {
			if out = append(out, at); len(all) > 1 {
				b.twins[at] = all[1:]
			}
		}
	}
	return out
}
