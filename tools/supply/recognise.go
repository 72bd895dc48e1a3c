package main

import "strings"

// phrases are what only the text of one licence says, whatever its lines and capitals. All of a row must be there, and nothing of not.
var phrases = []struct {
	licence   string
	says, not []string
}{
	{"Apache-2.0", []string{"apache license version 2.0"}, nil},
	{"MPL-2.0", []string{"mozilla public license version 2.0"}, nil},
	{"MPL-2.0", []string{"mozilla public license, version 2.0"}, []string{"mozilla public license version 2.0"}},
	{"MIT", []string{"permission is hereby granted, free of charge, to any person obtaining a copy", "the above copyright notice and this permission notice"}, nil},
	{"MIT-0", []string{"permission is hereby granted, free of charge, to any person obtaining a copy"}, []string{"the above copyright notice and this permission notice"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "neither the name"}, []string{"all advertising materials"}},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms"}, []string{"neither the name", "all advertising materials"}},
	{"BSD-4-Clause", []string{"redistribution and use in source and binary forms", "all advertising materials"}, nil},
	{"ISC", []string{"distribute this software for any purpose with or without fee is hereby granted", "provided that the above copyright notice"}, nil},
	{"0BSD", []string{"distribute this software for any purpose with or without fee is hereby granted"}, []string{"provided that the above copyright notice"}},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}, nil},
	{"CC0-1.0", []string{"cc0 1.0 universal"}, nil},
	{"Zlib", []string{"altered source versions must be plainly marked as such"}, nil},
	{"BSL-1.0", []string{"boost software license - version 1.0"}, nil},
	{"AGPL", []string{"gnu affero general public license"}, []string{"mozilla public license"}},
	{"LGPL", []string{"gnu lesser general public license"}, []string{"mozilla public license", "gnu affero"}},
	{"GPL", []string{"gnu general public license"}, []string{"mozilla public license", "gnu affero", "gnu lesser"}},
	{"BUSL-1.1", []string{"business source license"}, nil},
	{"SSPL-1.0", []string{"server side public license"}, nil},
}

// recognise returns the licences (SPDX) that a text is.
func recognise(text string) (licences []string) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, p := range phrases {
		if all(p.says, text) && !some(p.not, text) {
			licences = append(licences, p.licence)
		}
	}
	return licences
}

func all(phrases []string, text string) bool {
	for _, p := range phrases {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

func some(phrases []string, text string) bool {
	for _, p := range phrases {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}
