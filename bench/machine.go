package bench

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine describes where something was measured.
type Machine struct {
	CPU     string `json:"cpu"`
	Cores   int    `json:"cores"`      // of the machine
	Allowed int    `json:"cores_used"` // by this process
	Memory  int64  `json:"memory_kib"`
	Kernel  string `json:"kernel"`
	NoFile  uint64 `json:"nofile"`
	Go      string `json:"go"`
}

// ThisMachine looks around.
func ThisMachine() Machine {
	m := Machine{Go: runtime.Version(), Allowed: runtime.NumCPU()}
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		name, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(name) {
		case "processor":
			m.Cores++
		case "model name":
			m.CPU = strings.TrimSpace(value)
		}
	}
	mem, _ := os.ReadFile("/proc/meminfo")
	m.Memory = field(mem, "MemTotal:")
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) == nil {
		m.NoFile = r.Cur
	}
	return m
}

// ownCPU returns this process's processor time in seconds.
func ownCPU() float64 {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

// Version returns what this program was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	var revision, dirty string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+dirty"
			}
		}
	}
	if revision != "" && !strings.Contains(v, revision) {
		v += " " + revision + dirty
	}
	return v
}
