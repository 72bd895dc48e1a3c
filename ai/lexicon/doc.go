// Package lexicon knows words: what customers of shops talk about (concepts.txt, in English and Chinese), which English words a
// Chinese one means (CC-CEDICT), and which forms of an English word are one.
//
// Concepts let "send it back" find "return", and 退货 find both. The gloss turns Chinese into a string of English words, which is no
// translation for people but enough for an encoder that was trained on English only.
//
// CC-CEDICT is a third party's data under another licence (cedict/README.md): it is a file of its own, read only when Gloss is called,
// and nothing else of the package needs it.
package lexicon
