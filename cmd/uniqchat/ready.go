package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
)

// askFor is how long a server that runs beside us may take to say whether it is ready.
const askFor = 3 * time.Second

// readyCommand is the health check of containers, whose image has no other program.
func readyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "ready", Short: "Ask the server on this machine whether it takes traffic; the exit code is the answer", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			if ctx == nil {
				ctx = context.Background()
			}
			ctx, cancel := context.WithTimeout(ctx, askFor)
			defer cancel()
			return ready(ctx, cfg.Admin.Listen)
		},
	}
}

// ready returns nil if the server with this admin listener is ready, else what it said.
func ready(ctx context.Context, listen string) error {
	if listen == config.Off {
		return errors.New("admin.listen is off, so there is nobody to ask; give it an address")
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("admin.listen: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() { // it listens everywhere, so here as well
		host = "localhost"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask for readiness: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy of the environment between us
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask for readiness: %w", err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("ask for readiness: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(said)))
	}
	return nil
}
