// Package intent says what a sentence wants: one linear model for each set of labels, over words, characters, concepts and (where there
// is an embedder) the sentence's vector, trained in seconds from labelled examples.
//
// A model gives probabilities that are calibrated (a temperature, fitted on examples that were held out) and how far the sentence is
// from everything it knows, from the margin and the nearest example. Builtin has intents of shops in English and Chinese, trained from
// sentences written for this project; they need no training by the tenant.
//
// The package makes no vectors itself and keeps no sentence of anybody but the hashes of its parts.
package intent
