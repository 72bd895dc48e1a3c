package lexicon

import "strings"

// Stem is the part of an English word that its forms share: "returns", "returned" and "returning" are "return". It is a few rules
// about endings, not a dictionary, and leaves words of other languages mostly alone.
func Stem(w string) string {
	if len(w) < 4 || w[0] < 'a' || w[0] > 'z' {
		return w
	}
	switch {
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "shes"), strings.HasSuffix(w, "ches"), strings.HasSuffix(w, "xes"):
		return w[:len(w)-2]
	case strings.HasSuffix(w, "ss"), strings.HasSuffix(w, "us"), strings.HasSuffix(w, "is"):
		return w
	case strings.HasSuffix(w, "s"):
		return tail(w[:len(w)-1])
	case strings.HasSuffix(w, "ing") && len(w) > 5:
		return tail(w[:len(w)-3])
	case strings.HasSuffix(w, "ied") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "ed") && len(w) > 4:
		return tail(w[:len(w)-2])
	}
	return tail(w)
}

// tail takes off a silent e and the second of two equal letters, so that "change" and "changing", "ship" and "shipped", "cancel" and
// "cancelled" meet.
func tail(w string) string {
	n := len(w)
	if n > 4 && w[n-1] == 'e' && w[n-2] != 'e' {
		return w[:n-1]
	}
	if n > 3 && w[n-1] == w[n-2] && w[n-1] != 's' && w[n-1] != 'e' {
		return w[:n-1]
	}
	return w
}
