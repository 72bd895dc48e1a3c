package api

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
)

// Intent is something that a tenant's visitors want, and what the bot does then.
type Intent struct {
	Name        string         `json:"name" doc:"Its key."`
	Description string         `json:"description"`
	Action      string         `json:"action" enum:"answer,handoff,reply" doc:"What the bot does: answer as it answers every question, hand the conversation to people, or reply with a fixed text. The last two only if the message is surely meant so."`
	TeamID      *string        `json:"team_id" nullable:"true" format:"uuid" doc:"Of handoff: whose queue. null: anybody's."`
	Reply       chat.Bilingual `json:"reply" doc:"Of reply: what is said, in the visitor's language if it is there."`
	Examples    []string       `json:"examples,omitempty" doc:"Sentences that ask for it. Not in lists."`
	Count       int            `json:"examples_count"`
	CreatedAt   time.Time      `json:"created_at"`
	UpdatedAt   time.Time      `json:"updated_at"`
}

func showIntent(i *chat.Intent) Intent {
	return Intent{
		Name: i.Name, Description: i.Description, Action: i.Action, TeamID: idOrNull(i.Team), Reply: i.Reply, Examples: i.Examples, Count: i.Count,
		CreatedAt: i.CreatedAt.UTC(), UpdatedAt: i.UpdatedAt.UTC(),
	}
}

// IntentTarget names an intent in the path.
type IntentTarget struct {
	Name string `path:"name" maxLength:"50" doc:"The intent's name."`
}

