package explain

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/bench"
	"github.com/uniqchat/uniqchat/storage/postgres"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// elsewhere are methods of the store that no case calls, and why.
var elsewhere = map[string]string{
	"AddKeys": "keys: a few rows of a tenant", "Keys": "keys: a few rows of a tenant", "Keyring": "keys: a few rows of a tenant", "KeyVersion": "keys: one row",
	"RotateKeys": "keys: a few rows of a tenant", "RetireKeys": "keys: a few rows of a tenant", "EraseKeys": "keys: a few rows of a tenant",
	"SealedTenants": "keys: a few rows of a tenant", "Sealing": "keys: one row", "BeginSealing": "keys: one row",
	"Seal": "an operator's command, reads every row once", "SealAgain": "an operator's command, reads every row once",
	"StillSealed": "an operator's command, reads every row once",
	"SaveTenant":  "writes by primary key", "CreateTenant": "writes by primary key", "SaveSiteKey": "writes by primary key", "SaveTeam": "writes by primary key",
	"SaveAgents": "writes by primary key", "SaveRefreshToken": "credentials: small tables", "TakeRefreshToken": "credentials: small tables",
	"GiveRefreshToken": "credentials: small tables",
	"EndRefreshFamily": "credentials: small tables", "EndedFamilies": "credentials: small tables", "SigningKeys": "credentials: small tables",
	"Webhook": "by primary key", "Webhooks": "50 rows of a tenant", "AddWebhook": "writes by primary key", "ChangeWebhook": "writes by primary key",
	"DeleteWebhook": "writes by primary key", "Deliveries": "webhooks: no table of the dataset", "Replay": "writes by primary key",
	"BeginOnce": "writes by primary key", "FinishOnce": "writes by primary key", "ForgetOnce": "writes by primary key", "SweepOnces": "onces_expired",
	"Ping": "writes by primary key", "WebhooksDue": "asks nothing", "WebhooksWritten": "asks nothing", "KeepEventData": "writes by primary key",
	"ClaimDeliveries": "webhooks: no table of the dataset", "FinishDeliveries": "writes by primary key", "ForgetDeliveries": "ranges of primary keys",
	"AddRecord": "writes by primary key", "ReplaceRecord": "writes by primary key", "DeleteRecord": "writes by primary key",
	"AddSigningKey": "credentials: small tables", "OpenConversation": "only SQLite's log asks it; here it is OpenConversations",
	"SaveAPIToken": "credentials: small tables", "APIToken": "credentials: small tables", "APITokens": "credentials: small tables",
	"RevokeAPIToken": "credentials: small tables", "APITokensUsed": "credentials: small tables",
	"SecondFactor": "by primary key", "SaveSecondFactor": "by primary key", "DeleteSecondFactor": "by primary key", "SpendStep": "by primary key",
	"SpendRecoveryCode": "by primary key", "RecoveryCodes": "ten rows of a primary key",
	"CountAttempt": "credentials: small tables", "Attempts": "credentials: small tables", "ForgetAttempts": "credentials: small tables",
	"SetPassword": "writes by primary key", "SiteKeys": "small tables", "DeleteSiteKey": "writes by primary key",
	"Announce":    "reads one row, writes by primary key",
	"ChangeAgent": "writes by primary key", "ChangeSiteKey": "writes by primary key",
	"DeleteTeam": "rare, and reads one tenant's agents",
	"Upload":     "by primary key", "UploadTotal": "by primary key", "ReserveUpload": "writes by primary key, counts by an index of what is unsent",
	"KeepUpload": "writes by primary key", "UseUpload": "writes by primary key", "ReleaseUpload": "writes by primary key",
	"ReleaseUploads": "by the index of a message's uploads", "DropUpload": "writes by primary key", "RemoveUpload": "writes by primary key",
	"HoldRetention": "one row", "RecordsOfAll": "a job's, one row for each tenant", "PurgeUploads": "a job's, by an index of its own",
	"PurgeDeliveries": "ranges of primary keys", "PurgeMails": "a job's, by an index of its own", "PurgeSteps": "a job's, by an index of its own",
	"OldExports": "ranges of a primary key", "Purgeable": "for the command line",
	"StaleUploads": "a job's, by indexes of what is unsent and unsettled",
	"AddMail":      "writes by primary key", "Mails": "50 rows of a primary key", "Invite": "writes by primary key", "MailLink": "by primary key",
	"LinkOf": "by a unique index", "SpendMailLink": "writes by primary key", "AddMailRequest": "writes by primary key",
	"ClaimMails": "by an index of what waits", "FinishMail": "writes by primary key", "ClaimMailRequests": "a table that is nearly empty",
	"FinishMailRequest": "writes by primary key", "ForgetMails": "a job's, by indexes of what is done",
	"AddOfflineMessage": "writes by primary key", "OfflineMessage": "by primary key", "OfflineMessages": "50 rows of a primary key, or of an index of what is open",
	"FinishOfflineMessage": "writes by primary key", "SetSLATimer": "writes by primary key", "SLADue": "one tenant's open conversations, by conversations_updated",
	"TenantsWith": "by an index",
	"Audit":       "writes by primary key", "AuditEntries": "a primary key; no table of the dataset", "AuditHead": "by primary key", "AuditHeads": "verify's: all of a small table",
	"AuditRange": "ranges of a primary key", "PruneAudit": "a range of a primary key", "SetAudit": "asks nothing",
	"AddExport": "writes by primary key", "ClaimExport": "a table that is nearly empty", "DeleteExport": "writes by primary key", "Export": "by primary key",
	"ExportsOf": "50 rows of a primary key", "KeepExport": "writes by primary key", "StaleExports": "a job's, by an index",
	"Report": "sums: a range of a primary key, a row an hour; no table of the dataset", "QueuesNow": "one tenant's open conversations, by an index of them",
	"Uncounted": "by an index of what is not counted", "AddSteps": "writes by primary key", "Steps": "one visitor's, by primary key",
	"Person": "by primary key", "ChangePerson": "writes by primary key", "PersonFiles": "one visitor's, by an index", "UploadsOf": "one conversation's, by an index",
	"Seen": "writes by primary key", "BeginErasure": "writes by primary key", "EndErasure": "writes by primary key", "Erasing": "by primary key", "Erasure": "by primary key",
	"EraseConversations": "writes one visitor's conversations", "ErasePerson": "writes one visitor's rows", "Unfinished": "a table that is nearly empty, by an index",
	"RemakeExports": "one tenant's few",
	"Document":      "by primary key", "Documents": "50 rows of a primary key", "KnowledgeRoom": "one tenant's documents, 2000 at most", "AddDocument": "writes by primary key",
	"ChangeDocument": "writes by primary key", "DeleteDocument": "writes by primary key", "GoldenQuestion": "by primary key", "GoldenQuestions": "50 rows of a primary key",
	"AddGoldenQuestion": "writes by primary key", "ChangeGoldenQuestion": "writes by primary key", "DeleteGoldenQuestion": "writes by primary key",
	"NoteUnanswered": "one tenant's 1000 at most", "Unanswered": "50 rows of a primary key", "DismissUnanswered": "writes by primary key",
	"Canaries": "one row of each tenant that tries a version, by an index", "EndCanary": "writes by primary key", "PlanCanary": "writes by primary key", "PromoteCanary": "writes by primary key",
	"TallyCanary": "writes by primary key", "KnowledgeState": "by primary key", "KnowledgeVersions": "5 rows of a primary key", "KnowledgeVersion": "by primary key", "Reindex": "writes by primary key",
	"RollBackKnowledge": "writes by primary key", "HoldKnowledge": "a job's, by an index of what is wanted", "KeepKnowledge": "writes by primary key",
	"ReleaseKnowledge": "writes by primary key", "FailKnowledge": "writes by primary key", "SwapKnowledge": "writes by primary key",
	"SourceDocuments": "a job's, one tenant's documents", "ChunkIDs": "a job's, one tenant's chunks", "Chunks": "200 rows of a primary key", "SaveChunks": "writes by primary key",
	"DropChunks":     "writes by primary key",
	"BotJobsDue":     "asks nothing",
	"BotJobsWritten": "asks nothing", "ClaimBotJobs": "a table of what waits at this moment, by an index", "KeepBotJob": "writes by primary key",
	"FinishBotJob": "writes by primary key", "RetryBotJob": "writes by primary key",
	"AIEngine": "by primary key", "AIEngineWithKey": "by primary key", "AIEngines": "20 rows of a tenant", "EnginesInUse": "20 rows of a tenant", "AddAIEngine": "writes by primary key",
	"ChangeAIEngine": "writes by primary key", "DeleteAIEngine": "writes by primary key", "AddAITrace": "writes by primary key, reads three rows by theirs",
	"AITrace": "by primary key", "AITraces": "200 rows of a primary key, or of one conversation's by an index", "ForgetAITraces": "a job's, by an index",
	"ReserveAI": "writes by primary key", "SettleAI": "writes by primary key", "AIUsage": "a row a day, by primary key",
	"Intents": "100 rows of a tenant", "Intent": "by a unique index", "ChangeIntents": "writes by primary key, reads 100 rows of a tenant", "IntentState": "by primary key",
	"TrainingIntents": "100 rows of a tenant", "HoldIntents": "a job's, by an index of what is wanted", "KeepIntents": "writes by primary key",
	"FinishIntents": "writes by primary key", "ReleaseIntents": "writes by primary key",
}

