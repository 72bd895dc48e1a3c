package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/notary"
)

// openNotary opens what signs the audit log, made if it is missing.
func openNotary(c *config.Config, set *metrics.Set) (*notary.Notary, error) {
	return notary.Open(notary.Options{
		Key: c.Audit.Key, Checkpoint: c.Audit.Checkpoint, Every: time.Duration(c.Audit.CheckpointEvery), Metrics: set,
	})
}

// atTerminal is who acts on the command line: whoever the system says it is.
func atTerminal(ctx context.Context) context.Context {
	a := chat.Act{ActorKind: chat.ActorCLI}
	if u, err := user.Current(); err == nil {
		a.ActorID, a.ActorName = u.Uid, u.Username
	}
	if host, err := os.Hostname(); err == nil {
		a.ActorName += "@" + host
	}
	return chat.WithAct(ctx, a)
}

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "The audit log: prove that nobody has changed it"}
	var v verifying
	verify := &cobra.Command{
		Use: "verify", Short: "Prove every entry by hashes, signatures and the checkpoint; exit code 1 if something is wrong", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return v.run(cmd) },
	}
	f := verify.Flags()
	f.StringVar(&v.tenant, "tenant", "", "the slug of one tenant (default: all, and the platform)")
	f.StringSliceVar(&v.checkpoints, "checkpoint", nil, "checkpoint to hold the log against; repeat for those of other nodes (default: audit.checkpoint)")
	f.BoolVar(&v.without, "no-checkpoint", false, "do without a checkpoint: a cut end does not show then")
	f.BoolVar(&v.json, "json", false, "print JSON")
	key := &cobra.Command{
		Use: "key", Short: "Print the public half of the key that signs here, for other nodes' key files and for auditors", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			keys, err := notary.OpenKeys(cfg.Audit.Key)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), keys.Public())
			return err
		},
	}
	cmd.AddCommand(verify, key)
	return cmd
}

// verifying is what `audit verify` was asked for.
type verifying struct {
	tenant        string
	checkpoints   []string
	without, json bool

	keys  *notary.Keys
	marks map[chat.TenantID][]chat.AuditMark
	found verdict
}

// verdict is what is printed.
type verdict struct {
	OK      bool           `json:"ok"`
	Entries uint64         `json:"entries"`
	Until   *time.Time     `json:"until"` // of the newest entry
	Chains  []chainVerdict `json:"chains"`
	// Checkpoint is what is wrong with the checkpoints themselves.
	Checkpoint []string `json:"checkpoint_faults"`
}

type chainVerdict struct {
	Chain   string            `json:"chain"` // a tenant's slug, or platform
	Tenant  chat.TenantID     `json:"tenant"`
	Entries uint64            `json:"entries"`
	First   uint64            `json:"first"`
	Last    uint64            `json:"last"`
	Until   *time.Time        `json:"until"`
	Behind  uint64            `json:"not_in_checkpoint"`
	Count   uint64            `json:"fault_count"`
	Faults  []chat.AuditFault `json:"faults"`
}

// maxFaults is how many faults of a chain are told; all are counted.
const maxFaults = 1000

