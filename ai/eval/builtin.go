package eval

import (
	"context"
	"fmt"

	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/ai/lexicon"
)

// ours maps the labels of bitext27 to the built-in intents; labels that none of ours means are left out.
var ours = map[string]string{
	"cancel_order": "cancel_order", "check_cancellation_fee": "cancel_order", "change_order": "change_order",
	"change_shipping_address": "change_address", "set_up_shipping_address": "change_address",
	"check_refund_policy": "refund", "get_refund": "refund", "track_refund": "refund", "complaint": "complaint",
	"contact_human_agent": "human", "delivery_options": "shipping", "delivery_period": "shipping",
	"get_invoice": "invoice", "check_invoice": "invoice", "payment_issue": "payment", "check_payment_methods": "payment",
	"recover_password": "account", "registration_problems": "account", "create_account": "account", "delete_account": "account",
	"edit_account": "account", "switch_account": "account", "newsletter_subscription": "account", "track_order": "order_status",
}

// insurance maps labels of NatCS to the built-in intents, as ours does. What else callers of an insurer want is none of a shop's.
var insurance = map[string]string{
	"ChangeAddress": "change_address", "CreateAccount": "account", "ResetPassword": "account", "ChangeSecurityQuestion": "account",
	"PayBill": "payment", "CheckPaymentStatus": "payment", "UpdatePaymentPreference": "payment", "ReportBillingIssue": "payment",
}

// either are labels of both sets that may ask for a person or not.
var either = map[string]bool{"contact_customer_service": true, "complaint": true, "FindAgent": true}

// bitext measures the built-in intents, which never saw its rows.
func (r *Runner) bitext(ctx context.Context, folder string) ([]Metric, error) {
	files := match(folder, "test.tsv")
	if len(files) == 0 {
		files = match(folder, "dev.tsv")
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no test.tsv or dev.tsv in %s", folder)
	}
	rows, err := r.labelled(ctx, files...)
	if err != nil {
		return nil, err
	}
	return r.untrained(ctx, "bitext27", rows, ours)
}

// untrained measures the built-in intents on rows of others: what they want, and who is handed off at once. labels are what ours are called there.
func (r *Runner) untrained(ctx context.Context, set string, rows []intent.Example, labels map[string]string) ([]Metric, error) {
	m, err := r.builtin(ctx)
	if err != nil {
		return nil, err
	}
	right, n, caught, asked, lost, others := 0, 0, 0, 0, 0, 0
	var cases []scored
	for _, e := range rows {
		person := r.asksForPerson(m, e.Text)
		switch {
		case labels[e.Label] == intent.WantsHuman:
			asked++
			if person {
				caught++
			} else {
				r.Log("%s: not caught: %s", set, e.Text)
			}
		case !either[e.Label]:
			others++
			if person {
				lost++
				r.Log("%s: handed off: %s", set, e.Text)
			}
		}
		a := m.Classify(e.Text, e.Vector)
		want, is := labels[e.Label]
		if cases = append(cases, scored{a.Known, is}); is {
			n++
			if a.Label == want {
				right++
			}
		}
	}
	out := []Metric{
		{Set: set, Name: "built-in intents: accuracy", Value: percent(right, n), Unit: "%", N: n, Note: "labels mapped; no row was trained on"},
		{Set: set, Name: "built-in intents: AUROC of what none of them means", Value: auroc(cases), N: len(cases)},
	}
	if asked > 0 {
		out = append(out, Metric{Set: set, Name: "asks for a person: caught", Value: percent(caught, asked), Unit: "%", N: asked, Goal: ">= 98"})
	}
	return append(out, Metric{Set: set, Name: "others handed off at once", Value: percent(lost, others), Unit: "%", N: others, Goal: "<= 5"}), nil
}

// ownFolds measures the built-in intents on their own sentences, each fifth kept back in turn.
func (r *Runner) ownFolds(ctx context.Context) ([]Metric, error) {
	all, err := r.withVectors(ctx, intent.Builtin())
	if err != nil {
		return nil, err
	}
	var right, n [2]int
	for k := range 5 {
		var train, test []intent.Example
		for i, e := range all {
			if i%5 == k {
				test = append(test, e)
			} else {
				train = append(train, e)
			}
		}
		m, err := intent.Train(ctx, train)
		if err != nil {
			return nil, err
		}
		for _, e := range test {
			lang := 0
			if lexicon.Chinese(e.Text) > 0 {
				lang = 1
			}
			n[lang]++
			if m.Classify(e.Text, e.Vector).Label == e.Label {
				right[lang]++
			}
		}
	}
	return []Metric{
		{Set: "built-in", Name: "accuracy en", Value: percent(right[0], n[0]), Unit: "%", N: n[0], Note: "own sentences, each fifth kept back in turn"},
		{Set: "built-in", Name: "accuracy zh", Value: percent(right[1], n[1]), Unit: "%", N: n[1], Note: "own sentences, each fifth kept back in turn"},
	}, nil
}
