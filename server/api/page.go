package api

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
)

// pageOf cuts a page out of a list that is short enough to be read whole, ordered by a key that no two of it share. A cursor is
// the key of the last one of the page before.
func pageOf[T, Shown any](all []T, in *listInput, key func(*T) string, show func(*T) Shown) (*answer[List[Shown]], error) {
	after, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	if err != nil {
		return nil, chat.Errorf(chat.Malformed, "cursor: is none of this list")
	}
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(key(&a), key(&b)) })
	if in.Cursor != "" {
		i, found := slices.BinarySearchFunc(all, string(after), func(t T, k string) int { return strings.Compare(key(&t), k) })
		if found {
			i++
		}
		all = all[i:]
	}
	out := List[Shown]{Data: make([]Shown, min(len(all), in.Limit))}
	for i := range out.Data {
		out.Data[i] = show(&all[i])
	}
	if len(all) > in.Limit {
		out.NextCursor = orNull(base64.RawURLEncoding.EncodeToString([]byte(key(&all[in.Limit-1]))))
	}
	return ok(out)
}