// Every method of the store, and everything that the log asks of the rows, is a case, or has a reason not to be one.
func TestEveryQueryIsACase(t *testing.T) {
	covered := map[string]bool{}
	for _, c := range cases {
		covered[c.method] = true
	}
	store := reflect.TypeFor[*sqlstore.Store]()
	for i := range store.NumMethod() {
		name := store.Method(i).Name
		if !covered[name] && elsewhere[name] == "" {
			t.Errorf("Store.%s is no case: add one, or say why not", name)
		}
	}
	for name := range elsewhere {
		_, ok := store.MethodByName(name)
		require.True(t, ok, "%s is gone", name)
		require.False(t, covered[name], name)
	}
	for _, name := range []string{"Heads", "Find", "Cursors", "OpenConversations"} {
		require.True(t, covered[name], name)
	}
	names := map[string]bool{}
	for _, c := range cases {
		require.False(t, names[c.name], c.name)
		names[c.name] = true
	}
}

// fill makes a small database like the large one.
func fill(t *testing.T) string {
	t.Helper()
	p, err := services.StartPostgres(t.Context(), services.PostgresOptions{Args: []string{"-c", "random_page_cost=1.1", "-c", "jit=off"}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	url, err := p.NewDatabase(t.Context())
	require.NoError(t, err)
	require.NoError(t, postgres.Migrate(t.Context(), url))
	d := bench.Dataset{Tenants: 100, Conversations: 10_000, Messages: 100_000, Seed: 1, Workers: 2}
	require.NoError(t, d.Fill(t.Context(), url, nil))
	return url
}

// On 100,000 messages no query scans a large table or reads in vain; and where an index is missing, it is seen. How long calls
// take is no test's business.
func TestPlans(t *testing.T) {
	url := fill(t)
	cfg := Config{URL: url, Plans: 12, Calls: 5, Tenants: 20}
	report, err := Run(t.Context(), cfg, nil)
	require.NoError(t, err)
	require.Len(t, report.Findings, len(cases))
	require.EqualValues(t, 100_000, report.Rows.Messages)
	for i := range report.Findings {
		f := &report.Findings[i]
		require.Empty(t, f.Scans, "%s\n%s", f.Case, f.Worst)
		require.LessOrEqual(t, f.Removed, int64(wasted), "%s\n%s", f.Case, f.Worst)
		require.EqualValues(t, rounds, f.Any.All.Count)
		require.Len(t, f.Biggest.P99, rounds)
		if f.Case != "a read mark that moves nothing" && f.Case != "log: cursors" {
			require.NotEmpty(t, append(f.Indexes, f.Small...), f.Case)
		}
	}
	page := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(page, []byte("before\n"+markBegin+"old\n"+markEnd+"\nafter\n"), 0o644))
	require.NoError(t, WriteInto(page, report))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.NotContains(t, string(text), "old")
	require.Contains(t, string(text), "| inbox: first page |")
	require.True(t, strings.HasPrefix(string(text), "before\n") && strings.HasSuffix(string(text), "\nafter\n"))

	kept := filepath.Join(t.TempDir(), "explain.json")
	require.NoError(t, report.WriteJSON(kept, report.Result(cfg, time.Now())))
	results, err := bench.ReadResults(kept)
	require.NoError(t, err)
	require.Len(t, results, 1)
	require.Contains(t, results[0].Latencies, "inbox: first page (biggest tenant)")

	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `ALTER TABLE visitors DROP CONSTRAINT visitors_pkey`)
	require.NoError(t, err)
	cfg.Plans, cfg.Tenants = 1, 2
	report, err = Run(t.Context(), cfg, nil)
	require.NoError(t, err)
	problems := strings.Join(report.Problems(), "\n")
	require.Contains(t, problems, "a visitor: sequential scan of [visitors]\nSeq Scan on visitors")
	require.False(t, report.Result(cfg, time.Now()).OK)
}

