// Package han writes traditional Chinese as simplified, character by character, for what compares texts: no translation for people, and nothing of how
// regions say the same thing differently. Texts in simplified characters stay as they are.
package han
