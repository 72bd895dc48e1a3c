package confidence

// Shipped was fitted by `uniqeval -fit` on the tuning part of shopfaq.
var Shipped = Model{-6}

// Default is where the product answers, asks back, and hands off.
var Default = Thresholds{Answer: .8, Clarify: .3}