// plan makes a message as auto_explain does.
func plan(t *testing.T, n map[string]any) told {
	t.Helper()
	b, err := json.Marshal(map[string]any{"Query Text": "SELECT", "Plan": n})
	require.NoError(t, err)
	p, err := parse(fmt.Sprintf("duration: 0.1 ms  plan:\n%s", b))
	require.NoError(t, err)
	return p
}

func TestFindings(t *testing.T) {
	_, err := parse("out of memory")
	require.Error(t, err)
	f := Finding{Case: "x", Goal: 50 * time.Millisecond, Any: Timing{P99: []float64{90, 3, 49, 1, 70}}, Biggest: Timing{P99: []float64{51, 51, 51, 2, 2}}}
	f.add(plan(t, map[string]any{"Node Type": "Limit", "Actual Loops": 1, "Shared Hit Blocks": 7, "Plans": []any{
		map[string]any{"Node Type": "Index Scan", "Index Name": "messages_11_pkey", "Relation Name": "messages_11", "Actual Loops": 300, "Rows Removed by Filter": 4},
		map[string]any{"Node Type": "Seq Scan", "Relation Name": "log_partitions", "Actual Loops": 1},
	}}))
	require.Equal(t, []string{"messages_pkey"}, f.Indexes)
	require.Equal(t, []string{"log_partitions"}, f.Small)
	require.Empty(t, f.Scans)
	require.EqualValues(t, 1200, f.Removed)
	require.EqualValues(t, 7, f.Buffers)
	f.add(plan(t, map[string]any{"Node Type": "Parallel Seq Scan", "Relation Name": "messages_3"}))
	require.Equal(t, []string{"messages"}, f.Scans)
	require.Contains(t, f.Worst, "Parallel Seq Scan on messages_3")
	f.add(plan(t, map[string]any{"Node Type": "Index Scan", "Actual Loops": 1, "Shared Hit Blocks": 70}))
	require.Contains(t, f.Worst, "Parallel Seq Scan", "the scan is what is shown")
	r := Report{Findings: []Finding{f}}
	problems := strings.Join(r.Problems(), "\n")
	require.Contains(t, problems, "x: sequential scan of [messages]")
	require.Contains(t, problems, "x: reads 1200 rows in vain")
	require.Contains(t, problems, "x: p99 of the biggest tenant is 51.0 ms, the goal 50 ms")
	require.Len(t, r.Problems(), 3)
}
