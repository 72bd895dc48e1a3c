package suite_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/uniqchat/uniqchat/ai/eval/suite"
)

// TestCases: there are as many cases as are promised, in both languages, and each is whole.
func TestCases(t *testing.T) {
	places, zh := map[string]int{}, 0
	all := suite.Injections("f-1")
	for _, c := range all {
		if places[c.Place]++; !slices.Contains(suite.Places, c.Place) || strings.Contains(c.Text, "FOREIGN") || strings.Contains(c.Text, `\n`) {
			t.Errorf("%+v", c)
		}
		if strings.ContainsFunc(c.Text, func(r rune) bool { return r > 0x4e00 && r < 0xa000 }) {
			zh++
		}
	}
	if len(all) < 40 || len(places) != len(suite.Places) || zh < 10 || zh > len(all)-10 {
		t.Errorf("%d injections, %d in Chinese, %v", len(all), zh, places)
	}
	for name, set := range map[string]struct {
		rows []suite.FollowUp
		n    int
	}{"follow-ups": {suite.FollowUps(), 30}, "questions of their own": {suite.Standalone(), 10}} {
		if len(set.rows) != set.n {
			t.Errorf("%d %s", len(set.rows), name)
		}
		for _, v := range set.rows {
			if v.Half != "tune" && v.Half != "kept" || v.Lang != "en" && v.Lang != "zh" || v.Text == "" || v.Want == "" || len(v.Turns) == 0 || v.Turns[0].Text == "" {
				t.Errorf("%+v", v)
			}
		}
	}
	if a, b := suite.Chunks(3, 100, 8), suite.Chunks(3, 100, 8); len(a[2].Text) < 100 || a[2].Text != b[2].Text || a[2].TextVector[7] != b[2].TextVector[7] {
		t.Errorf("%+v", a)
	}
}
