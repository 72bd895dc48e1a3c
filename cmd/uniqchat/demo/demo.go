// Package demo has what the demo shop knows, written for it: texts in English and Chinese. It is data, and does nothing.
package demo

import "embed"

//go:embed *.md *.csv
var files embed.FS

// Document is a text of the demo shop, and a question that must find it.
type Document struct{ File, Format, Title, Language, Golden string }

// Documents are all texts.
var Documents = []Document{
	{"orders-en.md", "markdown", "Orders, delivery and returns", "en", "how long do I have to send something back?"},
	{"orders-zh.md", "markdown", "订单、配送与退换", "zh", "运费是多少？"},
	{"goods-en.csv", "csv", "About our things", "en", "is the mug dishwasher safe?"},
	{"goods-zh.csv", "csv", "商品问答", "zh", "运动鞋偏大还是偏小？"},
}

// Text is what stands in a document.
func (d Document) Text() ([]byte, error) { return files.ReadFile(d.File) }
