package chat

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSaid(t *testing.T) {
	for _, test := range []struct {
		kind Kind
		body string
		want []string
	}{
		{KindText, `{"text":"hello"}`, []string{"hello"}},
		{KindText, `{"text":""}`, []string{""}},
		{KindText, `{"text":"say \"hi\""}`, []string{`say "hi"`}},
		{KindText, `{"text":"你好"}`, []string{"你好"}},
		{KindText, `{"text":"ok","form":"x","values":{"text":"no"}}`, []string{"ok"}},
		{KindText, `{"form":"x","text":"ok"}`, []string{"ok"}},
		{KindImage, `{"url":"https://x/y.png","name":"holiday.png","mime":"image/png","size":3}`, []string{"holiday.png"}},
		{KindCard, `{"title":"Thermos","text":"keeps warm","price":12}`, []string{"Thermos", "keeps warm"}},
		{KindCard, `{"title":7,"text":["x"],"name":"left"}`, []string{"left"}},
		{KindForm, `{"title":"Return","fields":[{"label":"Why?","name":"why"},{"label":"When?"},{}]}`, []string{"Return", "Why?", "When?"}},
		{KindForm, `{"title":"Return","fields":"none"}`, []string{"Return"}},
		{KindSystem, `{"event":"conversation.created","text":"no"}`, nil},
		{KindText, `{"text":"cut`, nil},
		{KindText, `[]`, nil},
	} {
		require.Equal(t, test.want, Said(nil, test.kind, []byte(test.body)), test.body)
	}
}
