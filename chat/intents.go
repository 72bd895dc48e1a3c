package chat

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// IntentID names an Intent in its rows.
type IntentID = ID[Intent]

// Intent is something that a tenant's visitors want, told by sentences that ask for it, and what its bot does then.
type Intent struct {
	ID          IntentID
	Tenant      TenantID
	Name        string // a key: no two of a tenant have the same
	Description string
	Action      string    // one of the Intent constants
	Team        TeamID    // of IntentHandoff: whose queue; zero: anybody's
	Reply       Bilingual // of IntentReply
	Examples    []string  // nil in lists
	Count       int       // of examples
	// Vectors is what whoever trains keeps of the examples, so as not to make it again. Empty in all that is read but TrainingIntents.
	Vectors              string
	CreatedAt, UpdatedAt time.Time // microsecond precision, UTC
}

// What a bot does for an intent.
const (
	IntentAnswer  = "answer"  // what it does for every question
	IntentHandoff = "handoff" // gives the conversation to people
	IntentReply   = "reply"   // says a fixed text
)

// What a tenant may have.
const (
	MaxIntents        = 100
	MaxIntentExamples = 500  // of one intent
	MaxExamples       = 5000 // of all of them
	MaxExampleLength  = 300  // characters
)

var intentName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,49}$`)

// reservedIntents are built-in intents that a bot treats in ways of their own: nobody else's can take their place.
var reservedIntents = []string{"human", "greeting", "thanks", "goodbye", "other"}

// ReservedIntent reports whether a tenant's intent can't have a name.
func ReservedIntent(name string) bool { return slices.Contains(reservedIntents, name) }

// Check brings what people set into one form, and returns Malformed, naming the field, for what can't be. What is said twice is kept once.
func (i *Intent) Check() error {
	switch {
	case !intentName.MatchString(i.Name):
		return Errorf(Malformed, "name: must be a lower-case letter, then up to 49 of a-z, 0-9, _ and -")
	case ReservedIntent(i.Name):
		return &Error{Code: Malformed, Name: "intent_reserved", Message: "name: " + i.Name + " is an intent that the bot treats in a way of its own; choose another name"}
	}
	if err := checkTexts(line{"description", &i.Description, 0, 500}, line{"reply.zh", &i.Reply.ZH, 0, 2000}, line{"reply.en", &i.Reply.EN, 0, 2000}); err != nil {
		return err
	}
	if i.Action == "" {
		i.Action = IntentAnswer
	}
	switch {
	case !slices.Contains([]string{IntentAnswer, IntentHandoff, IntentReply}, i.Action):
		return Errorf(Malformed, "action: must be answer, handoff or reply")
	case i.Action == IntentReply && i.Reply == Bilingual{}:
		return Errorf(Malformed, "reply: must have a text in zh, en or both if action is reply")
	case i.Action != IntentReply && i.Reply != Bilingual{}:
		return Errorf(Malformed, "reply: is only for the action reply")
	case i.Action != IntentHandoff && !i.Team.IsZero():
		return Errorf(Malformed, "team_id: is only for the action handoff")
	case len(i.Examples) > MaxIntentExamples:
		return Errorf(Malformed, "examples: at most %d", MaxIntentExamples)
	}
	kept, seen := make([]string, 0, len(i.Examples)), make(map[string]bool, len(i.Examples))
	for n, text := range i.Examples {
		text = strings.Join(strings.Fields(text), " ")
		switch {
		case text == "" || utf8.RuneCountInString(text) > MaxExampleLength || !isPlain(text):
			return Errorf(Malformed, "examples[%d]: must be 1 to %d characters", n, MaxExampleLength)
		case FoldQuestion(text) == "":
			return Errorf(Malformed, "examples[%d]: must have words", n)
		}
		if key := foldExample(text); !seen[key] {
			seen[key] = true
			kept = append(kept, text)
		}
	}
	i.Examples, i.Count = kept, len(kept)
	return nil
}

// foldExample is an example as it is compared with others.
func foldExample(s string) string { return strings.ToLower(FoldQuestion(s)) }

// CheckIntents judges all intents of a tenant together, each of which was checked. Malformed or Conflict names what is wrong.
func CheckIntents(all []Intent) error {
	if len(all) > MaxIntents {
		return &Error{Code: Conflict, Name: "too_many", Message: "there may be 100 intents; delete some first", Limit: MaxIntents}
	}
	names, of, n := map[string]bool{}, map[string]string{}, 0
	for i := range all {
		if names[all[i].Name] {
			return Errorf(Conflict, "there is an intent %s already", all[i].Name)
		}
		names[all[i].Name] = true
		n += len(all[i].Examples)
		for _, text := range all[i].Examples {
			key := foldExample(text)
			if other, taken := of[key]; taken {
				return &Error{Code: Conflict, Name: "example_taken", Message: "“" + text + "” is an example of " + other + " and of " + all[i].Name + "; nobody could tell them apart"}
			}
			of[key] = all[i].Name
		}
	}
	if n > MaxExamples {
		return &Error{Code: Conflict, Name: "too_many", Message: "all intents together may have 5000 examples; delete some first", Limit: MaxExamples}
	}
	return nil
}

// IntentExample is a sentence with the intent that it asks for.
type IntentExample struct {
	Text   string `json:"text" minLength:"1" maxLength:"300" doc:"A sentence as a visitor would write it, in any language."`
	Intent string `json:"intent" minLength:"1" maxLength:"50" doc:"The intent's name. One that is not there yet is made, with the action answer."`
}

// IntentState says how what a tenant's model was trained on stands to its intents.
type IntentState struct {
	Tenant   TenantID
	Revision int64 // counts changes of intents
	Trained  int64 // the last revision that a model was made of
	Holder   [16]byte
	Until    time.Time // Holder trains until then
	DueAt    time.Time // when training that is wanted begins at the earliest
	Report   *IntentReport
}

// Training reports whether somebody is at it.
func (s *IntentState) Training(now time.Time) bool {
	return s.Holder != [16]byte{} && now.Before(s.Until)
}

// IntentReport is what training has shown: how well the examples tell the intents apart, each asked of a model that had not seen it.
type IntentReport struct {
	At          time.Time `json:"at" doc:"When it was done."`
	Took        int64     `json:"took_ms" doc:"How long it took."`
	Embedder    string    `json:"embedder" doc:"Which model made the sentences' vectors; empty: none."`
	Examples    int       `json:"examples" doc:"How many sentences of yours it was trained on."`
	Builtin     int       `json:"builtin" doc:"And how many of the built-in intents, as what is none of yours. Those that say what yours say, or have your intent's name, are left out."`
	Temperature float64   `json:"temperature" doc:"What makes scores probabilities."`
	MinKnown    float64   `json:"min_known" doc:"A message that is less known than this is none of yours: 95 % of your examples that were told right are better known."`
	Accuracy    float64   `json:"accuracy" doc:"The share of your examples that were told right, 0 to 1."`
	Error       float64   `json:"calibration_error" doc:"How far probabilities are from how often they were right, on average (ECE, ten bins), 0 to 1."`
	Taken       float64   `json:"taken" doc:"The share of the built-in intents' sentences that were taken for one of yours, 0 to 1."`
	Refused     float64   `json:"refused" doc:"The share of your examples that would be left to the built-in intents, as too unlikely or too little known, 0 to 1."`

	Intents    []IntentResult    `json:"intents" nullable:"false"`
	Confusions []IntentConfusion `json:"confusions" nullable:"false" doc:"What was told wrong, the most frequent first."`
	// Covered are the built-in intents that say what the tenant's say.
	Covered []string `json:"covered" nullable:"false" doc:"Built-in intents that yours take the place of, because they say the same."`
}

// IntentResult is how one intent did.
type IntentResult struct {
	Intent   string  `json:"intent"`
	Examples int     `json:"examples"`
	Accuracy float64 `json:"accuracy" doc:"The share of its examples that were told right."`
}

// IntentConfusion is what one intent's examples were taken for.
type IntentConfusion struct {
	Intent  string `json:"intent"`
	Taken   string `json:"taken_for" doc:"Another intent, or a built-in one."`
	Builtin bool   `json:"builtin" doc:"taken_for is a built-in intent."`
	Count   int    `json:"count"`
	Example int    `json:"example" doc:"The place of one such example among its intent's, from 0, as they were when it was trained."`
}

// IntentTraining is what is kept of a training that has ended.
type IntentTraining struct {
	Revision int64
	Report   IntentReport
	Vectors  map[IntentID]string // see Intent.Vectors; those that are not in it stay as they are
}

// Encode is a report as it is kept.
func (r *IntentReport) Encode() (string, error) {
	b, err := json.Marshal(r)
	return string(b), err
}

// IntentPause is how long after a change training begins: more may follow it.
const IntentPause = 500 * time.Millisecond

// IntentStore keeps tenants' own intents. Every change makes a new revision and asks for training.
type IntentStore interface {
	// Intents lists a tenant's, by name, without their examples.
	Intents(ctx context.Context, tenant TenantID) ([]Intent, error)
	Intent(ctx context.Context, tenant TenantID, name string) (Intent, error)
	// ChangeIntents lets change alter all intents of a tenant as they are at this moment, by what it returns: those that it leaves out are
	// deleted, those without an id are new. Whatever comes of it is judged by CheckIntents; a change of nothing makes no revision. change
	// must not ask the Store.
	ChangeIntents(ctx context.Context, tenant TenantID, due time.Time, change func(all []Intent) ([]Intent, error)) error
	// IntentState is the zero state for a tenant that never had intents.
	IntentState(ctx context.Context, tenant TenantID) (IntentState, error)

	// TrainingIntents are a tenant's intents with their examples and vectors. An intent whose examples can't be read is left out.
	TrainingIntents(ctx context.Context, tenant TenantID) ([]Intent, error)
	// HoldIntents takes one training that is due, of whatever tenant, and reports whether there was one. One holder trains at a time: what the
	// others try returns Conflict.
	HoldIntents(ctx context.Context, holder [16]byte, now, until time.Time) (IntentState, bool, error)
	KeepIntents(ctx context.Context, tenant TenantID, holder [16]byte, until time.Time) error
	// FinishIntents keeps what came of a training.
	FinishIntents(ctx context.Context, tenant TenantID, holder [16]byte, t IntentTraining) error
	// ReleaseIntents lets go. If nothing was finished, it is due again then.
	ReleaseIntents(ctx context.Context, tenant TenantID, holder [16]byte, due time.Time) error
}

// RankedIntent is an intent with how likely it is.
type RankedIntent struct {
	Name        string
	Builtin     bool
	Probability float64
}

// IntentTry is what a message would be taken for, and what would be done.
type IntentTry struct {
	Ranked      []RankedIntent // the likeliest first
	Chosen      string
	Builtin     bool // Chosen is a built-in intent
	Probability float64
	// Known is how near the message is to what Chosen's model knows, OwnKnown how near to the tenant's, and MinKnown how near to that it must be to be one
	// of the tenant's. The last two are 0 if the tenant has none.
	Known, OwnKnown, MinKnown float64
	Sure                      bool   // likely enough for what the tenant's intent does
	Guard                     string // why only a person may answer, whatever is wanted; empty: that is not so
	Action                    string // what would be done: one of the Intent constants
	Team                      TeamID
	Reply                     Bilingual
	Trained                   int64 // the revision of the tenant's intents that was asked; 0: none
}

// IntentBase tells what messages want. Safe for concurrent use.
type IntentBase interface {
	// TryIntent asks what a message would be taken for.
	TryIntent(ctx context.Context, tenant TenantID, text string) (IntentTry, error)
	// IntentsChanged takes in that a tenant's intents were changed, and tells the other nodes.
	IntentsChanged(ctx context.Context, tenant TenantID)
}
