package confidence

// Shipped was fitted by `uniqeval -fit` on the tuning part of shopfaq.
var Shipped = Model{-4.318, 0.1357, 0.8704, 0.4576, 1.231, 1.547, 1.426, 0.1071, 0.8904, 0.8289, -0.2076, 0.9147}

// Default is where the product answers, asks back, and hands off.
var Default = Thresholds{Answer: .8, Clarify: .3}
