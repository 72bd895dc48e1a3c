package bench

// verify judges the whole run: nothing lost, nothing twice, both sides in the same order.
func (r *chatRun) verify() error {
	var lost, doubled, reordered, unacked, order, checked float64
	for _, h := range r.homes {
		err := h.loop.Call(r.ctx, func() {
			for _, p := range h.pairs {
				if !p.up {
					continue
				}
				for i := range p.sides {
					d := &p.sides[i]
					lost += float64(d.sent - d.refused - min(d.got.count(), d.sent-d.refused))
					unacked += float64(d.sent - d.refused - min(d.acked, d.sent-d.refused))
					doubled += float64(d.doubled)
					reordered += float64(d.reordered)
				}
				if p.bases[0] != p.bases[1] {
					continue // one side was away during the greeting
				}
				checked++
				if p.views[0].Last != p.views[1].Last || p.views[0].Sum != p.views[1].Sum {
					order++
				}
			}
		})
		if err != nil {
			return r.why(err)
		}
	}
	f := r.res.Figures
	f["sent"], f["delivered"] = float64(r.sent.Load()), float64(r.delivered.Load())
	f["lost"], f["doubled"], f["reordered"], f["unacknowledged"] = lost, doubled, reordered, unacked
	f["different_order"], f["orders_compared"] = order, checked
	for name, n := range map[string]float64{
		"messages that never arrived": lost, "messages that came twice": doubled, "messages that were never acknowledged": unacked,
		"conversations that differ between their two sides": order,
	} {
		if n > 0 {
			r.problem("%.0f %s", n, name)
		}
	}
	return nil
}
