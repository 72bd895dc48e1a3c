package confidence

// Shipped was fitted by `uniqeval -fit` on the tuning part of shopfaq.
var Shipped = Model{-3.263, 0.003611, 0.7468, 0.4448, 0.6889, 1.312, 1.317, 0.3115, 0.31, 0.5556, -0.2252, 0.5738, 1.086}

// Default is where the product answers, asks back, and hands off.
var Default = Thresholds{Answer: .8, Clarify: .3}