func (a *API) listIntents(ctx context.Context, c *call, in *listInput) (*answer[List[Intent]], error) {
	all, err := a.cfg.Store.Intents(ctx, c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	return pageOf(all, in, func(i *chat.Intent) string { return i.Name }, showIntent)
}

func (a *API) getIntent(ctx context.Context, c *call, in *IntentTarget) (*answer[Intent], error) {
	i, err := a.cfg.Store.Intent(ctx, c.actor().Tenant, in.Name)
	if err != nil {
		return nil, err
	}
	return ok(showIntent(&i))
}

// changeIntents changes a tenant's intents and has them trained.
func (a *API) changeIntents(ctx context.Context, c *call, change func(all []chat.Intent) ([]chat.Intent, error)) error {
	tenant := c.actor().Tenant
	if err := a.cfg.Store.ChangeIntents(ctx, tenant, a.now().Add(chat.IntentPause), change); err != nil {
		return err
	}
	if a.cfg.AI.Intents != nil {
		a.cfg.AI.Intents.IntentsChanged(ctx, tenant)
	}
	return nil
}

type putIntentInput struct {
	IntentTarget
	Body struct {
		Description string         `json:"description,omitempty" maxLength:"500"`
		Action      string         `json:"action,omitempty" enum:"answer,handoff,reply" doc:"Defaults to answer."`
		TeamID      string         `json:"team_id,omitempty" format:"uuid" doc:"Of handoff: whose queue. Anybody's by default."`
		Reply       chat.Bilingual `json:"reply,omitzero" doc:"Of reply: what is said. The other language's text is used if one is missing."`
		Examples    []string       `json:"examples" nullable:"false" maxItems:"500" doc:"Sentences that ask for it, in any language, 1 to 300 characters each; all intents together have 5000 at most. Ten teach something, fifty teach much. No two intents have the same."`
	}
}

func (a *API) putIntent(ctx context.Context, c *call, in *putIntentInput) (*answer[Intent], error) {
	b, tenant := &in.Body, c.actor().Tenant
	next := chat.Intent{Tenant: tenant, Name: in.Name, Description: b.Description, Action: b.Action, Reply: b.Reply, Examples: b.Examples, CreatedAt: a.now(), UpdatedAt: a.now()}
	if b.TeamID != "" {
		if err := a.checkTeam(ctx, tenant, b.TeamID); err != nil {
			return nil, err
		}
		var err error
		if next.Team, err = chat.ParseID[chat.Team](b.TeamID); err != nil {
			return nil, chat.Errorf(chat.Malformed, "team_id: must be a UUID")
		}
	}
	if err := next.Check(); err != nil {
		return nil, err
	}
	err := a.changeIntents(ctx, c, func(all []chat.Intent) ([]chat.Intent, error) {
		for i := range all {
			if old := &all[i]; old.Name == next.Name {
				next.ID, next.CreatedAt = old.ID, old.CreatedAt
				all[i] = next
				return all, nil
			}
		}
		return append(all, next), nil
	})
	if err != nil {
		return nil, err
	}
	i, err := a.cfg.Store.Intent(ctx, tenant, next.Name)
	if err != nil {
		return nil, err
	}
	return ok(showIntent(&i))
}

func (a *API) deleteIntent(ctx context.Context, c *call, in *IntentTarget) (*none, error) {
	return nil, a.changeIntents(ctx, c, func(all []chat.Intent) ([]chat.Intent, error) {
		for i := range all {
			if all[i].Name == in.Name {
				return append(all[:i], all[i+1:]...), nil
			}
		}
		return nil, chat.Errorf(chat.NotFound, "there is no such intent")
	})
}

type importIntentsInput struct {
	Body struct {
		Examples []chat.IntentExample `json:"examples" nullable:"false" minItems:"1" maxItems:"2000" doc:"All are taken, or none."`
	}
}

// IntentImport is what became of imported examples.
type IntentImport struct {
	Added   int      `json:"added"`
	Known   int      `json:"known" doc:"How many were there already."`
	Created []string `json:"created" nullable:"false" doc:"Intents that were made for them."`
}

func (a *API) importIntents(ctx context.Context, c *call, in *importIntentsInput) (*answer[IntentImport], error) {
	var out IntentImport
	err := a.changeIntents(ctx, c, func(all []chat.Intent) ([]chat.Intent, error) {
		out = IntentImport{Created: []string{}}
		at, before := map[string]int{}, 0
		for i := range all {
			at[all[i].Name] = i
			before += len(all[i].Examples)
		}
		for _, e := range in.Body.Examples {
			i, is := at[e.Intent]
			if !is {
				i = len(all)
				at[e.Intent] = i
				all = append(all, chat.Intent{Tenant: c.actor().Tenant, Name: e.Intent, CreatedAt: a.now()})
				out.Created = append(out.Created, e.Intent)
			}
			all[i].Examples = append(all[i].Examples, e.Text)
			all[i].UpdatedAt = a.now()
		}
		after := 0
		for i := range all {
			if err := all[i].Check(); err != nil {
				return nil, ofIntent(all[i].Name, err)
			}
			after += len(all[i].Examples)
		}
		out.Added, out.Known = after-before, len(in.Body.Examples)-(after-before)
		return all, nil
	})
	if err != nil {
		return nil, err
	}
	return ok(out)
}

// ofIntent names the intent that an error is about.
func ofIntent(name string, err error) error {
	var e *chat.Error
	if !errors.As(err, &e) {
		return err
	}
	named := *e
	named.Message = "intent " + name + ": " + e.Message
	return &named
}

// IntentTraining says how training stands to the intents.
type IntentTraining struct {
	State    string             `json:"state" enum:"none,waiting,training,ready" doc:"none: there never was an intent. waiting, training: what was changed last is not in use yet, what was before is."`
	Revision int64              `json:"revision" doc:"Counts changes of intents."`
	Trained  int64              `json:"trained_revision" doc:"The revision that the model in use was trained of; 0: there is none."`
	Report   *chat.IntentReport `json:"report,omitempty" doc:"Not there before the first training. How well the examples tell the intents apart: each was asked of a model that had not seen it."`
	Mistakes []IntentMistake    `json:"mistakes" nullable:"false" doc:"The report's confusions with the sentences they were about, as long as no intent was changed since."`
}

// IntentMistake is a sentence that was told wrong.
type IntentMistake struct {
	Text     string `json:"text"`
	Intent   string `json:"intent"`
	TakenFor string `json:"taken_for"`
	Builtin  bool   `json:"builtin" doc:"taken_for is a built-in intent."`
	Count    int    `json:"count" doc:"How many of the intent's examples were taken for that; this is one."`
}

// mostMistakes is how many are told.
const mostMistakes = 20

func (a *API) getIntentTraining(ctx context.Context, c *call, _ *none) (*answer[IntentTraining], error) {
	tenant := c.actor().Tenant
	st, err := a.cfg.Store.IntentState(ctx, tenant)
	if err != nil {
		return nil, err
	}
	out := IntentTraining{State: "ready", Revision: st.Revision, Trained: st.Trained, Report: st.Report, Mistakes: []IntentMistake{}}
	switch {
	case st.Revision == 0:
		out.State = "none"
	case st.Training(a.now()):
		out.State = "training"
	case st.Trained < st.Revision:
		out.State = "waiting"
	}
	if st.Report == nil || st.Trained < st.Revision {
		return ok(out)
	}
	examples := map[string][]string{}
	for _, f := range st.Report.Confusions[:min(len(st.Report.Confusions), mostMistakes)] {
		if _, read := examples[f.Intent]; !read {
			i, err := a.cfg.Store.Intent(ctx, tenant, f.Intent)
			if err != nil && chat.CodeOf(err) != chat.NotFound {
				return nil, err
			}
			examples[f.Intent] = i.Examples
		}
		if all := examples[f.Intent]; f.Example < len(all) {
			out.Mistakes = append(out.Mistakes, IntentMistake{all[f.Example], f.Intent, f.Taken, f.Builtin, f.Count})
		}
	}
	return ok(out)
}

type tryIntentInput struct {
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"2000" doc:"A message as a visitor would write it."`
	}
}

// IntentGuess is an intent with how likely it is.
type IntentGuess struct {
	Intent      string  `json:"intent"`
	Builtin     bool    `json:"builtin" doc:"It is a built-in intent."`
	Probability float64 `json:"probability" doc:"Calibrated: of messages with .8 about 80 % are meant so. All add up to 1."`
}

// IntentTest is what a message would be taken for, and what would be done.
type IntentTest struct {
	Intent      string         `json:"intent" doc:"What it would be taken for."`
	Builtin     bool           `json:"builtin"`
	Probability float64        `json:"probability"`
	OutOfScope  float64        `json:"out_of_scope" doc:"0: it is like what its intent is taught by; 1: nothing is like it."`
	OwnUnknown  *float64       `json:"own_out_of_scope" nullable:"true" doc:"The same for the tenant's intents; null if there are none."`
	MaxUnknown  *float64       `json:"own_out_of_scope_max" nullable:"true" doc:"A message that is farther than this is none of the tenant's intents."`
	Sure        bool           `json:"sure" doc:"Likely enough for what its intent does: from a probability of .7 on."`
	Guard       *string        `json:"guard" nullable:"true" enum:"human,anger,legal,safety,fraud" doc:"Why only a person may answer, whatever is wanted."`
	Action      string         `json:"action" enum:"answer,handoff,reply" doc:"What the bot would do."`
	TeamID      *string        `json:"team_id" nullable:"true" format:"uuid"`
	Reply       chat.Bilingual `json:"reply"`
	Ranked      []IntentGuess  `json:"ranked" nullable:"false" maxItems:"10" doc:"The ten likeliest."`
	Trained     int64          `json:"trained_revision" doc:"The revision of the tenant's intents that was asked; 0: none."`
}

// mostRanked is how many intents are told.
const mostRanked = 10

func (a *API) tryIntent(ctx context.Context, c *call, in *tryIntentInput) (*answer[IntentTest], error) {
	if a.cfg.AI.Intents == nil {
		return nil, errNoAI
	}
	t, err := a.cfg.AI.Intents.TryIntent(ctx, c.actor().Tenant, in.Body.Text)
	if err != nil {
		return nil, err
	}
	out := IntentTest{
		Intent: t.Chosen, Builtin: t.Builtin, Probability: t.Probability, OutOfScope: 1 - t.Known, Sure: t.Sure, Guard: orNull(t.Guard), Action: t.Action,
		TeamID: idOrNull(t.Team), Reply: t.Reply, Ranked: make([]IntentGuess, min(len(t.Ranked), mostRanked)), Trained: t.Trained,
	}
	if t.Trained > 0 {
		own, most := 1-t.OwnKnown, 1-t.MinKnown
		out.OwnUnknown, out.MaxUnknown = &own, &most
	}
	for i := range out.Ranked {
		out.Ranked[i] = IntentGuess{t.Ranked[i].Name, t.Ranked[i].Builtin, t.Ranked[i].Probability}
	}
	return ok(out)
}

// examplesRoom is how large a request may be that holds sentences.
const examplesRoom = 4 * maxBody

// bindExamples is bind for routes that take many sentences.
func bindExamples[I, O any](a *API, fn func(context.Context, *call, *I) (*O, error)) func(huma.API, huma.Operation) {
	return func(h huma.API, op huma.Operation) {
		op.MaxBodyBytes = examplesRoom
		bind(a, fn)(h, op)
	}
}
