package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
	"github.com/uniqchat/uniqchat/server"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check-config", Short: "Check the configuration, print it, and say what this machine can carry", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			return report(cmd.OutOrStdout(), cfg)
		},
	}
}

// report prints every key with its value, and the machine's bounds.
func report(out io.Writer, cfg *config.Config) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, k := range cfg.Keys() {
		fmt.Fprintf(w, "%s\t%s\t# %s\n", k.Name, k.Shown(), k.Doc)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return capacity(out, cfg)
}

// What one connection and the program itself take, in bytes, with some air: see docs/performance.md.
const (
	perConnection = 2 << 10
	perKernel     = 4 << 10 // the kernel's share of an idle socket
	ownMemory     = 128 << 20
)

// capacity says how many connections descriptors and memory are good for.
func capacity(out io.Writer, cfg *config.Config) error {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	files := int(min(l.Max, 1<<30))
	_, reserved := server.ShareFiles(files)
	byFiles := max(files-reserved, 0)
	fmt.Fprintf(out, "\nprocessors            %d\n", runtime.GOMAXPROCS(0))
	fmt.Fprintf(out, "open files            %d, good for %d connections\n", files, byFiles)
	most := byFiles
	if memory := availableMemory(); memory > 0 {
		byMemory := max(memory-ownMemory, 0) / (perConnection + perKernel)
		most = min(most, int(byMemory))
		fmt.Fprintf(out, "available memory      %d MiB, good for about %d idle connections\n", memory>>20, byMemory)
	}
	switch want := cfg.Engine.MaxConnections; {
	case want > byFiles:
		_, reserved = server.ShareFiles(want + want/7 + 100)
		return fmt.Errorf("engine.max_connections: %d, but the limit of open files holds %d; raise it (ulimit -n, LimitNOFILE) to %d, or lower the key",
			want, byFiles, want+reserved)
	case want > most:
		fmt.Fprintf(out, "engine.max_connections is %d: more than the memory is good for\n", want)
	default:
		fmt.Fprintf(out, "this machine carries  %d connections\n", most)
	}
	return nil
}

// availableMemory returns what the system and its control group leave us, in bytes; 0 if that can't be read.
func availableMemory() int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer f.Close()
	memory := int64(0)
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "MemAvailable:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				memory = kib << 10
			}
		}
	}
	if b, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil {
			memory = min(memory, limit)
		}
	}
	return memory
}
