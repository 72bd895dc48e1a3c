// Package storagetest is the one conformance suite that every driver of chat.Log and chat.Store passes.
//
// It owns the meaning of the interfaces' promises. It never looks inside a driver.
package storagetest

import (
	"testing"

	"github.com/uniqchat/uniqchat/chat"
)

// Backend is one opened storage, running until Stop.
type Backend struct {
	Log    chat.Log
	Store  chat.Store
	Broker chat.Broker
	Stop   func()
	// Settle waits until the rows hold everything that was appended. Nil where they always do.
	Settle func(t *testing.T)
	// Index waits until everything that the rows hold can be searched for. Nil where it always can.
	Index func(t *testing.T)
}

// Open opens the same storage again and again within one test: what was kept is there again.
type Open func(t *testing.T) Backend

// Factory makes a fresh, empty storage for one test.
type Factory func(t *testing.T) Open

// Run runs the suite against a driver.
func Run(t *testing.T, f Factory) {
	for _, test := range []struct {
		name string
		fn   func(*testing.T, *suite)
	}{
		{"Append", testAppend},
		{"Dedupe", testDedupe},
		{"DedupeAfterReopen", testDedupeAfterReopen},
		{"SameMessageFromManyAtOnce", testRace},
		{"CMIDConflict", testCMIDConflict},
		{"PrevPerAudience", testPrev},
		{"CompareAndAppend", testCompareAndAppend},
		{"TwoAgentsOneConversation", testTwoRacers},
		{"OneOpenConversation", testOneOpen},
		{"JoinedGroups", testJoined},
		{"OneRefusedOfMany", testOneRefused},
		{"UnknownConversation", testUnknown},
		{"TenantsShareNothing", testTenants},
		{"Resume", testResume},
		{"Tail", testTail},
		{"Pages", testPages},
		{"Lists", testLists},
		{"Marks", testMarks},
		{"Refresh", testRefresh},
		{"Agents", testAgents},
		{"Settings", testSettings},
		{"CreateTenant", testCreateTenant},
		{"Queue", testQueue},
		{"Broker", testBroker},
		{"RetriedState", testRetriedState},
		{"Cancelled", testCancelled},
		{"SlowTail", testSlowTail},
		{"Shown", testShown},
		{"Unread", testUnread},
		{"RefreshRace", testRefreshRace},
		{"RefreshAgain", testRefreshAgain},
		{"RefreshAgainRace", testRefreshAgainRace},
		{"APITokens", testAPITokens},
		{"SecondFactors", testSecondFactors},
		{"Attempts", testAttempts},
		{"SetPassword", testSetPassword},
		{"SiteKeys", testSiteKeys},
		{"DeleteTeam", testDeleteTeam},
		{"ListsLikeAModel", testListModel},
		{"Fields", testFields},
		{"LabelList", testLabelList},
		{"Asleep", testAsleep},
		{"PriorityQueue", testPriorityQueue},
		{"Records", testRecords},
		{"Search", testSearch},
		{"SearchHostile", testSearchHostile},
		{"SearchLikeAModel", testSearchModel},
		{"Uploads", testUploads},
		{"UploadOwners", testUploadOwners},
		{"UploadQuota", testUploadQuota},
		{"StaleUploads", testStaleUploads},
		{"UploadRaces", testUploadRaces},
		{"Revised", testRevised},
		{"People", testPeople},
		{"ChangePerson", testChangePerson},
		{"Trail", testTrail},
		{"Erasures", testErasures},
		{"Erase", testErase},
		{"AuditActs", testAuditActs},
		{"AuditRollsBack", testAuditRollsBack},
		{"AuditList", testAuditList},
		{"AuditPrune", testAuditPrune},
		{"AuditRace", testAuditRace},
		{"Retention", testRetention},
		{"RetentionTakesAll", testRetentionTakesAll},
		{"RetentionLong", testRetentionLong},
		{"RetentionAges", testRetentionAges},
		{"RetentionJob", testRetentionJob},
		{"ExportsGo", testExportsGo},
		{"Webhooks", testWebhooks},
		{"Outbox", testOutbox},
		{"OutboxRace", testOutboxRace},
		{"Deliveries", testDeliveries},
		{"Replay", testReplay},
		{"Breaker", testBreaker},
		{"EventData", testEventData},
		{"Contacts", testContacts},
		{"Forget", testForget},
		{"Onces", testOnces},
		{"OnceOfMany", testOnceOfMany},
		{"Reports", testReports},
		{"MailQueue", testMailQueue},
		{"MailRace", testMailRace},
		{"MailLinks", testMailLinks},
		{"MailLinkEnds", testMailLinkEnds},
		{"MailRequests", testMailRequests},
		{"OfflineMessages", testOfflineMessages},
		{"SLATimers", testSLATimers},
		{"ChangesAtOnce", testChangesAtOnce},
		{"Announce", testAnnounce},
		{"Knowledge", testKnowledge},
		{"Unanswered", testUnanswered},
		{"KnowledgeBuilds", testKnowledgeBuilds},
		{"KnowledgeCanary", testKnowledgeCanary},
		{"KnowledgeUsed", testKnowledgeUsed},
		{"BotJobs", testBotJobs},
		{"BotJobEnds", testBotJobEnds},
		{"BotJobShares", testBotJobShares},
		{"AIEngines", testAIEngines},
		{"AITraces", testAITraces},
		{"AITracesGo", testAITracesGo},
		{"AIMeter", testAIMeter},
		{"Intents", testIntents},
		{"IntentTraining", testIntentTraining},
	} {
		t.Run(test.name, func(t *testing.T) {
			open := f(t)
			s := &suite{t: t, open: open, tenant: chat.NewID[chat.Tenant]()}
			s.use(open(t))
			defer func() { s.Stop() }()
			test.fn(t, s)
			s.provenAudit()
		})
	}
}

type suite struct {
	Backend
	t      *testing.T
	open   Open
	tenant chat.TenantID
}

func (s *suite) reopen() {
	s.Stop()
	s.use(s.open(s.t))
	if s.Settle != nil { // before a test asks what time it is, to read what is due by then
		s.Settle(s.t)
	}
}

// use makes a backend the suite's. Its rows are read once they hold what the log does: how long that takes is no promise.
func (s *suite) use(b Backend) {
	s.Backend = b
	if b.Settle != nil {
		s.Store = settled{b.Store, func() { b.Settle(s.t) }, func() { b.Index(s.t) }}
	}
}
