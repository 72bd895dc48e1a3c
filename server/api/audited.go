package api

import (
	"fmt"
	"net/http"
)

// audited says of every operation that changes something which entry of the audit log tells of it; notAudited says why none does. An
// operation that is in neither stops the start. The document shows it (x-audit-action), and the test of the permissions wants
// to see the entry.
//
// The store writes entries in the transaction of the change, so nothing is done here: this is the promise, not the mechanism.
var audited = map[string]string{
	"login": "auth.login", "logout": "auth.logout", "changePassword": "agent.password_changed", "completeChallenge": "auth.login",
	"enrolSecondFactor": "totp.enrolled", "confirmSecondFactor": "totp.enabled", "disableSecondFactor": "totp.disabled",

	"createAgent": "agent.created", "updateAgent": "agent.updated",
	"createTeam": "team.created", "updateTeam": "team.updated", "deleteTeam": "team.deleted",
	"createAPIToken": "api_token.created", "revokeAPIToken": "api_token.revoked",
	"createSiteKey": "site_key.created", "updateSiteKey": "site_key.updated", "deleteSiteKey": "site_key.deleted", "rotateSecret": "site_key.updated",
	"createTenant": "tenant.created", "updateTenant": "tenant.updated",

	"createCannedResponse": "canned_response.created", "updateCannedResponse": "canned_response.updated", "deleteCannedResponse": "canned_response.deleted",
	"createLabel": "label.created", "updateLabel": "label.updated", "deleteLabel": "label.deleted",
	"createBusinessHours": "business_hours.created", "updateBusinessHours": "business_hours.updated", "deleteBusinessHours": "business_hours.deleted",
	"createTrigger": "trigger.created", "updateTrigger": "trigger.updated", "deleteTrigger": "trigger.deleted",
	"createBlock": "block.created", "updateBlock": "block.updated", "deleteBlock": "block.deleted",
	"updateRouting": "routing.created or routing.updated", "resetRouting": "routing.deleted",
	"updateRetention": "retention.created or retention.updated", "resetRetention": "retention.deleted",

	"createWebhook": "webhook.created", "updateWebhook": "webhook.updated", "deleteWebhook": "webhook.deleted",
	"inviteAgent": "agent.invited", "acceptInvite": "agent.password_changed", "confirmPasswordReset": "agent.password_changed",
	"updateMailSettings": "mail.created or mail.updated", "resetMailSettings": "mail.deleted",
	"createExport": "export.created", "deleteExport": "export.deleted",
	"createSLA": "sla.created", "updateSLA": "sla.updated", "deleteSLA": "sla.deleted",

	"createDocument": "knowledge_document.created", "updateDocument": "knowledge_document.updated", "deleteDocument": "knowledge_document.deleted",
	"createGoldenQuestion": "golden_question.created", "updateGoldenQuestion": "golden_question.updated", "deleteGoldenQuestion": "golden_question.deleted",
	"reindexKnowledge": "knowledge.reindexed", "rollBackKnowledge": "knowledge.rolled_back", "planKnowledgeCanary": "knowledge.canary_planned", "promoteKnowledgeCanary": "knowledge.canary_promoted", "dismissUnanswered": "unanswered.dismissed",

	"updateBot": "bot.created or bot.updated", "resetBot": "bot.deleted",
	"createAIEngine": "ai_engine.created", "updateAIEngine": "ai_engine.updated", "deleteAIEngine": "ai_engine.deleted",

	"putIntent": "intent.created or intent.updated", "deleteIntent": "intent.deleted", "importIntentExamples": "intent.created or intent.updated",

	"updateVisitor": "visitor.updated", "eraseVisitor": "visitor.erased",

	"rotateWebhookSecret": "webhook.updated", "testWebhook": "webhook.tested", "replayDelivery": "webhook.replayed",
}

// Why the audit log does not tell of an operation.
const (
	inConversation = "the conversation's own log tells who did it"
	onlyAsked      = "nothing is written; what engines used is counted, and a trace tells how it came about"
	noChange       = "it changes nothing that anybody would ask about"
)

var notAudited = map[string]string{
	"openWidgetSession": "a visitor's; what it says anew while a conversation is open is an entry of the person's", "refresh": "it goes on with a log-in; reuse is an entry",
	"sendMessage": inConversation, "editMessage": inConversation, "recallMessage": inConversation, "addNote": inConversation,
	"acceptConversation": inConversation, "assignConversation": inConversation, "transferConversation": inConversation,
	"closeConversation": inConversation, "reopenConversation": inConversation, "updateConversation": inConversation,
	"snoozeConversation": inConversation, "labelConversation": inConversation, "handOffConversation": inConversation,
	"rateConversation": inConversation, "readConversation": noChange, exportByPost: "it reads, as GET does",
	"requestPasswordReset": "a wish, of nobody knows whom; a password that is chosen is an entry", "mailTranscript": "the list of mails tells",
	"leaveOfflineMessage": inConversation, "finishOfflineMessage": "the message says who has seen to it",
	"testAIEngine": "what it used is counted", "testIntent": "nothing is written", "askAI": onlyAsked, "suggestAnswers": onlyAsked, "summarizeConversation": onlyAsked,
	"noteUnanswered": "the list of questions tells", "uploadFile": inConversation, "deleteUpload": "only what no message names", "linkUpload": noChange,
}

// auditAction returns what the audit log tells of an operation; "" if nothing.
func (r *row) auditAction() (string, error) {
	action, why := audited[r.id], notAudited[r.id]
	if r.method != http.MethodGet && action == "" && why == "" {
		return "", fmt.Errorf("route %s %s changes something: say in audited.go what the audit log tells of %s", r.method, r.path, r.id)
	}
	return action, nil
}
