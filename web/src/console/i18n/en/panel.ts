export const panel = {
  title: "Visitor", why: "Why this agent", verified: "Verified", unverified: "Not verified", verifiedText: "The shop vouches for who this is.", unverifiedText: "Nobody vouches for who this is.", onlineNow: "Online now", lastSeen: "Last seen",
  email: "E-mail", phone: "Phone", externalId: "Customer no.", locale: "Language", firstSeen: "First seen", firstPage: "First page", edit: "Edit the visitor", cart: "Cart and orders", noCart: "Nothing in the cart", inCart: "In the cart", order: "Order", item: "Item", total: "Total",
  trail: "Page trail", noTrail: "No pages known", steps: { page_view: "A page", cart_updated: "Cart changed", order_placed: "Order placed", custom: "Event" }, earlier: "Earlier conversations", noEarlier: "This is the first one",
  attributes: "Attributes", noAttributes: "None yet", addAttribute: "Add an attribute", editAttribute: "Edit {name}", value: "Value", silent: "{name} did not answer within {n} s.", because: "Because this agent {reason}.", waitsSince: "Nobody has it yet. It has been waiting for {time}.", botHas: "The bot takes care of it.", nobodyHas: "Nobody has it.", has: "{name} has it.",
  reasons: { leastLoaded: "had the fewest conversations: {n} of {of}", inTurn: "was next in turn: {n} of {of}", sticky: "answered this visitor last" },
};
