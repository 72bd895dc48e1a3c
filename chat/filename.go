package chat

import (
	"path"
	"strings"
	"unicode"
)

const (
	maxFileName  = 120 // bytes of a file's name without its extension
	maxExtension = 20
)

// CleanName makes a file's name fit to be shown and to be saved anywhere: no path, no control or invisible characters, none
// that turn the reading direction round, nothing that a file system takes amiss, and not too long. It keeps the extension.
func CleanName(name string) string {
	name = strings.ToValidUTF8(name, "")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) && r != '\u2028' && r != '\u2029' && !unicode.IsControl(r):
			return ' '
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs) && r != '\u200d':
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(strings.Join(strings.Fields(name), " "), " .")
	ext := path.Ext(name)
	if len(ext) > maxExtension || ext == name {
		ext = ""
	}
	stem := strings.TrimRight(cut(strings.TrimSuffix(name, ext), maxFileName), " .")
	if stem == "" {
		return "file" + ext
	}
	if reservedNames[strings.ToUpper(stem)] {
		stem = "_" + stem
	}
	return stem + ext
}

// reservedNames are devices where Windows saves a file.
var reservedNames = func() map[string]bool {
	m := map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true}
	for _, n := range "123456789" {
		m["COM"+string(n)], m["LPT"+string(n)] = true, true
	}
	return m
}()
