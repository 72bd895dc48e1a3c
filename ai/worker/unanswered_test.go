package worker

import "testing"

func TestImpersonal(t *testing.T) {
	for in, want := range map[string]string{
		"where is order 10023?":                      "where is order ×××?",
		"where is order UQ-2024110012, from May?":    "where is order UQ-×××, from May?",
		"我的订单１００２３到哪了":                               "我的订单×××到哪了",
		"my number is 138 0013 8000":                 "my number is ×××",
		"call +86 (138) 0013-8000 or 010 6552 9988.": "call +××× or ×××.",
		"was it on 2025-11-28 or on 29.11.":          "was it on ××× or on 29.11.",
		"do you sell the X5000 adapter of 2025?":     "do you sell the X5000 adapter of 2025?",
		"2 boxes of 24 for 3.50?":                    "2 boxes of 24 for 3.50?",
		"does it fit 34 and 123456":                  "does it fit 34 and ×××",
		"do you rent out boats?":                     "do you rent out boats?",
		"":                                           "",
		"12345?":                                     "",
		"write to li@example.com about 10023":        "",
		"写信给 li＠example.com":                         "",
	} {
		if got := impersonal(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
