// Package encoder turns a sentence into a vector on this machine, with no network: the Universal Sentence Encoder Lite (Cer et al.
// 2018, arXiv:1803.11175), two layers of a transformer, in pure Go.
//
// The weights (model/use-lite.bin, 8 bits a weight, see model/NOTICE) are part of the binary. `make models` makes them from the
// published model with the program in convert. Sentences that mean the same have vectors with a large product; the model knows
// English only: other scripts are unknown pieces to it, and package gloss says what to do about Chinese.
//
// The package never reads files, opens no connection and keeps no text.
package encoder