func (v *verifying) run(cmd *cobra.Command) (err error) {
	cfg, err := load(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	if v.keys, err = notary.ReadKeys(cfg.Audit.Key); err != nil {
		return err
	}
	v.found = verdict{Chains: []chainVerdict{}, Checkpoint: []string{}}
	if err := v.readMarks(cfg.Audit.Checkpoint); err != nil { // before the database: what they saw must be there
		return err
	}
	o, err := storageOptions(cfg)
	if err != nil {
		return err
	}
	store, closeStore, err := storage.OpenStore(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	if err := v.chains(ctx, store); err != nil {
		return err
	}
	if err := v.print(cmd.OutOrStdout()); err != nil {
		return err
	}
	if !v.found.OK {
		return errors.New("the audit log is not what was signed")
	}
	return nil
}

// readMarks reads the checkpoints.
func (v *verifying) readMarks(configured string) error {
	v.marks = map[chat.TenantID][]chat.AuditMark{}
	if v.without {
		return nil
	}
	if len(v.checkpoints) == 0 {
		v.checkpoints = []string{configured}
	}
	for _, path := range v.checkpoints {
		marks, err := notary.ReadMarks(path, v.keys, func(line int, reason string) {
			if len(v.found.Checkpoint) < maxFaults {
				v.found.Checkpoint = append(v.found.Checkpoint, fmt.Sprintf("line %d of %s: %s", line, path, reason))
			}
		})
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%w; a cut end would not show: name the file with --checkpoint, or say --no-checkpoint", err)
		}
		if err != nil {
			return err
		}
		for tenant, more := range marks {
			v.marks[tenant] = append(v.marks[tenant], more...)
		}
	}
	for _, marks := range v.marks {
		slices.SortStableFunc(marks, func(a, b chat.AuditMark) int {
			return int(min(max(int64(a.Seq)-int64(b.Seq), -1), 1))
		})
	}
	return nil
}

// chains proves what was asked for: the chains that there are, and those that the checkpoints know.
func (v *verifying) chains(ctx context.Context, store chat.Store) error {
	tenants, err := store.Tenants(ctx)
	if err != nil {
		return err
	}
	names, wanted := map[chat.TenantID]string{{}: notary.Platform}, []chat.TenantID{}
	for i := range tenants {
		names[tenants[i].ID] = tenants[i].Slug
		if v.tenant == tenants[i].Slug {
			wanted = append(wanted, tenants[i].ID)
		}
	}
	if v.tenant != "" && len(wanted) == 0 {
		return fmt.Errorf("there is no tenant %s; `uniqchat tenant list` shows them", v.tenant)
	}
	if v.tenant == "" {
		heads, err := store.AuditHeads(ctx, time.Time{})
		if err != nil {
			return err
		}
		for i := range heads {
			wanted = append(wanted, heads[i].Tenant)
		}
		for tenant := range v.marks {
			wanted = append(wanted, tenant)
		}
		slices.SortFunc(wanted, func(a, b chat.TenantID) int { return slices.Compare(a[:], b[:]) })
		wanted = slices.Compact(wanted)
	}
	v.found.OK = len(v.found.Checkpoint) == 0
	for _, tenant := range wanted {
		name := names[tenant]
		if name == "" {
			name = tenant.String()
		}
		if err := v.chain(ctx, store, tenant, name); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifying) chain(ctx context.Context, store chat.Store, tenant chat.TenantID, name string) error {
	c := chainVerdict{Chain: name, Tenant: tenant, Faults: []chat.AuditFault{}}
	r, err := chat.VerifyAudit(ctx, store, v.keys, tenant, v.marks[tenant], func(f chat.AuditFault) {
		if len(c.Faults) < maxFaults {
			c.Faults = append(c.Faults, f)
		}
	})
	if err != nil {
		return fmt.Errorf("read the audit log of %s: %w", name, err)
	}
	c.Entries, c.First, c.Last, c.Behind, c.Count = r.Entries, r.First, r.Last, r.Behind, r.Faults
	if !r.LastAt.IsZero() {
		c.Until = &r.LastAt
		if v.found.Until == nil || r.LastAt.After(*v.found.Until) {
			v.found.Until = &r.LastAt
		}
	}
	v.found.Entries += r.Entries
	v.found.OK = v.found.OK && r.Faults == 0
	v.found.Chains = append(v.found.Chains, c)
	return nil
}

func (v *verifying) print(out io.Writer) error {
	if v.json {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(v.found)
	}
	for _, text := range v.found.Checkpoint {
		fmt.Fprintf(out, "checkpoint: %s\n", text)
	}
	for i := range v.found.Chains {
		c := &v.found.Chains[i]
		fmt.Fprintf(out, "%s: %d entries (%d to %d)", c.Chain, c.Entries, c.First, c.Last)
		if c.Until != nil {
			fmt.Fprintf(out, " until %s", c.Until.Format(time.RFC3339))
		}
		if c.Behind > 0 && !v.without {
			fmt.Fprintf(out, ", the newest %d not in the checkpoint yet", c.Behind)
		}
		fmt.Fprintf(out, ": %s\n", verdictWord(c.Count))
		for _, f := range c.Faults {
			fmt.Fprintf(out, "  %s: %s\n", f.Kind, f.Text)
		}
		if c.Count > uint64(len(c.Faults)) {
			fmt.Fprintf(out, "  and %d more\n", c.Count-uint64(len(c.Faults)))
		}
	}
	until := "never"
	if v.found.Until != nil {
		until = v.found.Until.Format(time.RFC3339)
	}
	_, err := fmt.Fprintf(out, "%d entries of %d chains, the newest of %s\n", v.found.Entries, len(v.found.Chains), until)
	return err
}

func verdictWord(faults uint64) string {
	if faults == 0 {
		return "ok"
	}
	return fmt.Sprintf("%d faults", faults)
}
