package main

import (
	"github.com/uniqchat/uniqchat/ai/eval"
	"github.com/uniqchat/uniqchat/cmd/uniqchat/demo"
)

// shop is what the demo shop knows.
func shop() (out []eval.Page, err error) {
	for _, d := range demo.Documents {
		b, err := d.Text()
		if err != nil {
			return nil, err
		}
		out = append(out, eval.Page{Name: d.File, Title: d.Title, Text: b})
	}
	return out, nil
}
