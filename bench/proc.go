package bench

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is USER_HZ, which Linux fixes at 100 for programs.
const ticksPerSecond = 100

// ServerFinder says which processes are the server's. Their children count too.
type ServerFinder struct {
	PIDs      []int
	Name      string           // of the program, as in /proc/PID/comm or the name of its file
	Listening []netip.AddrPort // whoever listens there, if neither PIDs nor Name is set
}

// Procs follows the server's processes. Not safe for concurrent use.
type Procs struct {
	find  ServerFinder
	root  string // "/proc"; tests have their own
	found []int  // what the last search for listeners found
	cpu   map[int]float64
	sum   float64 // CPU seconds of all of them since the first look
}

// NewProcs begins to follow the processes that f finds.
func NewProcs(f ServerFinder) *Procs {
	return &Procs{find: f, root: "/proc", cpu: make(map[int]float64)}
}

// Usage is what processes have used up to a moment.
type Usage struct {
	At    time.Time `json:"at"`
	PIDs  []int     `json:"pids"`
	CPU   float64   `json:"cpu_seconds"` // since the first look
	RSS   int64     `json:"rss_kib"`
	PSS   int64     `json:"pss_kib"` // shared pages by their share
	steal ticks
}

// Look reads what the processes use now. No process is not an error: the server may be on its way up again.
func (p *Procs) Look() Usage {
	u := Usage{At: time.Now(), PIDs: p.pids(), steal: readTicks(p.root)}
	seen := make(map[int]float64, len(u.PIDs))
	for _, pid := range u.PIDs {
		cpu, err := p.cpuSeconds(pid)
		if err != nil {
			continue
		}
		seen[pid] = cpu
		if last, ok := p.cpu[pid]; ok {
			p.sum += cpu - last
		} else if len(p.cpu) > 0 {
			p.sum += cpu // began after the first look
		}
		rss, pss := p.memory(pid)
		u.RSS += rss
		u.PSS += pss
	}
	if len(seen) > 0 {
		maps.Copy(p.cpu, seen)
	}
	u.CPU = p.sum
	return u
}

func (p *Procs) path(pid int, name string) string {
	return filepath.Join(p.root, strconv.Itoa(pid), name)
}

// pids lists the server's processes and their descendants, sorted.
func (p *Procs) pids() []int {
	roots := p.find.PIDs
	all := p.processes()
	switch {
	case len(roots) > 0:
	case p.find.Name != "":
		for pid := range all {
			if p.named(pid, p.find.Name) {
				roots = append(roots, pid)
			}
		}
	default:
		roots = p.listeners(all)
	}
	in := make(map[int]bool)
	for _, pid := range roots {
		if _, ok := all[pid]; ok {
			in[pid] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for pid, parent := range all {
			if in[parent] && !in[pid] {
				in[pid], grown = true, true
			}
		}
	}
	delete(in, os.Getpid())
	return slices.Sorted(maps.Keys(in))
}

// processes maps every process to its parent.
func (p *Procs) processes() map[int]int {
	out := make(map[int]int)
	entries, _ := os.ReadDir(p.root)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if f := p.stat(pid); len(f) > 1 {
			out[pid], _ = strconv.Atoi(f[1])
		}
	}
	return out
}

// stat returns the fields of /proc/PID/stat from the third (state) on: the second may hold blanks and brackets.
func (p *Procs) stat(pid int) []string {
	b, err := os.ReadFile(p.path(pid, "stat"))
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
}

func (p *Procs) cpuSeconds(pid int) (float64, error) {
	f := p.stat(pid)
	if len(f) < 13 {
		return 0, fmt.Errorf("process %d is gone", pid)
	}
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / ticksPerSecond, nil
}

// memory returns resident and proportional set size in KiB.
func (p *Procs) memory(pid int) (rss, pss int64) {
	b, err := os.ReadFile(p.path(pid, "smaps_rollup"))
	if err != nil {
		b, _ = os.ReadFile(p.path(pid, "status")) // kernels without smaps_rollup
		rss = field(b, "VmRSS:")
		return rss, rss
	}
	return field(b, "Rss:"), field(b, "Pss:")
}

// field reads the number after a name at the start of a line.
func field(b []byte, name string) int64 {
	for line := range bytes.Lines(b) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			n, _ := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))), 10, 64)
			return n
		}
	}
	return 0
}

func (p *Procs) named(pid int, name string) bool {
	comm, _ := os.ReadFile(p.path(pid, "comm"))
	if strings.TrimSpace(string(comm)) == name {
		return true
	}
	exe, _ := os.Readlink(p.path(pid, "exe"))
	return filepath.Base(exe) == name
}

// listeners finds who listens on the finder's addresses: the sockets' inodes, and whose descriptors they are. That is a
// long search, so what was found is kept for as long as it lives.
func (p *Procs) listeners(all map[int]int) []int {
	for _, pid := range p.found {
		if _, ok := all[pid]; ok {
			return p.found
		}
	}
	inodes := make(map[string]bool)
	for _, name := range []string{"tcp", "tcp6"} {
		b, _ := os.ReadFile(filepath.Join(p.root, "net", name))
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) < 10 || f[3] != "0A" { // 0A: listening
				continue
			}
			_, hex, _ := strings.Cut(f[1], ":")
			port, err := strconv.ParseUint(hex, 16, 16)
			if err == nil && slices.ContainsFunc(p.find.Listening, func(a netip.AddrPort) bool { return a.Port() == uint16(port) }) {
				inodes["socket:["+f[9]+"]"] = true
			}
		}
	}
	p.found = nil
	if len(inodes) == 0 {
		return nil
	}
	for pid := range all {
		fds, _ := os.ReadDir(p.path(pid, "fd"))
		for _, fd := range fds {
			if link, _ := os.Readlink(filepath.Join(p.path(pid, "fd"), fd.Name())); inodes[link] {
				p.found = append(p.found, pid)
				break
			}
		}
	}
	return p.found
}

// ticks is the machine's processor time.
type ticks struct{ total, steal, idle float64 }

func readTicks(root string) (t ticks) {
	b, _ := os.ReadFile(filepath.Join(root, "stat"))
	line, _, _ := strings.Cut(string(b), "\n")
	for i, f := range strings.Fields(line) {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil || i > 8 { // guest time is part of user time
			continue
		}
		t.total += n
		switch i {
		case 4, 5:
			t.idle += n
		case 8:
			t.steal = n
		}
	}
	return t
}

// Span is what was used between two looks.
type Span struct {
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"server_cpu_seconds"`
	CPUPercent float64 `json:"server_cpu_percent"` // of one core
	Steal      float64 `json:"steal_percent"`      // of the machine's time, taken by its host
	Busy       float64 `json:"machine_busy_percent"`
	RSS        int64   `json:"server_rss_kib"`
	PSS        int64   `json:"server_pss_kib"`
	Client     float64 `json:"client_cpu_seconds"`
}

// Between returns what was used from a to b; client is our own CPU time in seconds.
func Between(a, b Usage, client float64) Span {
	s := Span{
		Seconds: b.At.Sub(a.At).Seconds(), CPUSeconds: b.CPU - a.CPU, RSS: b.RSS, PSS: b.PSS, Client: client,
	}
	if s.Seconds > 0 {
		s.CPUPercent = 100 * s.CPUSeconds / s.Seconds
	}
	if total := b.steal.total - a.steal.total; total > 0 {
		s.Steal = 100 * (b.steal.steal - a.steal.steal) / total
		s.Busy = 100 * (1 - (b.steal.idle-a.steal.idle)/total)
	}
	return s
}
