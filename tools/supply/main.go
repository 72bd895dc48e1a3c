// Command supply completes bills of material (CycloneDX, JSON) with licences, as their texts say, and writes a page of everything that
// is in them: a table, and the texts, which have to go along with the program. It ends with 1 if something has no licence, or one that
// the product can't be given away with.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// fitting are the licences (SPDX) of what may be linked into the program, or bundled into its pages.
var fitting = []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "Unlicense", "Zlib"}

// part is one thing that is in the product.
type part struct {
	name, version string
	licences      []string
	texts         []string
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: supply repository version file.cdx.json…")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root, version string, files []string, out io.Writer) error {
	modules, err := folders(root)
	if err != nil {
		return err
	}
	var all []part
	for _, name := range files {
		parts, err := complete(name, root, modules)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, parts...)
	}
	slices.SortFunc(all, func(a, b part) int { return strings.Compare(a.name, b.name) })
	if err := write(out, version, all); err != nil {
		return err
	}
	var bad []string
	for i := range all {
		p := &all[i]
		if len(p.licences) == 0 || slices.ContainsFunc(p.licences, func(l string) bool { return !slices.Contains(fitting, l) }) {
			bad = append(bad, fmt.Sprintf("%s %s: %q", p.name, p.version, p.licences))
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("no licence, or one that does not fit:\n%s", strings.Join(bad, "\n"))
	}
	return nil
}

// folders returns where the modules of a repository are, and under "std" where Go is.
func folders(root string) (map[string]string, error) {
	list := exec.Command("go", "list", "-m", "-f", "{{.Path}} {{.Dir}}", "all")
	list.Dir = root
	modules, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list modules: %w", err)
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("find Go: %w", err)
	}
	out := map[string]string{"std": strings.TrimSpace(string(goroot))}
	for line := range strings.Lines(string(modules)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		out[path] = dir
	}
	return out, nil
}

// complete writes licences into a bill of material, and returns what is in it.
func complete(file, root string, modules map[string]string) ([]part, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var bom map[string]any
	if err := json.Unmarshal(b, &bom); err != nil {
		return nil, err
	}
	withoutTools(bom)
	var all []part
	for _, c := range objects(bom, "components") {
		p := part{name: text(c, "name"), version: text(c, "version")}
		if group := text(c, "group"); group != "" {
			p.name = group + "/" + p.name
		}
		dir := modules[p.name]
		if strings.HasPrefix(text(c, "purl"), "pkg:npm/") {
			dir = filepath.Join(root, "web/node_modules", p.name)
		}
		if p.licences, p.texts, err = licencesOf(dir); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if len(p.licences) == 0 { // no text came with it: what it says of itself counts
			for _, l := range objects(c, "licenses") {
				if l, ok := l["license"].(map[string]any); ok && text(l, "id") != "" {
					p.licences = append(p.licences, text(l, "id"))
				}
			}
		}
		said := make([]any, len(p.licences))
		for i, l := range p.licences {
			said[i] = map[string]any{"license": map[string]any{"id": l}}
		}
		c["licenses"] = said
		all = append(all, p)
	}
	if b, err = json.MarshalIndent(bom, "", "  "); err != nil {
		return nil, err
	}
	return all, os.WriteFile(file, append(b, '\n'), 0o644)
}

// withoutTools takes what npm calls a package of development out of a bill of material. (Its --omit dev takes away what others need, too.)
func withoutTools(bom map[string]any) {
	tools := map[string]bool{}
	bom["components"] = kept(objects(bom, "components"), func(c map[string]any) bool {
		tool := slices.ContainsFunc(objects(c, "properties"), func(p map[string]any) bool { return text(p, "name") == "cdx:npm:package:development" })
		tools[text(c, "bom-ref")] = tool
		return !tool
	})
	bom["dependencies"] = kept(objects(bom, "dependencies"), func(d map[string]any) bool {
		on, _ := d["dependsOn"].([]any)
		d["dependsOn"] = slices.DeleteFunc(on, func(ref any) bool { return tools[ref.(string)] })
		return !tools[text(d, "ref")]
	})
}

func kept(all []map[string]any, keep func(map[string]any) bool) []any {
	out := []any{}
	for _, one := range all {
		if keep(one) {
			out = append(out, one)
		}
	}
	return out
}

// objects are those of a list.
func objects(of map[string]any, member string) (out []map[string]any) {
	list, _ := of[member].([]any)
	for _, one := range list {
		if o, ok := one.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

func text(c map[string]any, member string) string {
	s, _ := c[member].(string)
	return s
}

// licencesOf reads what lies at the top of a package.
func licencesOf(dir string) (licences, texts []string, err error) {
	if dir == "" {
		return nil, nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || strings.HasSuffix(name, ".GO") || !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") && !strings.HasPrefix(name, "NOTICE") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, nil, err
		}
		texts = append(texts, strings.TrimSpace(string(b)))
		if strings.HasPrefix(name, "NOTICE") {
			continue
		}
		for _, l := range recognise(string(b)) {
			if !slices.Contains(licences, l) {
				licences = append(licences, l)
			}
		}
	}
	return licences, texts, nil
}

func write(out io.Writer, version string, all []part) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# What is in uniqchat %s\n\n| | version | licence |\n|---|---|---|\n", version)
	for i := range all {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", all[i].name, all[i].version, strings.Join(all[i].licences, ", "))
	}
	for i := range all {
		fmt.Fprintf(&b, "\n## %s\n", all[i].name)
		for _, t := range all[i].texts {
			fmt.Fprintf(&b, "\n~~~~~~text\n%s\n~~~~~~\n", t)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
