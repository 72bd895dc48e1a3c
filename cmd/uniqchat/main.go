// Command uniqchat is the server and its tools: serve, migrate, check-config, users, tenants, tokens.
//
// It owns what only a process owns: configuration, signals, the choice of storage, the terminal.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
)

// version is set when a release is built.
var version = "dev"

func main() {
	if err := command().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "uniqchat:", err)
		os.Exit(1)
	}
}

// command returns the command line.
func command() *cobra.Command {
	root := &cobra.Command{
		Use: "uniqchat", Short: "Self-hosted customer-support chat", SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.PersistentFlags().StringP("config", "c", "", "YAML file; the environment (UNIQCHAT_HTTP_LISTEN, …) and flags go over it")
	config.AddFlags(root.PersistentFlags())
	for _, k := range config.Default().Keys() { // too many to be listed under every command
		_ = root.PersistentFlags().MarkHidden(k.Name)
	}
	root.AddCommand(serveCommand(), migrateCommand(), checkCommand(), readyCommand(), userCommand(), tenantCommand(), tokenCommand(), auditCommand(), keysCommand(), retentionCommand(), versionCommand())
	return root
}

// load reads the configuration that a command was given.
func load(cmd *cobra.Command) (*config.Config, error) {
	file, err := cmd.Flags().GetString("config")
	if err != nil {
		return nil, err
	}
	return config.Load(config.Sources{File: file, Env: os.Environ(), Args: cmd.Flags()})
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			revision := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = " " + s.Value[:min(len(s.Value), 12)]
					}
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "uniqchat %s%s %s %s/%s\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}
