package uniqchat_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/uniqchat/uniqchat"

// layers says what each part of the tree may import of ours, tests included in spirit but not in this list: a test may
// reach for testkit and for drivers. A part is the longest prefix that matches; "*" allows everything.
var layers = map[string][]string{
	"chat":     {"chat"},
	"codec":    {"codec"},
	"web":      {"web"},
	"engine":   {"engine", "codec"},
	"bench":    {"bench", "codec"},
	"storage":  {"storage", "chat"},
	"outbound": {"outbound", "chat"},
	"ai":       {"ai", "chat"},
	"server":   {"server", "chat", "codec", "engine", "web"},
	"testkit":  {"*"},
	"cmd":      {"*"},
	"deploy":   {"*"}, // files, and tests that hold them against the program
}

// measures are the programs that only measure: they may reach for testkit as tests do.
var measures = map[string]bool{"cmd/uniqeval": true}

// neverIn lists what a package must not even reach through others.
var neverIn = map[string][]string{
	"chat":   {"database/sql", "net/http", "github.com/panjf2000/gnet/v2", "github.com/cloudwego/hertz"},
	"codec":  {"database/sql", "net/http/pprof", "github.com/panjf2000/gnet/v2"},
	"engine": {"database/sql", "github.com/cloudwego/hertz"},
	"server": {"modernc.org/sqlite", "github.com/pressly/goose/v3", "github.com/redis/go-redis/v9"},
}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
}

// TestLayers holds the rule that imports only go down (docs/architecture.md).
func TestLayers(t *testing.T) {
	for _, p := range packages(t) {
		rel, ours := strings.CutPrefix(p.ImportPath, module+"/")
		if !ours {
			continue
		}
		part, allowed := partOf(rel)
		if part == "" {
			t.Errorf("%s is in no layer: put it where docs/architecture.md has a place for it, or extend the list here", rel)
			continue
		}
		for _, imp := range p.Imports {
			if to, ok := strings.CutPrefix(imp, module+"/"); ok && !allows(allowed, to) {
				t.Errorf("%s imports %s: %s may only import %s", rel, to, part, strings.Join(allowed, ", "))
			}
			if part != "testkit" && (strings.HasPrefix(imp, module+"/testkit") && !measures[rel] || strings.HasPrefix(imp, module+"/cmd/") && !strings.HasPrefix(imp, module+"/"+part+"/")) {
				t.Errorf("%s imports %s, which is only for tests and what measures", rel, imp)
			}
		}
		for _, dep := range p.Deps {
			for _, bad := range neverIn[part] {
				if dep == bad {
					t.Errorf("%s depends on %s", rel, dep)
				}
			}
		}
	}
}

func partOf(rel string) (string, []string) {
	for part := rel; part != "."; part = filepath.Dir(part) {
		if allowed, ok := layers[part]; ok {
			return part, allowed
		}
	}
	return "", nil
}

func allows(allowed []string, to string) bool {
	for _, a := range allowed {
		if a == "*" || to == a || strings.HasPrefix(to, a+"/") {
			return true
		}
	}
	return false
}

// packages lists every package of the module with what it needs.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Imports,Deps,Standard", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found only %d packages", len(all))
	}
	return all
}

// "About 400": the last few lines of a thought need not be torn off. A table of cases may be longer.
const (
	maxLines     = 430
	maxTestLines = 600
)

// here finds paths that hold only on somebody's machine.
var here = regexp.MustCompile(`(^|[\s"'=(:])/(root|work|home/[a-z]+|Users/[A-Za-z]+)/`)

// TestFiles holds what every file keeps to: size, and nothing of the machine it was written on.
func TestFiles(t *testing.T) {
	for _, path := range tracked(t) {
		switch {
		case strings.HasPrefix(path, "web/dist/"), strings.Contains(path, "testdata/"), strings.HasSuffix(path, "package-lock.json"),
			strings.HasSuffix(path, "go.sum"), path == "arch_test.go":
			continue
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(b, 0) >= 0 {
			continue // a picture
		}
		generated := bytes.Contains(b[:min(len(b), 300)], []byte("DO NOT EDIT"))
		lines := 0
		for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
			lines++
			if m := here.FindString(s.Text()); m != "" {
				t.Errorf("%s:%d: %q is a path of one machine", path, lines, strings.TrimSpace(m))
			}
		}
		source := strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".ts") || strings.HasSuffix(path, ".tsx")
		limit := maxLines
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".test.ts") || strings.HasPrefix(path, "storage/storagetest/") {
			limit = maxTestLines
		}
		if source && !generated && lines > limit {
			t.Errorf("%s has %d lines: split it by what it is about", path, lines)
		}
	}
}

// tracked lists the files of the repository; without git it lists the Go files below this folder.
func tracked(t *testing.T) []string {
	t.Helper()
	if out, err := exec.Command("git", "ls-files", "-z").Output(); err == nil {
		return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	}
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
