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

// bitext measures the built-in intents, which never saw its rows.
func (r *Runner) bitext(ctx context.Context, folder string) ([]Metric, error) {
	m, err := r.builtin(ctx)
	if err != nil {
		return nil, err
	}
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
	right, n, caught, asked, lost, others := 0, 0, 0, 0, 0, 0
	for _, e := range rows {
		person := r.asksForPerson(m, e.Text)
		switch e.Label {
		case "contact_human_agent":
			asked++
			if person {
				caught++
			} else {
				r.Log("bitext27: not caught: %s", e.Text)
			}
		case "contact_customer_service", "complaint": // may be either
		default:
			others++
			if person {
				lost++
				r.Log("bitext27: handed off: %s", e.Text)
			}
		}
		if want, ok := ours[e.Label]; ok {
			n++
			if m.Classify(e.Text, e.Vector).Label == want {
				right++
			}
		}
	}
	own, err := r.ownFolds(ctx)
	return append([]Metric{
		{Set: "bitext27", Name: "built-in intents: accuracy", Value: percent(right, n), N: n, Note: "labels mapped; no row was trained on"},
		{Set: "bitext27", Name: "asks for a person: caught", Value: percent(caught, asked), N: asked, Goal: ">= 98"},
		{Set: "bitext27", Name: "others handed off at once", Value: percent(lost, others), N: others, Goal: "<= 5"},
	}, own...), err
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
		{Set: "built-in", Name: "accuracy en", Value: percent(right[0], n[0]), N: n[0], Note: "own sentences, each fifth kept back in turn"},
		{Set: "built-in", Name: "accuracy zh", Value: percent(right[1], n[1]), N: n[1], Note: "own sentences, each fifth kept back in turn"},
	}, nil
}
