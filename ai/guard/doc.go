// Package guard decides, before any model runs, what no model may answer: a visitor who asks for a person, or writes about law, danger
// to life and limb, or fraud. It is a list of phrases in English and Chinese that people can read, and it also caps what a model sees.
//
// The package learns nothing and calls nobody.
package guard
