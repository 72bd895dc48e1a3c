// Package confidence says how likely it is that the best chunk answers a question: a logistic model over evidence that does not come
// from any model's own claims. Its constants were fitted on the tuning part of shopfaq (docs/ai.md); Fit fits others for a tenant who
// has labelled answers.
package confidence
