package api

import (
	"fmt"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaPrefix is what names of the document's schemas stand behind.
const schemaPrefix = "#/components/schemas/"

// isUUID is what is said of an id in a path that is one.
const isUUID = "A UUID."

// objects are the properties that hold any JSON object: to huma they are any value. Those of requests that may be left away may be
// null, too.
var objects = []struct {
	property string
	nullable bool
}{
	{"AITrace.trace", false},
	{"AuditEntry.details", false},
	{"Conversation.context", false},
	{"DeliveryRequest.body", false},
	{"EditInputBody.body", false},
	{"Export.filters", false},
	{"Message.body", false},
	{"OnlineVisitor.cart", true},
	{"Person.attributes", false},
	{"SendInputBody.body", false},
	{"SentMessage.body", false},
	{"SessionInputBody.attributes", true},
	{"UpdateConversationInputBody.context", true},
	{"UpdateVisitorInputBody.attributes", true},
	{"VisitorEvent.data", false},
}

// orNulls are the properties that are an object of a type of ours, or null.
var orNulls = []string{"Conversation.last_message", "Delivery.request"}

// textOf are the answers that are text, by operation: huma takes bytes for JSON.
var textOf = map[string]string{"getTranscript": "text/plain"}

// tags are what operations are about, in the order in which somebody who is new here wants to read of them.
var tags = []*huma.Tag{
	{Name: "widget", Description: "What a visitor's page begins with."},
	{Name: "auth", Description: "How agents log in, and what they log in with."},
	{Name: "conversations", Description: "Reading, answering, handing over, closing. Live updates come over the WebSocket; see the protocol."},
	{Name: "uploads", Description: "Pictures and files that messages name."},
	{Name: "offline messages", Description: "What visitors leave when nobody is there."},
	{Name: "visitors", Description: "Who the visitors are, and who of them is there now."},
	{Name: "agents", Description: "The people who answer."},
	{Name: "teams", Description: "Groups of agents, each with a queue."},
	{Name: "routing", Description: "Who gets the next conversation."},
	{Name: "business hours", Description: "When somebody is there."},
	{Name: "promises", Description: "How soon visitors are to be answered, and who is told when they are not."},
	{Name: "canned responses", Description: "Answers that are written once."},
	{Name: "labels", Description: "What conversations are sorted by."},
	{Name: "triggers", Description: "When the widget speaks first."},
	{Name: "blocklist", Description: "Who may not write."},
	{Name: "knowledge", Description: "What answers are made of."},
	{Name: "bot", Description: "How the bot answers."},
	{Name: "AI", Description: "The engines that the bot asks, what they used, and how answers came about."},
	{Name: "mail", Description: "Mails that are sent, and to whom."},
	{Name: "webhooks", Description: "Events for your own programs, signed, tried again until they are taken."},
	{Name: "reports", Description: "Figures, as JSON or as a table."},
	{Name: "exports", Description: "Large tables, made in the background."},
	{Name: "retention", Description: "How long things are kept."},
	{Name: "audit log", Description: "Who did what."},
	{Name: "site keys", Description: "What pages are known by, and which pages those are."},
	{Name: "API tokens", Description: "Credentials of programs."},
	{Name: "tenants", Description: "The deployment's tenants: only for the operator's token."},
}

// complete says in the document what huma can't, and gives every operation examples.
func complete(doc *huma.OpenAPI) error {
	schemas := doc.Components.Schemas.Map()
	for _, o := range objects {
		p, err := propertyOf(schemas, o.property)
		if err != nil {
			return err
		}
		p.Type, p.Nullable, p.AdditionalProperties = huma.TypeObject, o.nullable, true
		p.PrecomputeMessages()
	}
	for _, s := range schemas {
		for name, p := range s.Properties {
			if p.Type == huma.TypeArray && p.Nullable && slices.Contains(s.Required, name) {
				p.Nullable = false // what has to be there is there
				p.PrecomputeMessages()
			}
		}
	}
	for _, name := range orNulls {
		p, err := propertyOf(schemas, name)
		if err != nil {
			return err
		}
		*p = huma.Schema{Description: p.Description, AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
	}
	examples, err := newExamples(doc.Components.Schemas)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	doc.Tags = tags
	for _, t := range tags {
		known[t.Name] = true
	}
	for _, op := range operationsOf(doc) {
		for _, t := range op.Tags {
			if !known[t] {
				known[t], doc.Tags = true, append(doc.Tags, &huma.Tag{Name: t})
			}
		}
		completeOperation(op)
		examples.add(op)
	}
	return examples.unused()
}

// propertyOf finds Schema.property.
func propertyOf(schemas map[string]*huma.Schema, name string) (*huma.Schema, error) {
	schema, property, _ := strings.Cut(name, ".")
	if s := schemas[schema]; s != nil && s.Properties[property] != nil {
		return s.Properties[property], nil
	}
	return nil, fmt.Errorf("the document has no property %s", name)
}

// operationsOf returns every operation of a document, by its operationId.
func operationsOf(doc *huma.OpenAPI) map[string]*huma.Operation {
	out := map[string]*huma.Operation{}
	for _, p := range doc.Paths {
		for _, op := range []*huma.Operation{p.Get, p.Post, p.Put, p.Patch, p.Delete} {
			if op != nil {
				out[op.OperationID] = op
			}
		}
	}
	return out
}

func completeOperation(op *huma.Operation) {
	for _, p := range op.Parameters {
		if p.In == "path" && (p.Schema.Description == isUUID || p.Name == "mid") {
			said := *p.Schema // what is none is found nowhere, which is not what a validator would say
			said.Format = "uuid"
			p.Schema = &said
		}
	}
	if kind := textOf[op.OperationID]; kind != "" {
		op.Responses["200"].Content = map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	if made := op.Responses["201"]; made != nil && made.Content["application/json"].Schema.Ref == schemaPrefix+"SentMessage" {
		op.Responses["200"] = &huma.Response{
			Description: "It was sent before.", Content: map[string]*huma.MediaType{"application/json": {Schema: made.Content["application/json"].Schema}},
		}
	}
}
